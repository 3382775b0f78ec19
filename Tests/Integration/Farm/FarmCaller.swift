import Farm
import Glibc
import Platform
import Settings
import TestSupport
import Testing
import Transport

/// Speaks the farm's protocol as a client does, but says what a test wants.
struct FarmCaller {
  /// A job that the scheduler gave.
  struct Lease: Sendable {
    var token: String
    var job: JobID
    var server: SocketAddress
    var needsToolchain: Bool
    var certificate: [UInt8]
  }

  struct Refused: Error, CustomStringConvertible { var description: String }

  private let url: String
  private let token: String
  private let client = HTTPClient()

  init(_ farm: TestFarm) {
    url = farm.schedulerURL
    token = farm.clientToken
  }

  func ask(
    _ url: String, _ body: HTTPQuestion.Body, token: String?, certificate: [UInt8]? = nil,
    method: HTTPQuestion.Method = .post, seconds: Int = 60,
    isWanted: @escaping () -> Bool = { true }
  ) throws -> HTTPAnswer {
    var question = HTTPQuestion(method, url)
    question.headers = [("content-type", "application/octet-stream")]
    if let token { question.headers.append(("authorization", "Bearer \(token)")) }
    question.body = body
    question.pinnedCertificate = certificate
    question.answerLimit = 1 << 30
    var deadlines = HTTPDeadlines()
    deadlines.total = seconds * 1000
    return try client.ask(question, deadlines: deadlines, isWanted: isWanted)
  }

  /// A call of the scheduler.
  func ask(
    _ call: FarmCall, _ body: [UInt8] = [], method: HTTPQuestion.Method = .post
  ) throws -> HTTPAnswer {
    try ask(url + call.path, method == .get ? .none : .bytes(body), token: token, method: method)
  }

  /// Waits for a slot: jobs that a test doesn't run keep theirs until the scheduler has enough of that.
  func allocate(_ archive: ArchiveID) throws -> Lease {
    let request = ToolchainRequest(archive: archive).body
    var answer = try ask(.allocateJob, request)
    for _ in 0..<300 where try Self.isRefusal(answer) {
      pause(milliseconds: 200)
      answer = try ask(.allocateJob, request)
    }
    guard answer.status == 200,
      case .success(let allocation, let needsToolchain, _, _) = try AllocationAnswer(
        body: answer.body)
    else { throw Refused(description: String(decoding: answer.body, as: UTF8.self)) }
    let told = try ServerCertificate(
      body: try ask(.serverCertificate(allocation.server), method: .get).body)
    return Lease(
      token: allocation.token, job: allocation.job, server: allocation.server,
      needsToolchain: needsToolchain, certificate: Array(told.pem))
  }

  private static func isRefusal(_ answer: HTTPAnswer) throws -> Bool {
    guard answer.status == 200 else { return true }
    if case .failure = try AllocationAnswer(body: answer.body) { return true }
    return false
  }

  /// A call of the lease's server.
  func tell(
    _ lease: Lease, _ call: FarmCall, _ body: HTTPQuestion.Body, token: String? = nil,
    isWanted: @escaping () -> Bool = { true }
  ) throws -> HTTPAnswer {
    try ask(
      "https://\(lease.server)\(call.path)", body, token: token ?? lease.token,
      certificate: lease.certificate, isWanted: isWanted)
  }

  func submit(_ archive: [UInt8], _ lease: Lease) throws -> ToolchainAnswer {
    try ToolchainAnswer(
      body: try tell(lease, .submitToolchain(lease.job), .bytes(archive)).body)
  }

  /// The body of run_job.
  static func body(
    _ command: CompileCommand, outputs: [String], inputs: [UInt8]
  ) -> [UInt8] {
    RunJobHeader(command: command, outputs: outputs).framed
      + inputs.withUnsafeBytes { Zlib.deflate($0) }
  }
}

/// A farm of one server, and a toolchain with a shell and tools for attacks, made by whoever attacks.
final class AttackedFarm {
  let farm: TestFarm
  let caller: FarmCaller
  let toolchain: ArchiveID
  /// A file that nobody but its owner may read, with `secret` in it.
  let secretFile: String
  static let secret = "do not tell anybody"

  init(_ setting: TestFarm.Setting = .init()) throws {
    var setting = setting
    setting.aroundServers.environment["SECRET_OF_THE_SERVER"] = Self.secret
    farm = try TestFarm(setting: setting)
    caller = FarmCaller(farm)
    secretFile = farm.root + "/secret"
    try Files.write(
      Array(Self.secret.utf8), to: secretFile, temporary: secretFile + ".new", mode: 0o600)
    let archive = try Self.archive.get()
    toolchain = Self.id(of: archive)
    let lease = try caller.allocate(toolchain)
    try #require(try caller.submit(archive, lease) == .success)
    // Not to keep its slot.
    _ = try caller.tell(lease, .runJob(lease.job), .bytes([]))
  }

  static func id(of archive: [UInt8]) -> ArchiveID {
    var hash = ArchiveIDHash()
    archive.withUnsafeBytes { hash.update($0) }
    return hash.finish()
  }

  struct Failure: Error, CustomStringConvertible { var description: String }

  /// The one of the sandbox's own tests, packed.
  private static let archive: Result<[UInt8], any Error> = Result {
    var sources = #filePath
    for _ in 0..<3 { sources = Path.directory(of: sources) }
    sources += "/SandboxTests/Toolchain"
    var template = Array("/tmp/sccattack-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template).map({ String(cString: $0) }) else {
      throw SystemError("make directory", "/tmp/sccattack-")
    }
    defer {
      _ = try? Spawn.run(
        "/bin/rm", ["-rf", made], environment: [], directory: "/", timeoutSeconds: 60)
    }
    let result = try Spawn.run(
      "/bin/sh",
      [
        "-c",
        "sh \(sources)/build \(made)/root \(sources)/probe.c && tar -C \(made)/root --owner=0 --group=0 -c . | gzip -1 >\(made)/tar.gz",
      ], environment: [Array("PATH=\(Programs.searchPath)".utf8)], directory: made,
      timeoutSeconds: 120)
    guard result.isSuccess else {
      throw Failure(description: "no toolchain can be made: \(result.errorText)")
    }
    return try Files.read(made + "/tar.gz")
  }

  // MARK: jobs

  enum Ending {
    case complete(code: Int32, text: String, errors: String, outputs: [String: [UInt8]])
    /// With the reasons, in one text.
    case refused(String)
    case unknown

    var text: String { if case .complete(_, let text, _, _) = self { text } else { "" } }
    var errors: String { if case .complete(_, _, let errors, _) = self { errors } else { "" } }
    var outputs: [String: [UInt8]] {
      if case .complete(_, _, _, let outputs) = self { outputs } else { [:] }
    }
    var refusal: String? { if case .refused(let reason) = self { reason } else { nil } }
    var isSuccess: Bool { if case .complete(0, _, _, _) = self { true } else { false } }
  }

  /// Runs a job in the toolchain; a shell's script, or any program.
  func run(
    _ script: String = "", program: [String]? = nil, outputs: [String] = [],
    inputs: [UInt8] = [UInt8](repeating: 0, count: 1024), directory: String = "/work",
    variables: [String: String] = ["PATH": "/usr/bin"]
  ) throws -> Ending {
    let lease = try caller.allocate(toolchain)
    let words = program ?? ["/bin/sh", "-c", script]
    let command = CompileCommand(
      executable: words[0], arguments: Array(words.dropFirst()),
      environment: variables.map { .init(name: $0.key, value: $0.value) }, directory: directory)
    let answer = try caller.tell(
      lease, .runJob(lease.job),
      .bytes(FarmCaller.body(command, outputs: outputs, inputs: inputs)))
    return try ending(answer)
  }

  func ending(_ answer: HTTPAnswer) throws -> Ending {
    guard answer.status == 200 else {
      return .refused(String(decoding: answer.body, as: UTF8.self))
    }
    guard case .complete(let output, let files) = try RunJobAnswer(body: answer.body) else {
      return .unknown
    }
    var outputs: [String: [UInt8]] = [:]
    for file in files { outputs[file.path] = try file.data.contents(limit: 1 << 30) }
    return .complete(
      code: Int32(output.exitCode ?? 255),
      text: String(decoding: output.standardOutput, as: UTF8.self),
      errors: String(decoding: output.standardError, as: UTF8.self), outputs: outputs)
  }

  /// The server is the process that it was, and does an honest job.
  func livesOn(_ what: String = "", location: SourceLocation = #_sourceLocation) throws {
    #expect(farm.servers[0].isRunning, "\(what)", sourceLocation: location)
    let honest = try run(
      "echo 'int a;' >a.c; gcc -c a.c -o a.o && echo fine", outputs: ["/work/a.o"])
    #expect(honest.text == "fine\n", "\(what): \(honest)", sourceLocation: location)
    #expect(
      honest.outputs["/work/a.o"]?.starts(with: [0x7f, 0x45, 0x4c, 0x46]) == true, "\(what)",
      sourceLocation: location)
  }

  /// Jobs that its server counts as running.
  func runningJobs() throws -> String? {
    let lease = try caller.allocate(toolchain)
    let answer = try caller.ask(
      "https://\(lease.server)/metrics", .none, token: nil, certificate: lease.certificate,
      method: .get)
    return String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
      .first { $0.hasPrefix("sccache_worker_running ") }.map(String.init)
  }
}
