import Compilers
import Glibc
import Platform
import Synchronization

/// The crates with which a compiled crate was made, by its own account: rustc reads the metadata of all of
/// them where one of them is used.
final class CrateDependencies: Sendable {
  private struct Known: Sendable {
    var stamp: FileStamp
    var stems: [String]
  }

  private let known = Mutex<[String: Known]>([:])
  /// Crates of some workspaces; beyond this all is forgotten.
  private static let limit = 20_000

  /// `NAME-HASH` each, as their files are named; nil when rustc doesn't tell. Those of the standard
  /// library are among them.
  ///
  /// - Parameter path: an rlib or metadata, absolute.
  func stems(of path: String, _ toolchain: RustToolchain, _ call: Call) -> [String]? {
    guard let stamp = FileStamp(path: path) else { return nil }
    if let known = known.withLock({ $0[path] }), known.stamp == stamp { return known.stems }
    let program = "\(toolchain.sysroot)/bin/rustc"
    // The question is one for nightly compilers, which any one answers to whom this variable is set.
    let environment = call.environment.variables(
      running: program, setting: [Array("RUSTC_BOOTSTRAP=1".utf8)])
    guard
      let result = try? Spawn.run(
        program, ["-Z", "ls=root", path], environment: environment, directory: call.directory,
        timeoutSeconds: 60, outputLimit: 4 << 20),
      result.isSuccess, let stems = Self.stems(in: String(decoding: result.output, as: UTF8.self)),
      FileStamp(path: path) == stamp
    else { return nil }
    known.withLock { known in
      if known.count >= Self.limit { known.removeAll() }
      known[path] = Known(stamp: stamp, stems: stems)
    }
    return stems
  }

  /// Of lines `NUMBER NAME-HASH hash …` behind a heading; nil without the heading.
  static func stems(in text: String) -> [String]? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let heading = lines.firstIndex(of: "=External Dependencies=") else { return nil }
    var stems: [String] = []
    for line in lines[(heading + 1)...] {
      let words = line.split(separator: " ")
      guard words.count >= 3, Int(words[0]) != nil, words[2] == "hash" else { break }
      stems.append(String(words[1]))
    }
    return stems
  }
}
