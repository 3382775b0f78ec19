package import Compilers
package import Platform

/// Everything but file contents that selects an output.
package struct KeyInputs: Sendable {
  /// What compiles: driver, compiler proper, assembler, specs, by content.
  package var compiler: Digest
  package var compilation: Compilation
  /// What `-march=native` and the like stand for on this machine.
  package var resolvedNative: [String]
  /// Variables that can reach an output, sorted: `NAME=value`.
  package var environment: [String]
  package var places: Places

  package init(
    compiler: Digest, compilation: Compilation, resolvedNative: [String], environment: [String],
    places: Places
  ) {
    self.compiler = compiler
    self.compilation = compilation
    self.resolvedNative = resolvedNative
    self.environment = environment
    self.places = places
  }

  /// Raised whenever what enters a key, or what an entry means, changes.
  ///   1  first
  ///   2  the files behind a preprocessed text
  private static let version: UInt64 = 2

  /// Finds the manifest: everything known before any header is read. The source enters without the
  /// comments that can't matter, so that a changed comment finds the same manifest.
  package func manifestKey(source: Digest) -> Digest {
    var hash = SHA256()
    hash.field("manifest")
    common(&hash)
    hash.field(places.stored(compilation.input))
    hash.field(source)
    return hash.finish()
  }

  /// Finds the entry of one result of a manifest: its files, as the manifest names them, with the
  /// exact digests that they had.
  package static func entryKey(
    manifest: Digest, files: [(path: String, digest: Digest)], expected: [ExpectedNames],
    conditions: [Manifest.Condition] = [], place: Digest?, presentation: Digest?
  ) -> Digest {
    var hash = SHA256()
    hash.field("entry")
    hash.field(version)
    hash.field(manifest)
    hash.field(UInt64(files.count))
    for file in files {
      hash.field(file.path)
      hash.field(file.digest)
    }
    hash.field(UInt64(expected.count))
    for names in expected {
      hash.field(names.directory)
      hash.field(names.absent)
      hash.field(names.present)
    }
    for condition in [place, presentation] {
      hash.field(condition == nil ? 0 : 1)
      if let condition { hash.field(condition) }
    }
    for condition in conditions {
      hash.field(condition.name)
      hash.field(condition.value)
    }
    return hash.finish()
  }

  /// Finds the entry of a compilation by its preprocessed text and the files that it is made of. The
  /// text alone is not enough: columns, comments, macros and directives are lost in it, and can all
  /// reach an object or a diagnostic. The files alone are not, either: the time and the names that
  /// were looked for show only in the text.
  ///
  /// - Parameters:
  ///   - messages: what the preprocessor printed: `#warning` where only a condition changed.
  ///   - files: every file read, with the digest that counts.
  ///   - presentation: set for results that printed something.
  package func preprocessedKey(
    text: Digest, messages: Digest, files: [(path: String, digest: Digest)], presentation: Digest?
  ) -> Digest {
    var hash = SHA256()
    hash.field("preprocessed")
    common(&hash)
    hash.field(places.directory)
    hash.field(compilation.input)
    hash.field(text)
    hash.field(messages)
    hash.field(UInt64(files.count))
    for file in files {
      hash.field(places.stored(file.path))
      hash.field(file.digest)
    }
    hash.field(presentation == nil ? 0 : 1)
    if let presentation { hash.field(presentation) }
    return hash.finish()
  }

  private func common(_ hash: inout SHA256) {
    hash.field(Self.version)
    hash.field(compiler)
    hash.field(compilation.language.rawValue)
    hash.field(compilation.product.rawValue)
    hash.field(compilation.keyArguments.map(places.storedArgument))
    hash.field(resolvedNative)
    hash.field(environment.map(places.storedArgument))
    hash.field(UInt64(compilation.sensitivity.rawValue))
    hash.field(compilation.outputs.map(\.name))
    if compilation.sensitivity.contains(.directory) { hash.field(places.stored(places.directory)) }
    // An object names the module file that was written beside it.
    let namesOutputs = compilation.outputs.contains { $0.name == "module" }
    if compilation.sensitivity.contains(.outputName) || namesOutputs {
      hash.field(places.stored(compilation.primaryOutput))
      for output in compilation.outputs { hash.field(places.stored(output.path)) }
    }
  }
}
