import Glibc
import Platform

/// The same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  /// Bytes that compress well.
  mutating func text(_ count: Int) -> [UInt8] {
    let words = ["alpha ", "beta ", "gamma\n", "delta ", "0123456789 "].map { Array($0.utf8) }
    var result: [UInt8] = []
    while result.count < count {
      result += words[Int(truncatingIfNeeded: next() % UInt64(words.count))]
    }
    return Array(result.prefix(count))
  }
}

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
