import CacheKey
import Compilers
import Logging
import Platform
import Settings
import Storage
import Wire

/// Takes one compiler call from request to reply. Every way out that is not a hit or a stored miss is
/// to let the caller run its compiler itself.
final class CompilePipeline: Sendable {
  let settings: Settings
  /// Nil: everything is compiled here.
  let distribution: Distribution?
  let store: TieredStore
  let statistics: StatisticsKeeper
  let files: FileRecords
  let directories: DirectoryRecords
  let registry: CompilerRegistry
  let rust: RustRegistry
  let crateDependencies = CrateDependencies()
  let linkers: LinkerRegistry
  let manifests = ManifestMemo()
  let remoteManifests = RemoteManifests()
  let tokens: Tokens
  let flights = SingleFlight()
  let indirect = IndirectKeys()
  let runtimeDirectory: String
  let logger: Logger

  init(
    settings: Settings, store: TieredStore, statistics: StatisticsKeeper, runtimeDirectory: String,
    logger: Logger
  ) {
    self.settings = settings
    self.store = store
    self.statistics = statistics
    self.runtimeDirectory = runtimeDirectory
    self.logger = logger
    distribution = Distribution(settings, logger: logger)
    files = FileRecords()
    directories = DirectoryRecords()
    registry = CompilerRegistry(
      prober: CompilerProber(files: files, runtimeDirectory: runtimeDirectory))
    rust = RustRegistry(files: files)
    linkers = LinkerRegistry(files: files, runtimeDirectory: runtimeDirectory)
    tokens = Tokens(count: settings.compilerSlots ?? Machine.cores)
  }

  /// Serves one request to its end.
  func handle(_ call: Call) {
    let started = Clock.monotonic
    statistics.record { $0.request() }
    let walk = PathWalk(call.environment, directory: call.directory)
    guard
      let program = ProgramLookup.find(
        call.command, directory: call.directory, environment: call.environment, walk: walk)
    else {
      decline(call, nil)
      return
    }
    if Self.isRustCompiler(program) {
      handleCrate(call.inPhysicalDirectory, program, started: started)
      return
    }
    let files = CallerFiles(directory: call.directory)
    guard looksLikeCompilation(call, program) else {
      statistics.record { $0.notCompilation() }
      decline(call, program)
      return
    }
    var question = CompilerRegistry.question(program, [], call.environment)
    guard
      let plain = registry.identity(
        question, directory: call.directory, environment: call.environment, walk: walk)
    else {
      statistics.record { $0.unsupportedCompiler() }
      decline(call, program)
      return
    }
    var compilation: Compilation
    do throws(Rejection) {
      compilation = try parse(
        Invocation(arguments: call.arguments, directory: call.directory), for: plain.compiler,
        files: files)
    } catch {
      refuse(call, program, error)
      return
    }
    compilation.extraInputs += call.settings.extraFiles
    question.identityArguments = compilation.identityArguments
    guard
      let identity = question.identityArguments.isEmpty && plain.holds(for: compilation.language)
        ? plain
        : registry.identity(
          question, for: compilation.language, directory: call.directory,
          environment: call.environment)
    else {
      refuse(call, program, .cannotCache("compiler can't be identified with these options"))
      return
    }
    guard let cacheable = prepare(call, program, question, identity, compilation) else { return }
    statistics.record { $0.executed() }
    if call.settings.noCache {
      answerUncached(run(cacheable, added: [], isRecorded: false), to: call)
    } else {
      lookUp(cacheable, started: started)
    }
  }

  /// Only what looks like a compilation is probed: running an unknown program with odd arguments
  /// could do anything.
  private func looksLikeCompilation(_ call: Call, _ program: String) -> Bool {
    call.arguments.contains {
      $0 == "-c" || $0 == "--compile" || $0 == "--precompile" || $0.hasPrefix("@")
    }
  }

  /// The values of everything that selects the result; nil when the call was answered already.
  private func prepare(
    _ call: Call, _ program: String, _ question: CompilerRegistry.Question,
    _ identity: CompilerIdentity,
    _ compilation: Compilation
  ) -> CacheableCall? {
    if let name = forbiddingVariable(call, identity.compiler) {
      refuse(call, program, .cannotCache(name))
      return nil
    }
    guard
      let native = registry.resolveNative(
        identity, question, compilation, directory: call.directory, environment: call.environment)
    else {
      refuse(call, program, .cannotCache(compilation.nativeArguments.first ?? "native"))
      return nil
    }
    let places = Places(
      directory: call.directory, baseDirectories: call.settings.baseDirectories,
      paths: [compilation.input] + compilation.keyArguments.flatMap(Self.pathsIn))
    let inputs = KeyInputs(
      compiler: identity.digest, compilation: compilation, resolvedNative: native,
      environment: relevantEnvironment(call, compilation)
        + dependencyWords(call, identity.compiler, compilation.language), places: places)
    return CacheableCall(
      call: call, program: program, question: question, identity: identity,
      compilation: compilation,
      inputs: inputs, presentation: Presentation(call, compilation))
  }

  /// What of an argument may be a path: itself, or what follows the first slash.
  private static func pathsIn(_ argument: String) -> [String] {
    guard let slash = argument.firstIndex(of: "/") else { return [] }
    return [String(argument[slash...])]
  }

  private func forbiddingVariable(_ call: Call, _ compiler: Compiler) -> String? {
    // clang puts `=dir` of CPATH below its system root, gcc does not; neither does so with the others.
    if compiler.family == .clang, let paths = call.environment.value("CPATH"),
      paths.split(separator: ":").contains(where: { $0.hasPrefix("=") })
    {
      return "CPATH"
    }
    return CompilerEnvironment.forbiddingVariables.first { call.environment.bytes($0) != nil }
  }

  /// clang warns of dependency options that it does not use, as with preprocessed input: calls with
  /// others are other calls.
  private func dependencyWords(
    _ call: Call, _ compiler: Compiler, _ language: Language
  ) -> [String] {
    guard compiler.family == .clang, language.isPreprocessed else { return [] }
    let words = call.arguments.filter { word in
      ["-MD", "-MMD", "-MP", "-MF", "-MT", "-MQ", "-MV"].contains(where: word.hasPrefix)
        || word.hasPrefix("-Wp,-M")
    }
    return words.map { "option \($0.prefix(4))" }
  }

  private func relevantEnvironment(_ call: Call, _ compilation: Compilation) -> [String] {
    var found: [String] = []
    for name in CompilerEnvironment.relevantVariableNames(for: compilation)
    where !Presentation.variables.contains(name) {
      if let value = call.environment.bytes(name) {
        found.append("\(name)=\(String(decoding: value, as: UTF8.self))")
      }
    }
    for prefix in CompilerEnvironment.relevantPrefixes {
      found += call.environment.variables(withPrefix: prefix).map {
        String(decoding: $0, as: UTF8.self)
      }
    }
    if !call.settings.extraFiles.isEmpty {
      found.append("SCCACHE_EXTRAFILES=\(call.settings.extraFiles.joined(separator: ":"))")
    }
    return found.sorted()
  }

  /// Whether a compiler run for this call waits for a token. A jobserver's number of jobs is enough of a
  /// limit where they all run here; with a farm it is the farm's, and many more than there are cores.
  private func needsToken(_ call: Call) -> Bool {
    distribution != nil || !Tokens.callerHasJobserver(call.environment)
  }

  /// Does what keeps a processor busy, with a token where that needs one; nil when the caller has gone before.
  func withToken<Result>(_ call: Call, _ body: () -> Result?) -> Result? {
    guard needsToken(call) else { return body() }
    guard tokens.acquire(whileWanted: call.isWanted) else { return nil }
    defer { tokens.release() }
    return body()
  }

  // MARK: ways out

  /// The caller runs its compiler itself, untouched.
  func decline(_ call: Call, _ program: String?) {
    call.channel.send(
      Decline(program: program.map { Array($0.utf8) } ?? [], notice: call.noticeBytes).frame())
  }

  func refuse(_ call: Call, _ program: String, _ rejection: Rejection) {
    switch rejection {
    case .notCompilation:
      statistics.record { $0.notCompilation() }
    case .cannotCache(let reason):
      statistics.record { $0.notCacheable(reason: reason) }
      logger.debug("not cached", metadata: ["reason": "\(reason)", "compiler": "\(program)"])
    }
    decline(call, program)
  }

  /// `SCCACHE_NO_CACHE`: compile, count, store nothing.
  func answerUncached(_ run: FinishedRun?, to call: Call) {
    guard let run else { return }
    if run.outcome.ending.isSuccess {
      statistics.record { $0.compiled(duration: run.duration) }
    } else {
      statistics.record { $0.compileFailed() }
    }
    call.channel.send(run.reply.frame(.result))
  }
}

/// What the parser may read: the caller's files.
struct CallerFiles: FileReading {
  let directory: String

  func text(of path: String) -> String? {
    let absolute = Path.absolute(path, in: directory)
    // `@/dev/fd/3` and `@/proc/self/…` would be ours, not the caller's.
    guard !absolute.hasPrefix("/dev/"), !absolute.hasPrefix("/proc/"),
      let bytes = try? Files.read(absolute, limit: 8 << 20)
    else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  func isDirectory(_ path: String) -> Bool {
    FileStamp(path: Path.absolute(path, in: directory))?.isDirectory ?? false
  }
}
