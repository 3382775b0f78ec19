import Glibc
import Platform

/// A directory of its own, removed with the value.
final class TemporaryDirectory: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/sccache-tests-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
  }

  deinit {
    remove(path)
  }

  private func remove(_ path: String) {
    for name in Files.names(in: path) ?? [] {
      let inner = path + "/" + name
      if FileStamp.ofLink(path: inner)?.isDirectory ?? false {
        remove(inner)
      } else {
        unlink(inner)
      }
    }
    rmdir(path)
  }

  func callAsFunction(_ name: String) -> String { path + "/" + name }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8], mode: UInt32 = 0o644) throws -> String {
    let target = self(name)
    let file = try Descriptor.open(target, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
    try file.write(bytes, path: target)
    return target
  }

  @discardableResult
  func write(_ name: String, _ text: String, mode: UInt32 = 0o644) throws -> String {
    try write(name, Array(text.utf8), mode: mode)
  }
}

/// How many descriptors this process has open.
func openDescriptors() -> Int { Files.names(in: "/proc/self/fd")?.count ?? 0 }

extension String {
  var bytes: [UInt8] { Array(utf8) }
}
