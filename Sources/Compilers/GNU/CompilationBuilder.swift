/// Collects what the arguments of one call say, one after the other, and makes a `Compilation` of
/// it at the end.
struct CompilationBuilder {
  let compiler: Compiler
  let directory: String
  let files: any FileReading

  var compiles = false
  var precompiles = false
  var asksOnly = false
  /// The first reason not to cache the call if it turns out to be a compilation.
  private(set) var refusal: Rejection?
  var inputs: [(path: String, language: Language?)] = []
  var currentLanguage: Language?
  var namedOutput: String?
  var emitsBitcode = false
  var emitsPrecompiledHeader = false
  var architectures: [String] = []
  var colour = Compilation.Colour.automatic

  var key: [String] = []
  /// What one more run needs that only preprocesses; words as written.
  var preprocessing: [String] = []
  var extraInputs: [String] = []
  var identity: [String] = []
  var native: [String] = []
  var sensitivity: Compilation.Sensitivity = []
  var search: SearchBuilder
  var dependencies = DependencyOptions()
  var debug = DebugOptions()
  var sideOutputs: [(kind: SideOutput, value: String?)] = []
  var notes = false
  var coverageMapping = false
  /// `-frecord-gcc-switches` of a gcc that records no paths.
  var recordsProducer = false
  var assemblesDebug = false
  var ignoresInputTimes = false
  var maps: [PrefixMapArgument] = []
  var fixedDirectories: Set<CompilationDirectoryUse> = []
  /// The words behind `-Xclang`, without it.
  var frontEnd: [String] = []
  var preprocessorWords: [String] = []
  var assemblerWords: [String] = []

  init(compiler: Compiler, directory: String, files: some FileReading) {
    self.compiler = compiler
    self.directory = directory
    self.files = files
    search = SearchBuilder(compiler)
  }

  /// Which output's idea of the working directory an option fixes.
  enum CompilationDirectoryUse { case debug, coverage }

  /// Throws for the options that refuse the call whatever it is; what else speaks against caching
  /// it is kept until it is known to compile.
  mutating func take(_ argument: Argument) throws(Rejection) {
    switch argument.kind {
    case .input: inputs.append((argument.name, currentLanguage))
    case .unknown: keep(argument)
    case .option(let option):
      if case .hard = option.role { throw .cannotCache(option.name) }
      if case .language = option.role { return try takeLanguage(argument.value ?? "") }
      do throws(Rejection) {
        try take(argument, option)
      } catch {
        refusal = refusal ?? error
      }
    }
  }

  /// Into the key and into a preprocessor run.
  mutating func keep(_ argument: Argument) {
    key += argument.normalised
    preprocessing += argument.words
  }

  private mutating func take(_ argument: Argument, _ option: Option) throws(Rejection) {
    let value = argument.value ?? ""
    switch option.role {
    case .refused: throw .cannotCache(option.name)
    case .informational: asksOnly = true
    case .compile: compiles = true
    case .precompile: precompiles = true
    case .output: try takeOutput(value)
    case .architecture:
      architectures.append(value)
      keep(argument)
    case .dropped: break
    case .colour(let choice): colour = choice
    case .diagnosticsColour: try takeColour(argument.value)
    case .dependency(let kind): try dependencies.take(kind, value)
    case .preprocessorWord: preprocessorWords.append(value)
    case .preprocessorWords: preprocessorWords += value.splitAtCommas()
    case .assemblerWord: assemblerWords.append(value)
    case .assemblerWords: assemblerWords += value.splitAtCommas()
    case .frontEndWord: frontEnd.append(value)
    case .sideOutput(let kind): takeSideOutput(kind, argument)
    default: try takeKept(argument, option, value)
    }
  }

  private mutating func takeOutput(_ path: String) throws(Rejection) {
    let special = path.isEmpty || path == "-" || path.begins(with: "/dev/")
    // gcc refuses a second one, clang takes the last.
    guard !special, namedOutput == nil else { throw .cannotCache("-o") }
    namedOutput = path
  }

  private mutating func takeLanguage(_ name: String) throws(Rejection) {
    guard let language = Language(driverName: name) else { throw .cannotCache("-x") }
    currentLanguage = language
  }

  private mutating func takeColour(_ value: String?) throws(Rejection) {
    switch value {
    case nil, "always": colour = .always
    case "never": colour = .never
    case "auto": colour = .automatic
    default: throw .cannotCache("-fdiagnostics-color")
    }
  }

  /// The file's name is no part of the key; that there is one is.
  private mutating func takeSideOutput(_ kind: SideOutput, _ argument: Argument) {
    sideOutputs.removeAll { $0.kind == kind }
    sideOutputs.append((kind, argument.value))
    switch kind {
    case .callGraph:
      key += argument.words
      sensitivity.insert(.columns)
    case .optimisationRecord, .namedOptimisationRecord:
      key += kind == .optimisationRecord ? argument.words : [argument.name]
      // The record names files from the root (clang 14 and 19).
      sensitivity.formUnion([.columns, .directory])
    default: key.append(argument.name)
    }
  }
}
