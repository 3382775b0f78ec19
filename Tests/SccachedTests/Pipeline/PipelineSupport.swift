import Glibc
import Platform

@testable import sccached

/// A directory of its own, removed with the value.
final class ScratchDirectory: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/sccached-tests-XXXXXX".utf8CString)
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
  func write(_ name: String, _ text: String, mode: UInt32 = 0o644) throws -> String {
    let target = self(name)
    try Files.makeDirectories(Path.directory(of: target), mode: 0o755)
    let file = try Descriptor.open(target, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
    try file.write(Array(text.utf8), path: target)
    return target
  }

  /// Long enough for a stamp to be settled.
  func settle() { usleep(30_000) }
}

extension RequestEnvironment {
  init(_ variables: String...) {
    self.init(variables: variables.map { Array($0.utf8) })
  }
}

/// Runs a body on a thread of its own; the result when it comes within half a minute.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) -> Monitor<Result?> {
  let result = Monitor<Result?>(nil)
  _ = startThread {
    let value = body()
    result.change { $0 = value }
  }
  return result
}

extension Monitor {
  func awaited<Wrapped>() -> Wrapped? where Value == Wrapped? {
    wait(until: Clock.monotonic + 30_000_000_000) { $0 }
  }
}
