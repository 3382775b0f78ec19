import CacheKey
import Compilers
import Platform
import Settings

/// A call that can be cached, of whatever compiler: what looking up, running and putting back need of it.
protocol CacheableWork: Sendable {
  var call: Call { get }
  /// The compiler's path.
  var program: String { get }
  var places: Places { get }
  var presentation: Presentation { get }
  /// Its rows in the statistics.
  var language: String { get }
  var advancedLanguage: String { get }
  /// The file that is compiled, as written.
  var input: String { get }
  var outputs: [Output] { get }
  /// The outputs that an entry has; there can be more than the command line tells.
  func outputs(of head: EntryHead) -> [Output]
  /// One that is written anew for each call; nil where it is an output like the others.
  var dependencyFile: DependencyFile? { get }
  var strictness: Strictness { get }
  /// How the content of what it reads counts.
  var inputKind: FileKind { get }
  /// The compiler writes through a link in an output's place that leads nowhere.
  var writesThroughDanglingLinks: Bool { get }
  /// Distinguishes calls that would find the same result and leave it in other files.
  var flightSalt: Digest { get }

  /// Added to the caller's when the compiler runs here.
  var colourArguments: [String] { get }
  /// The caller's arguments with others added, where the compiler takes them.
  func arguments(adding added: [String]) -> [String]
  /// What may have been written a moment ago, as written.
  var freshInputs: [String] { get }
  /// What else may have been written so long before them, in nanoseconds.
  var freshness: Int64 { get }
  /// What the compiler prints is shown at once: the caller goes on by it before the compiler has ended.
  var isStreamed: Bool { get }
  /// Whether a result's condition holds for this call.
  func holds(_ condition: Manifest.Condition) -> Bool
  /// A text of an entry (an output's, or what was printed) as it is for this call.
  func used(_ text: [UInt8], member: String) -> [UInt8]?
  /// Outputs that hold text for `used`.
  var textMembers: Set<String> { get }
  /// The text of `dependencyFile`.
  func rendered(_ file: DependencyFile, _ prerequisites: [String]) -> String
  /// What the directories hold that the compiler will search; nil where that does not matter.
  func snapshot(_ pipeline: CompilePipeline, startStamp: Int64) -> DirectorySnapshot?
}

extension CacheableWork {
  func outputs(of head: EntryHead) -> [Output] { outputs }

  /// In front: behind `--` they would be inputs.
  func arguments(adding added: [String]) -> [String] { added + call.arguments }

  func absolute(_ path: String) -> String { Path.absolute(path, in: call.directory) }

  /// The words for argv. A compiler finds its own parts by argv[0], so that is its path: its name alone
  /// could lead through PATH to a wrapper's link.
  func argv(_ arguments: [String]) -> [[UInt8]] {
    [Array(program.utf8)] + arguments.map { Array($0.utf8) }
  }

  func flightKey(_ key: Digest) -> Digest {
    var hash = SHA256()
    hash.field(key)
    hash.field(places.digest)
    hash.field(flightSalt)
    return hash.finish()
  }
}

extension CacheableCall: CacheableWork {
  var input: String { compilation.input }
  var outputs: [Output] { compilation.outputs }
  var dependencyFile: DependencyFile? { compilation.dependencyFile }
  /// gcc's assembler removes a link unless it leads nowhere: then it writes what it leads to.
  var writesThroughDanglingLinks: Bool { compiler.family == .gcc }

  /// Other outputs (a dependency file of another kind) make another flight.
  var flightSalt: Digest {
    var hash = SHA256()
    hash.field(compilation.dependencyFile.map { $0.omitsSystemHeaders ? "user" : "all" } ?? "none")
    return hash.finish()
  }

  var colourArguments: [String] {
    presentation.isColoured && compilation.colour == .automatic
      && !compilation.sensitivity.contains(.commandLine) ? ["-fdiagnostics-color=always"] : []
  }

  var inputKind: FileKind { countsBytes ? .opaque : .source }
  var isStreamed: Bool { false }
  var freshInputs: [String] { [input, Path.directory(of: input)] }
  /// Headers that are made are often made together with the source.
  var freshness: Int64 { 50_000_000 }
  var textMembers: Set<String> { [] }
  func holds(_ condition: Manifest.Condition) -> Bool { false }
  func used(_ text: [UInt8], member: String) -> [UInt8]? { text }

  func rendered(_ file: DependencyFile, _ prerequisites: [String]) -> String {
    MakeDependencies.render(file: file, prerequisites: prerequisites, compiler: compiler)
  }

  func snapshot(_ pipeline: CompilePipeline, startStamp: Int64) -> DirectorySnapshot? {
    pipeline.snapshot(self, startStamp: startStamp)
  }
}
