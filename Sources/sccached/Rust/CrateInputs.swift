import Compilers
import Farm
import Glibc
import Platform

/// The files that rustc reads to compile a crate, for a machine that has none of them.
struct CrateInputs {
  /// Why they can't be told, for statistics.
  struct Unknown: Error {
    var reason: String
  }

  private let crate: CacheableCrate
  private let dependencies: CrateDependencies
  private var paths: Set<String> = []

  init(_ crate: CacheableCrate, _ dependencies: CrateDependencies) {
    self.crate = crate
    self.dependencies = dependencies
  }

  /// - Parameters:
  ///   - info: what rustc read here, without compiling.
  ///   - extra: what counts beside that.
  mutating func inputs(
    _ info: RustDependencyInfo, extra: [String]
  ) throws(Unknown) -> [RemoteJob.Input] {
    for file in info.files + extra { add(file) }
    for library in crate.compilation.staticLibraries {
      let places = crate.compilation.places(of: library)
      if let path = places.first(where: { FileStamp(path: crate.absolute($0)) != nil }) {
        add(path)
      }
    }
    addManifest()
    try addCrates()
    return try paths.sorted().map { (path) throws(Unknown) in
      guard let stamp = FileStamp(path: path), stamp.isRegular else {
        throw Unknown(reason: "a file that is needed can't be read")
      }
      return RemoteJob.Input(path: path, content: .file(path: path, size: Int(stamp.size)))
    }
  }

  private mutating func add(_ path: String) {
    // The standard library's own sources, where they are installed, are read for messages only.
    let folded = crate.folded(path)
    if !folded.hasPrefix(crate.toolchain.sysroot + "/") { paths.insert(folded) }
  }

  /// Procedural macros read it: of which crates their own one depends, and by which names.
  private mutating func addManifest() {
    guard let directory = crate.call.environment.value("CARGO_MANIFEST_DIR") else { return }
    let path = Path.join(directory, "Cargo.toml")
    if FileStamp(path: crate.absolute(path))?.isRegular ?? false { add(path) }
  }

  /// Those that are named, and all with which they were made, each looked for once.
  private mutating func addCrates() throws(Unknown) {
    var stems: Set<String> = []
    var directories = crate.compilation.crateDirectories
    for path in crate.compilation.externs.compactMap(\.path) {
      add(path)
      // A procedural macro is a program by itself.
      if path.hasSuffix(".so") { continue }
      guard
        let told = dependencies.stems(of: crate.absolute(path), crate.toolchain, crate.call)
      else { throw Unknown(reason: "a crate does not tell what it was made with") }
      stems.formUnion(told)
      let directory = Path.directory(of: path)
      if !directories.contains(directory) { directories.append(directory) }
    }
    for stem in stems {
      guard addCrate(stem, directories) || isStandard(stem) else {
        throw Unknown(reason: "a crate that is needed can't be found")
      }
    }
  }

  /// Metadata is enough where there is some: what is made is no program.
  private mutating func addCrate(_ stem: String, _ directories: [String]) -> Bool {
    for directory in directories {
      for ending in ["rmeta", "rlib", "so"] {
        let path = Path.join(directory, "lib\(stem).\(ending)")
        if FileStamp(path: crate.absolute(path))?.isRegular ?? false {
          add(path)
          return true
        }
      }
    }
    return false
  }

  private func isStandard(_ stem: String) -> Bool {
    ["rlib", "rmeta", "so"].contains {
      FileStamp(path: Path.join(crate.toolchain.standardLibrary, "lib\(stem).\($0)")) != nil
    }
  }
}
