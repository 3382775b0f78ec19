import CacheKey
import Compilers
import Platform

/// A call of rustc that can be cached, with everything that selects its result.
struct CacheableCrate: CacheableWork {
  let call: Call
  let program: String
  let toolchain: RustToolchain
  let compilation: CrateCompilation
  let inputs: CrateKeyInputs
  let presentation: Presentation
  let isClippy: Bool
  /// Directories in which sources lie, beside the working one: the others have what was made of them.
  let sourceDirectories: Set<String>

  var places: Places { inputs.places }
  var language: String { "Rust" }
  var advancedLanguage: String { "rust" }
  var input: String { compilation.input }
  var outputs: [Output] { compilation.outputs }
  var dependencyFile: DependencyFile? { nil }
  /// Lines, columns and digests of the sources are in the metadata.
  var strictness: Strictness { .exact }
  var inputKind: FileKind { .bytes }
  var writesThroughDanglingLinks: Bool { false }
  var flightSalt: Digest { Digest.of(Array(compilation.outDirectory.utf8)) }

  var colourArguments: [String] {
    presentation.isColoured && compilation.diagnostics.colour == .automatic
      ? ["--color=always"] : []
  }

  /// clippy's driver knows by its first argument whom it stands for.
  func arguments(adding added: [String]) -> [String] {
    let rest = withoutLauncherWord(call.arguments)
    return call.arguments.prefix(call.arguments.count - rest.count) + added + rest
  }

  var isStreamed: Bool { true }
  /// Crates are often used the moment after they were made.
  var freshInputs: [String] {
    [input, Path.directory(of: input)] + compilation.externs.compactMap(\.path)
      + (call.environment.value("OUT_DIR").map { [$0] } ?? [])
  }

  var freshness: Int64 { 0 }

  func snapshot(_ pipeline: CompilePipeline, startStamp: Int64) -> DirectorySnapshot? { nil }
  /// There is no dependency file of that kind.
  func rendered(_ file: DependencyFile, _ prerequisites: [String]) -> String { "" }

  // MARK: what a result depends on

  /// Conditions that begin so are about directories; the others about variables of the environment.
  static let directoryMark = "\u{1}"
  /// The value of a variable that is not set.
  private static let unset = Digest.of(Array("no variable".utf8))

  func condition(variable name: String) -> Manifest.Condition {
    let value = call.environment.bytes(name).map { value in
      Digest.of(Array(places.storedArgument(String(decoding: value, as: UTF8.self)).utf8))
    }
    return Manifest.Condition(name: name, value: value ?? Self.unset)
  }

  /// That the working directory, or a base directory, is this one.
  ///
  /// - Parameter base: nil: the working directory.
  func condition(base: Int?) -> Manifest.Condition {
    let path = base.map { places.bases[$0] } ?? places.directory
    return Manifest.Condition(
      name: Self.directoryMark + (base.map { "\($0)" } ?? "directory"),
      value: Digest.of(Array(path.utf8)))
  }

  func holds(_ condition: Manifest.Condition) -> Bool {
    guard condition.name.hasPrefix(Self.directoryMark) else {
      return self.condition(variable: condition.name) == condition
    }
    let rest = condition.name.dropFirst()
    if rest == "directory" { return self.condition(base: nil) == condition }
    guard let index = Int(rest), places.bases.indices.contains(index) else { return false }
    return self.condition(base: index) == condition
  }

  // MARK: texts with paths in them

  var textMembers: Set<String> { ["d"] }

  func used(_ text: [UInt8], member: String) -> [UInt8]? {
    guard text.contains(1) else { return text }
    return places.usedText(String(decoding: text, as: UTF8.self)).map { Array($0.utf8) }
  }
}
