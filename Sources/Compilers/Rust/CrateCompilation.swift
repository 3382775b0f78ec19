import Platform

/// What one call of rustc will read and write, and what of its command line can change the output.
package struct CrateCompilation: Sendable, Equatable {
  package enum CrateType: String, Sendable, CaseIterable {
    case bin, lib, rlib, dylib, cdylib, staticlib
    case procMacro = "proc-macro"

    /// A linker makes it.
    package var isLinked: Bool {
      switch self {
      case .bin, .dylib, .cdylib, .procMacro: true
      case .lib, .rlib, .staticlib: false
      }
    }
  }

  /// What `--emit` asks for.
  package enum Product: String, Sendable, CaseIterable {
    case link, metadata
    case dependencyInfo = "dep-info"
  }

  /// A crate named by `--extern`.
  package struct Extern: Sendable, Equatable {
    /// With its options: `priv:serde`, `noprelude:core`.
    package var name: String
    /// As written; nil for a crate that is looked for (`proc_macro`, of the compiler itself).
    package var path: String?
  }

  /// A static library that `-l` names.
  package struct StaticLibrary: Sendable, Equatable {
    package var name: String
    /// `+verbatim`: the name is that of the file.
    package var isVerbatim: Bool

    package var fileName: String { isVerbatim ? name : "lib\(name).a" }
  }

  package var crateName: String
  /// The crate's root, as written.
  package var input: String
  package var outDirectory: String
  package var products: Set<Product>
  package var crateTypes: [CrateType]
  /// `--test`.
  package var isTest: Bool
  package var target: String?
  package var externs: [Extern]
  package var staticLibraries: [StaticLibrary]
  /// Where static libraries are looked for, in order, as written.
  package var nativeDirectories: [String]
  /// Where crates are looked for, in order, as written: what is found there only a linker reads.
  package var crateDirectories: [String]
  /// A crate that the source names and no `--extern` does is looked for in some of these.
  package var looksForCrates: Bool
  /// Every file that a successful run leaves behind, the dependency file among them.
  package var outputs: [Output]
  /// Arguments that enter the key, options spelt in one way. Not among them: the input, the output
  /// directory, where crates and libraries lie, the look of diagnostics.
  package var keyArguments: [String]
  /// Files whose content enters the key: profiles, the specification of a target.
  package var extraInputs: [String]
  /// `-C target-cpu=native`: what that is on this machine enters the key.
  package var usesNativeProcessor: Bool
  /// Paths are written in a form that no search finds, or may be those of the command line: coverage maps.
  package var hidesPaths: Bool
  /// What has paths in it is compressed: the metadata of dynamic libraries, sections of debug information.
  package var packsPaths: Bool
  /// What is written depends on where things lie though no path shows it: `-C rpath` tells the way from the
  /// product to its libraries.
  package var isBoundToPlaces: Bool
  /// The directories that `--remap-path-prefix` puts something else in place of.
  package var remapped: [String]
  package var splitDebugInformation: SplitDebugInformation
  package var diagnostics: Diagnostics
  package var linking: Linking

  /// `-C split-debuginfo`, on systems with ELF.
  package enum SplitDebugInformation: String, Sendable {
    case off
    /// A file beside each program, and inside of libraries.
    case packed
    /// Files beside the outputs, whose names rustc makes up.
    case unpacked
  }

  /// What the command line says of the linker.
  package struct Linking: Sendable, Equatable {
    /// `-C linker`.
    package var linker: String?
    /// `-C linker-flavor`.
    package var flavor: String?
    /// `-C link-arg` and `-C link-args`, in order.
    package var arguments: [String] = []
  }

  package struct Diagnostics: Sendable, Equatable {
    package var isJSON = false
    package var colour = Compilation.Colour.automatic
    package var width: String?
  }

  /// Whether a file beside the outputs is one of the loose ones with debug information: the names begin with
  /// that of the crate and its `-C extra-filename`.
  package func isLooseDebugFile(_ name: String) -> Bool {
    guard splitDebugInformation == .unpacked, name.hasSuffix(".dwo"), !name.contains("/"),
      let list = outputs.first(where: { $0.name == "d" })
    else { return false }
    return name.hasPrefix(Path.name(of: list.path).dropLast(1))
  }

  /// Whether rustc writes something else in place of a directory's path, everywhere.
  package func remaps(_ directory: String) -> Bool {
    remapped.contains { $0 == directory || directory.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") }
  }

  /// Where a static library may lie, in the order of the search, as written.
  package func places(of library: StaticLibrary) -> [String] {
    nativeDirectories.map { Path.join($0, library.fileName) }
  }

  /// A linker takes part.
  package var isLinked: Bool {
    products.contains(.link) && (isTest || crateTypes.contains(where: \.isLinked))
  }
}
