import Compilers
import Glibc
import Platform
import Synchronization

/// Tells which compiler a program is and what belongs to it, by asking it; remembers the answers for
/// as long as nothing of it is replaced.
final class CompilerRegistry: Sendable {
  /// What the answers depend on.
  struct Question: Hashable, Sendable {
    /// Absolute.
    var program: String
    /// `-B`, `--sysroot`, `-m32` …, which the probes get too.
    var identityArguments: [String]
    /// Variables that steer which programs are found.
    var environment: [[UInt8]]

    /// Byte for byte: names that Unicode takes for equal are different programs.
    static func == (left: Question, right: Question) -> Bool {
      ExactText(left.program) == ExactText(right.program)
        && left.identityArguments.map(ExactText.init) == right.identityArguments.map(ExactText.init)
        && left.environment == right.environment
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(ExactText(program))
      hasher.combine(identityArguments.map(ExactText.init))
      hasher.combine(environment)
    }
  }

  /// A program that is no compiler that we know, or could not be asked.
  private struct Unknown {
    var stamp: FileStamp?
    /// Nanoseconds of the monotonic clock: a cause that passes shall not count for ever.
    var until: Int64
    /// How often it was asked in vain.
    var failures: Int
  }

  private struct State {
    /// Several where a script runs different compilers by the caller's variables.
    var identities: [Question: [CompilerIdentity]] = [:]
    var unknown: [Question: Unknown] = [:]
    var search: [SearchQuestion: BuiltInSearch] = [:]
    var native: [NativeQuestion: [String]] = [:]
  }

  private struct SearchQuestion: Hashable {
    var identity: Digest
    var question: Question
    var language: String
    var arguments: [String]
    var directory: String
  }

  private struct NativeQuestion: Hashable {
    var identity: Digest
    var arguments: [String]
  }

  private let state = Mutex(State())
  private let probing = Monitor<Set<Question>>([])
  let prober: CompilerProber
  private static let limit = 512

  /// Half a second after the first failure (a program that is being written just now), then twice as
  /// long each time, up to half a minute.
  private static func pause(after failures: Int) -> Int64 {
    min(30_000_000_000, 250_000_000 << min(failures, 8))
  }

  static let steeringVariables = [
    "PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX", "LD_LIBRARY_PATH", "LD_PRELOAD",
    "CCC_OVERRIDE_OPTIONS",
    "EM_CONFIG", "EMSDK", "CLANG_CONFIG_FILE_USER_DIR",
    "SDKROOT",
  ]

  init(prober: CompilerProber) {
    self.prober = prober
  }

  static func question(
    _ program: String, _ identityArguments: [String], _ environment: RequestEnvironment
  ) -> Question {
    Question(
      program: program, identityArguments: identityArguments,
      environment: environment.variables(named: steeringVariables))
  }

  /// Nil when the program is no compiler that we know. Without a language only what serves every
  /// language is known to be in place. `walk` is one of this caller's that has just begun.
  func identity(
    _ question: Question, for language: Language? = nil, directory: String,
    environment: RequestEnvironment, walk: PathWalk? = nil
  ) -> CompilerIdentity? {
    if let known = known(question, language, directory, environment, walk) { return known }
    let stamp = FileStamp(path: question.program)
    let isUnknown = state.withLock { state in
      guard let unknown = state.unknown[question], stamp != nil else { return false }
      return unknown.stamp == stamp && Clock.monotonic < unknown.until
    }
    if isUnknown { return nil }
    // One caller asks, the others wait for its answer.
    guard probing.withLock({ $0.insert(question).inserted }) else {
      _ = probing.wait(until: Clock.monotonic + 60_000_000_000) {
        $0.contains(question) ? nil : true
      }
      return identity(question, for: language, directory: directory, environment: environment)
    }
    defer { probing.change { _ = $0.remove(question) } }
    if let known = known(question, language, directory, environment) { return known }
    let found = prober.identify(question, directory: directory, environment: environment)
    state.withLock { state in
      if let found {
        if state.identities.count >= Self.limit { state.identities.removeAll() }
        state.identities[question, default: []].insert(found, at: 0)
        if state.identities[question, default: []].count > 8 {
          state.identities[question]?.removeLast()
        }
      } else {
        if state.unknown.count >= Self.limit { state.unknown.removeAll() }
        let failures = (state.unknown[question]?.failures ?? 0) + 1
        state.unknown[question] = Unknown(
          stamp: stamp, until: Clock.monotonic + Self.pause(after: failures), failures: failures)
      }
    }
    return found
  }

  private func known(
    _ question: Question, _ language: Language?, _ directory: String,
    _ environment: RequestEnvironment, _ walk: PathWalk? = nil
  ) -> CompilerIdentity? {
    let walk = walk ?? PathWalk(environment, directory: directory)
    return state.withLock { $0.identities[question] }?.first { identity in
      identity.holds(in: environment, directory: directory, walk: walk)
        && (language.map(identity.holds(for:)) ?? true)
    }
  }

  /// The compiler's built-in include directories for this compilation, in its order, and includes.
  func builtInSearch(
    _ identity: CompilerIdentity, _ question: Question, _ compilation: Compilation,
    directory: String,
    environment: RequestEnvironment
  ) -> BuiltInSearch? {
    let key = SearchQuestion(
      identity: identity.digest, question: question, language: compilation.language.rawValue,
      arguments: CompilerProber.searchArguments(compilation.keyArguments),
      directory: question.identityArguments.isEmpty ? "" : directory)
    // A directory that has come to be has a place in the order that only the compiler knows.
    if let known = state.withLock({ $0.search[key] }),
      known.missing.allSatisfy({ FileStamp(path: Path.absolute($0, in: directory)) == nil })
    {
      return known
    }
    guard
      let found = prober.builtInSearch(
        question, compilation, directory: directory, environment: environment)
    else { return nil }
    state.withLock { state in
      if state.search.count >= Self.limit { state.search.removeAll() }
      state.search[key] = found
    }
    return found
  }

  /// What `-march=native` and the like stand for here.
  func resolveNative(
    _ identity: CompilerIdentity, _ question: Question, _ compilation: Compilation,
    directory: String,
    environment: RequestEnvironment
  ) -> [String]? {
    if compilation.nativeArguments.isEmpty { return [] }
    let key = NativeQuestion(
      identity: identity.digest, arguments: compilation.nativeArguments + question.identityArguments
    )
    if let known = state.withLock({ $0.native[key] }) { return known }
    guard
      let found = prober.resolveNative(
        question, identity.compiler, compilation, directory: directory, environment: environment)
    else { return nil }
    state.withLock { state in
      if state.native.count >= Self.limit { state.native.removeAll() }
      state.native[key] = found
    }
    return found
  }
}
