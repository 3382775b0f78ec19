import CacheKey
import Compilers
import Glibc
import Platform
import Synchronization

/// The program that links for rustc, as it is installed now.
struct Linker: Sendable {
  /// Of the driver, the linker proper that it runs, and its plugin.
  let digest: Digest
  let parts: [CompilerPart]
  /// It writes a list of all files that it reads (`--dependency-file` of GNU ld since 2.36, gold, lld since 12
  /// and mold).
  let listsFiles: Bool
  /// Where it looks for libraries by itself, in order.
  let searchDirectories: [String]

  var isInPlace: Bool { parts.allSatisfy(\.isInPlace) }
}

/// Tells what links, by asking it; remembers the answers for as long as nothing of it is replaced.
final class LinkerRegistry: Sendable {
  struct Question: Hashable, Sendable {
    /// Absolute.
    var program: String
    /// Those of the command line that choose another linker proper.
    var arguments: [String]
    /// Variables that steer which programs are found.
    var environment: [[UInt8]]
  }

  private let known = Mutex<[Question: Linker]>([:])
  private let probing = Monitor<Set<Question>>([])
  private let files: FileRecords
  private let runtimeDirectory: String
  private static let limit = 64
  private static let sequence = Atomic<Int>(0)

  init(files: FileRecords, runtimeDirectory: String) {
    self.files = files
    self.runtimeDirectory = runtimeDirectory
  }

  /// Variables that reach the product, or choose what links.
  static let variables = [
    "PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX", "LIBRARY_PATH", "LD_RUN_PATH", "LDEMULATION",
  ]

  /// Nil when there is no such program, when it is a script that may run anything, or can't be asked.
  func linker(_ linking: CrateCompilation.Linking, _ call: Call) -> Linker? {
    guard
      let program = ProgramLookup.find(
        linking.linker ?? "cc", directory: call.directory, environment: call.environment),
      !ScriptReader.isScript(program)
    else { return nil }
    let question = Question(
      program: program, arguments: linking.arguments.filter(Self.choosesLinker),
      environment: call.environment.variables(named: Self.variables))
    if let linker = inPlace(question) { return linker }
    guard probing.withLock({ $0.insert(question).inserted }) else {
      _ = probing.wait(until: Clock.monotonic + 60_000_000_000) {
        $0.contains(question) ? nil : true
      }
      return inPlace(question)
    }
    defer { probing.change { _ = $0.remove(question) } }
    if let linker = inPlace(question) { return linker }
    guard let found = identify(question, call) else { return nil }
    known.withLock { known in
      if known.count >= Self.limit { known.removeAll() }
      known[question] = found
    }
    return found
  }

  private func inPlace(_ question: Question) -> Linker? {
    known.withLock { $0[question] }.flatMap { $0.isInPlace ? $0 : nil }
  }

  private static func choosesLinker(_ argument: String) -> Bool {
    ["-fuse-ld", "-B", "--target", "-target", "-m", "--gcc-toolchain", "--ld-path"]
      .contains(where: argument.hasPrefix)
  }

  private func identify(_ question: Question, _ call: Call) -> Linker? {
    var parts = PartList(files: files)
    guard parts.add(question.program, role: "linker") else { return nil }
    var names = ["collect2", "ld", "lld", "ld.lld"]
    if let chosen = question.arguments.last(where: { $0.hasPrefix("-fuse-ld=") }) {
      names += ["ld.\(chosen.dropFirst(9))", String(chosen.dropFirst(9))]
    }
    for name in names {
      guard let answer = run(question, ["-print-prog-name=\(name)"], call),
        let path = ProgramLookup.find(
          answer, directory: call.directory, environment: call.environment)
      else { continue }
      parts.add(path, role: name, foundAs: answer.contains("/") ? nil : answer)
    }
    if let plugin = run(question, ["-print-prog-name=liblto_plugin.so"], call),
      plugin.hasPrefix("/")
    {
      parts.add(plugin, role: "plugin")
    }
    guard parts.isComplete else { return nil }
    return Linker(
      digest: parts.digest(), parts: parts.parts, listsFiles: listsFiles(question, call),
      searchDirectories: searchDirectories(question, call))
  }

  /// Those of the driver, and behind them GNU ld's own (`SEARCH_DIR("=/usr/lib");` in its script).
  private func searchDirectories(_ question: Question, _ call: Call) -> [String] {
    var found: [String] = []
    for line in lines(question, question.arguments + ["-print-search-dirs"], call) {
      guard line.hasPrefix("libraries: =") else { continue }
      found += line.dropFirst("libraries: =".utf8.count).split(separator: ":").map(String.init)
    }
    guard let answer = run(question, ["-print-prog-name=ld"], call),
      let ld = ProgramLookup.find(answer, directory: call.directory, environment: call.environment)
    else { return found }
    let own = Question(program: ld, arguments: [], environment: question.environment)
    for line in lines(own, ["--verbose"], call) where line.hasPrefix("SEARCH_DIR(") {
      found += line.split(separator: "\"").filter { $0.hasPrefix("/") || $0.hasPrefix("=/") }
        .map { String($0.first == "=" ? $0.dropFirst() : $0) }
    }
    return found
  }

  /// Whether an empty library can be linked with the list asked for, and the list is there.
  private func listsFiles(_ question: Question, _ call: Call) -> Bool {
    let number = Self.sequence.wrappingAdd(1, ordering: .relaxed).newValue
    let stem = "\(runtimeDirectory)/link-\(getpid())-\(number)"
    defer {
      for suffix in [".so", ".d"] { unlink(stem + suffix) }
    }
    let made = run(
      question,
      question.arguments + [
        "-shared", "-nostdlib", "-o", stem + ".so", "-x", "c", "/dev/null",
        "-Wl,--dependency-file=\(stem).d",
      ], call)
    guard made != nil, let bytes = try? Files.read(stem + ".d", limit: 1 << 20) else {
      return false
    }
    return MakeDependencies.prerequisites(in: bytes) != nil
  }

  /// The first line of what it prints, which may be nothing; nil when it fails.
  private func run(_ question: Question, _ arguments: [String], _ call: Call) -> String? {
    output(question, arguments, call).map { $0.split(separator: "\n").first.map(String.init) ?? "" }
  }

  private func lines(_ question: Question, _ arguments: [String], _ call: Call) -> [String] {
    output(question, arguments, call)?.split(separator: "\n").map(String.init) ?? []
  }

  private func output(_ question: Question, _ arguments: [String], _ call: Call) -> String? {
    guard
      let result = try? Spawn.run(
        question.program, arguments,
        environment: call.environment.variables(running: question.program),
        directory: call.directory, timeoutSeconds: 20, outputLimit: 1 << 20),
      result.isSuccess
    else { return nil }
    return String(decoding: result.output, as: UTF8.self)
  }
}
