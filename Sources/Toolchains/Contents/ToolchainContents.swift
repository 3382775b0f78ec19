package import Compilers
import Platform

/// All that a compiler needs to compile preprocessed C or C++ elsewhere.
///
/// What belongs to it is what `sccache --package-toolchain` of Mozilla's 0.16 packs, and where a
/// compile in the unpacked tree needs more, that: clang's lists for sanitizers, its configuration
/// files, and links to libraries that only this machine's cache finds.
package struct ToolchainContents: Sendable, Equatable {
  /// The compiler as the client calls it, and its sibling for the other one of C and C++ where
  /// there is one with the same parts; absolute, sorted.
  package var programs: [String]
  /// Directories, then files, then links, each sorted by the bytes of their paths.
  package var entries: [ToolchainEntry]

  /// For contents that were gathered in another way; the caller keeps to the order.
  package init(programs: [String], entries: [ToolchainEntry]) {
    self.programs = programs
    self.entries = entries
  }

  /// Bytes of content of all files.
  package var size: Int64 { entries.reduce(0) { $0 + $1.size } }

  /// No file of it was replaced or removed since, and no link leads elsewhere. A file that newly
  /// appears (specs) does not show; who remembers contents asks again when the identity of the
  /// compiler changes.
  package var isInPlace: Bool {
    entries.allSatisfy { entry in
      switch entry.kind {
      case .directory, .link(_, isAdded: true): true
      case .file(let stamp): FileStamp.ofLink(path: entry.path) == stamp
      case .link(let text, isAdded: false): (try? ToolchainTree.readLink(entry.path)) == text
      }
    }
  }

  /// Asks a compiler what belongs to it; blocks for some tens of milliseconds.
  ///
  /// - Parameters:
  ///   - program: the compiler as it is called, absolute, symbolic links kept.
  ///   - arguments: options that choose its programs and files (`-B`, `--sysroot`, `-m32`).
  ///   - environment: `NAME=value` each, of the caller: PATH, COMPILER_PATH and others choose too.
  ///   - directory: of the caller; absolute.
  /// - Throws: what makes the toolchain unfit (a script, a launcher, a missing library), or the
  ///   system's failure with the path.
  package static func gather(
    program: String, family: Compiler.Family, arguments: [String], environment: [[UInt8]],
    directory: String
  ) throws(ToolchainError) -> ToolchainContents {
    let driver = Driver(
      path: program, arguments: arguments,
      caller: Caller(environment: environment, directory: directory))
    var collector = ContentsCollector(driver)
    try collector.collect(family)
    return ToolchainContents(programs: collector.programs, entries: collector.tree.entries)
  }
}
