import Glibc
import Platform

/// A directory of its own, removed with the value.
package final class TemporaryDirectory: Sendable {
  package let path: String

  /// - Parameter parent: where it is made.
  package init(in parent: String = "/tmp") {
    var template = Array("\(parent)/sccache-tests-XXXXXX".utf8CString)
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

  /// The path of what has that name in it.
  package func callAsFunction(_ name: String) -> String { path + "/" + name }

  /// Writes a file, with the directories above it; gives its path.
  @discardableResult
  package func write(_ name: String, _ bytes: [UInt8], mode: UInt32 = 0o644) throws -> String {
    let target = self(name)
    try Files.makeDirectories(Path.directory(of: target), mode: 0o755)
    let file = try Descriptor.open(target, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
    try file.write(bytes, path: target)
    return target
  }

  @discardableResult
  package func write(_ name: String, _ text: String, mode: UInt32 = 0o644) throws -> String {
    try write(name, Array(text.utf8), mode: mode)
  }
}

/// By how many a call raises the number of descriptors that this process has open: the least of some runs, since
/// tests beside this one open and close theirs meanwhile.
package func descriptorGrowth(_ call: () throws -> Void) rethrows -> Int {
  func open() -> Int { Files.names(in: "/proc/self/fd")?.count ?? 0 }
  var least = Int.max
  for _ in 0..<10 where least > 0 {
    let before = open()
    try call()
    least = min(least, open() - before)
  }
  return least
}
