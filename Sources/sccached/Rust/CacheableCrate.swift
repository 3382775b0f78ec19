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
  /// Nil: none takes part.
  let linker: Linker?
  /// Arguments that the base directories ask for.
  let remaps: [String]
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
    return call.arguments.prefix(call.arguments.count - rest.count) + remaps + added + rest
  }

  var isStreamed: Bool { true }
  /// Crates are often used the moment after they were made. Those that are only read are in the key, whose
  /// content is looked at again afterwards; of what is put into the product, the stamps alone tell.
  var freshInputs: [String] {
    let sources = [input, Path.directory(of: input)]
    let made = call.environment.value("OUT_DIR").map { [$0] } ?? []
    let takesIn = compilation.isLinked || compilation.crateTypes.contains(.staticlib)
    return sources + made + (takesIn ? compilation.externs.compactMap(\.path) : [])
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

  /// Its value counts as it is, also where it is a directory: a source can take a path's length.
  func condition(variable name: String) -> Manifest.Condition {
    let value = call.environment.bytes(name).map { Digest.of(Array($0)) }
    return Manifest.Condition(name: name, value: value ?? Self.unset)
  }

  /// That the sources name `OUT_DIR` in nothing but `include!(concat!(env!("OUT_DIR"), …))` and its kin: what
  /// it is does not matter then, only what lies there.
  func includesOnly(_ files: [String]) -> Bool {
    var uses = 0
    for path in files where path.hasSuffix(".rs") {
      guard let bytes = try? Files.read(absolute(path), limit: 16 << 20) else { return false }
      guard bytes.contains(bytes: Array("OUT_DIR".utf8)) else { continue }
      let text = bytes.filter { !" \t\r\n".utf8.contains($0) }
      let (all, safe) = OutDirectoryUse.count(in: text)
      guard all == safe else { return false }
      uses += all
    }
    // A macro of another crate may do anything with it.
    return uses > 0
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

  // MARK: debug information in files of its own

  private static let looseMark = "loose/"

  /// Files that a run left in the output directory, with names that nobody knew before.
  func looseOutputs() -> [Output] {
    guard compilation.splitDebugInformation == .unpacked else { return [] }
    return (Files.names(in: absolute(compilation.outDirectory)) ?? []).sorted()
      .filter(compilation.isLooseDebugFile).map(looseOutput)
  }

  func outputs(of head: EntryHead) -> [Output] {
    // Whoever wrote the entry: no name leads elsewhere.
    let loose = head.members.lazy.filter { $0.name.hasPrefix(Self.looseMark) }
      .map { String($0.name.dropFirst(Self.looseMark.count)) }
      .filter(compilation.isLooseDebugFile)
    return outputs + loose.map(looseOutput)
  }

  private func looseOutput(_ name: String) -> Output {
    Output(
      name: Self.looseMark + name, path: Path.join(compilation.outDirectory, name),
      isRequired: false)
  }

  // MARK: texts with paths in them

  var textMembers: Set<String> { ["d"] }

  func used(_ text: [UInt8], member: String) -> [UInt8]? {
    guard text.contains(1) else { return text }
    return places.usedText(String(decoding: text, as: UTF8.self)).map { Array($0.utf8) }
  }
}

/// How a source uses the variable that names the directory of what a build script made.
enum OutDirectoryUse {
  private static let use = Array("env!(\"OUT_DIR\"".utf8)
  private static let harmless = [
    "include!(concat!(", "include_str!(concat!(", "include_bytes!(concat!(",
  ]
  .map { Array($0.utf8) }

  /// - Parameter text: without blanks.
  /// - Returns: how often it is used, and how often only for the path of a file to be taken in.
  static func count(in text: [UInt8]) -> (all: Int, safe: Int) {
    var all = 0
    var safe = 0
    var start = 0
    while let found = text[start...].firstRange(of: use) {
      all += 1
      let before = text[..<found.lowerBound]
      if harmless.contains(where: { before.suffix($0.count).elementsEqual($0) }) { safe += 1 }
      start = found.upperBound
    }
    return (all, safe)
  }
}
