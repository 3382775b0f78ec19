package import Compilers
package import Platform

/// Everything that selects the outputs of a crate, but for the files that only rustc's list tells.
package struct CrateKeyInputs: Sendable {
  /// What compiles: rustc, its libraries, the standard library of the target.
  package var compiler: Digest
  package var compilation: CrateCompilation
  /// What `target-cpu=native` is on this machine.
  package var nativeProcessor: Digest?
  /// Variables that can reach an output, sorted: `NAME=value`.
  package var environment: [String]
  /// The content of each crate that `--extern` names: the path says nothing.
  package var externs: [(name: String, content: Digest)]
  /// The content of each static library that `-l` names.
  package var libraries: [(name: String, content: Digest)]
  package var places: Places

  package init(
    compiler: Digest, compilation: CrateCompilation, nativeProcessor: Digest?,
    environment: [String], externs: [(name: String, content: Digest)],
    libraries: [(name: String, content: Digest)], places: Places
  ) {
    self.compiler = compiler
    self.compilation = compilation
    self.nativeProcessor = nativeProcessor
    self.environment = environment
    self.externs = externs
    self.libraries = libraries
    self.places = places
  }

  /// Raised whenever what enters a key, or what an entry means, changes.
  private static let version: UInt64 = 2

  /// Finds the manifest: everything known before the crate's files are read.
  package var manifestKey: Digest {
    var hash = SHA256()
    hash.field("crate")
    hash.field(Self.version)
    hash.field(compiler)
    hash.field(compilation.keyArguments.map(places.storedArgument))
    hash.field(places.stored(compilation.input))
    hash.field(nativeProcessor == nil ? 0 : 1)
    if let nativeProcessor { hash.field(nativeProcessor) }
    hash.field(environment.map(places.storedArgument))
    for (kind, list) in [("extern", externs), ("library", libraries)] {
      hash.field(kind)
      hash.field(UInt64(list.count))
      for item in list.sorted(by: { $0.name < $1.name }) {
        hash.field(item.name)
        hash.field(item.content)
      }
    }
    return hash.finish()
  }
}
