import Farm
import Glibc
import Platform
import ServerTestSupport
import Settings
import Synchronization
import TestSupport
import Testing
import Transport
import WebServer

@testable import FarmServices

/// A build server's calls over TLS, with a scheduler that only writes down what it is told.
@Suite(.serving) struct WorkerServiceTests {
  /// What the scheduler was told of jobs.
  private final class Reports: Sendable {
    private let texts = Mutex<[String]>([])
    var all: [String] { texts.withLock { $0 } }
    func add(_ text: String) { texts.withLock { $0.append(text) } }
  }

  private struct Worker: Sendable {
    var url: String
    var certificate: [UInt8]
    var jobKey: [UInt8]
    var trees: ToolchainTrees
    var directory: TemporaryDirectory
    var reports: Reports
    let client = HTTPClient()

    func ask(
      _ call: FarmCall, _ body: HTTPQuestion.Body, token: String? = nil, form: String? = nil
    ) async throws -> HTTPAnswer {
      var question = HTTPQuestion(.post, url + call.path)
      question.body = body
      question.pinnedCertificate = certificate
      question.headers = [("content-type", "application/octet-stream")]
      if let token { question.headers.append(("authorization", "Bearer \(token)")) }
      if let form { question.headers.append(("sccache-job", form)) }
      return try await ServerTestSupport.ask(question, client: client).get()
    }

    func token(_ job: UInt64) -> String { JobToken(job: JobID(job)).signed(with: jobKey) }

    func assign(_ job: UInt64, _ archive: ArchiveID) async throws -> AssignmentAnswer {
      let answer = try await ask(
        .assignJob(JobID(job)), .bytes(ToolchainRequest(archive: archive).body), token: token(job))
      try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
      return try AssignmentAnswer(body: answer.body)
    }

    func submit(_ job: UInt64, _ archive: [UInt8]) async throws -> ToolchainAnswer {
      let answer = try await ask(
        .submitToolchain(JobID(job)), .bytes(archive), token: token(job))
      try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
      return try ToolchainAnswer(body: answer.body)
    }
  }

  private func withWorker(
    _ runner: FakeRunner = FakeRunner(), _ body: @escaping @Sendable (Worker) async throws -> Void
  ) async throws {
    let directory = TemporaryDirectory()
    let reports = Reports()
    try await serving { head, body, _ in
      let bytes = (try? await body.collect(limit: 1 << 16)) ?? []
      if let state = try? JobStateReport(body: bytes) {
        reports.add("\(head.path.split(separator: "/").last ?? "") \(state.state)")
      }
      return HTTPReply(status: 200, body: JobStateAnswer.success.body)
    } _: { schedulerPort in
      let certificate = try SelfSignedCertificate(
        address: "127.0.0.1:10501", ip: "127.0.0.1", nonce: 5)
      let jobKey = [UInt8](repeating: 3, count: 32)
      let settings = try workerSettings(
        port: 10501, schedulerURL: "http://127.0.0.1:\(schedulerPort)", directory: directory.path)
      let trees = try ToolchainTrees(directory: directory("trees"), limit: 1 << 20)
      let service = WorkerService(
        settings,
        credentials: WorkerService.Credentials(jobKey: jobKey, nonce: 5, certificate: certificate),
        runner: runner, trees: trees, slots: 2, logger: silence)
      let identity = HTTPServerIdentity(
        certificates: certificate.certificatePEM, key: certificate.keyPEM)
      try await serving(identity: identity) { head, body, isWanted in
        await service.reply(to: head, body, isWanted)
      } _: { port in
        try await body(
          Worker(
            url: "https://127.0.0.1:\(port)", certificate: certificate.certificatePEM,
            jobKey: jobKey, trees: trees, directory: directory, reports: reports))
      }
    }
  }

  private static func id(of bytes: [UInt8]) -> ArchiveID {
    var hash = ArchiveIDHash()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.finish()
  }

  private static let archive = [UInt8](repeating: 0x42, count: 300_000)

  private static func runBody(inputs: [UInt8], outputs: [String] = ["/w/a.o"]) -> [UInt8] {
    let command = CompileCommand(
      executable: "/usr/bin/gcc", arguments: ["-c"], environment: [], directory: "/w")
    var body = RunJobHeader(command: command, outputs: outputs).framed
    var deflater = Deflater(level: 1)
    inputs.withUnsafeBytes { bytes in
      deflater.feed(bytes, isLast: true) { (piece: UnsafeRawBufferPointer) in
        body.append(contentsOf: piece)
      }
    }
    return body
  }

  @Test func aJobFromBeginningToEnd() async throws {
    let output = SandboxedOutput(path: "/w/a.o", contents: Array("object".utf8))
    let runner = FakeRunner(
      result: SandboxedResult(
        ending: .exited(0), standardError: Array("note".utf8), outputs: [output]))
    try await withWorker(runner) { worker in
      let id = Self.id(of: Self.archive)
      #expect(try await worker.assign(1, id).needsToolchain)
      #expect(try await worker.submit(1, Self.archive) == .success)
      #expect(worker.trees.has(id))
      let answer = try await worker.ask(
        .runJob(JobID(1)), .bytes(Self.runBody(inputs: [0])), token: worker.token(1))
      #expect(answer.status == 200)
      guard case .complete(let process, let files) = try RunJobAnswer(body: answer.body) else {
        Issue.record("not complete")
        return
      }
      #expect(process.exitCode == 0)
      #expect(Array(process.standardError) == Array("note".utf8))
      #expect(files.map(\.path) == ["/w/a.o"])
      #expect(worker.reports.all == ["1 ready", "1 started", "1 complete"])
      #expect(try await !worker.assign(2, id).needsToolchain)
    }
  }

  // MARK: form 1

  /// The inputs' frame, behind the header of a job.
  private static func checkedBody(_ frame: [UInt8]) -> [UInt8] {
    let command = CompileCommand(
      executable: "/usr/bin/gcc", arguments: ["-c"], environment: [], directory: "/w")
    return RunJobHeader(command: command, outputs: ["/w/a.o"]).framed + frame
  }

  private static func frame(_ bytes: [UInt8]) -> [UInt8] {
    var frame: [UInt8] = []
    var compressor = StreamCompressor(level: 1)
    let isDone = bytes.withUnsafeBytes { bytes in
      compressor.feed(bytes, isLast: true) { frame.append(contentsOf: $0) }
    }
    return isDone ? frame : []
  }

  /// A frame without contents whose decoder needs a window of 2^log bytes.
  private static func frame(windowLog: UInt8) -> [UInt8] {
    [0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3, 1, 0, 0]
  }

  private static func runsOneJob(
    _ worker: Worker, _ job: UInt64, _ body: [UInt8], form: String? = "1"
  ) async throws -> HTTPAnswer {
    let id = id(of: archive)
    if try await worker.assign(job, id).needsToolchain {
      #expect(try await worker.submit(job, archive) == .success)
    }
    return try await worker.ask(
      .runJob(JobID(job)), .bytes(body), token: worker.token(job), form: form)
  }

  @Test func endingsInBothForms() async throws {
    let endings: [(SandboxedResult.Ending, JobEnd, code: UInt8?)] = [
      (.exited(3), .exited(3), 3), (.killed(signal: 9), .killed(signal: 9), 137),
      (.refused("a limit"), .refused("a limit"), nil), (.failed("a slot"), .lost("a slot"), nil),
    ]
    for (ending, end, code) in endings {
      let output = SandboxedOutput(path: "/w/a.o", contents: Array("object".utf8))
      let runner = FakeRunner(
        result: SandboxedResult(
          ending: ending, standardError: Array("note".utf8), outputs: [output]))
      try await withWorker(runner) { worker in
        let checked = try await Self.runsOneJob(
          worker, 1, Self.checkedBody(Self.frame([0])))
        #expect(checked.status == 200)
        #expect(checked.header("sccache-job") == "1")
        guard case .ended(end, [], let errors, let files) = try CheckedJobAnswer(body: checked.body)
        else {
          Issue.record("another end than \(end)")
          return
        }
        #expect(Array(errors) == (code == nil ? [] : Array("note".utf8)))
        #expect(
          try files.map { try $0.contents(limit: 10) } == (code == nil ? [] : [output.contents]))

        let plain = try await Self.runsOneJob(
          worker, 2, Self.runBody(inputs: [0]), form: nil)
        #expect(plain.header("sccache-job") == nil)
        #expect(plain.status == (code == nil ? 500 : 200))
        guard case .complete(let process, _)? = try? RunJobAnswer(body: plain.body) else {
          #expect(code == nil)
          return
        }
        #expect(process.exitCode == code)
      }
    }
  }

  @Test func damagedFrames() async throws {
    let plain = [UInt8](repeating: 1, count: 5000)
    let good = Self.frame(plain)
    var changed = good
    changed[4] ^= 0xff
    let bad: [[UInt8]] = [
      [], Array(good.dropLast()), Array(good.prefix(5)), changed, good + [1], good + good.prefix(9),
      Self.frame(windowLog: 24), Self.frame(windowLog: 31), plain,
    ]
    try await withWorker { worker in
      for (number, frame) in bad.enumerated() {
        let answer = try await Self.runsOneJob(
          worker, UInt64(number), Self.checkedBody(frame))
        #expect(answer.status == 500, "\(number)")
      }
      for (number, frame) in [good, good + good, Self.frame(windowLog: 23)].enumerated() {
        let answer = try await Self.runsOneJob(
          worker, UInt64(100 + number), Self.checkedBody(frame))
        #expect(answer.status == 200, "\(number)")
      }
      // The scheduler is told each time, or the slot would stay taken.
      #expect(worker.reports.all.filter { $0.hasSuffix("complete") }.count == bad.count + 3)
    }
  }

  /// A form of later: the job stays, and can be sent in another one.
  @Test func unknownForms() async throws {
    try await withWorker { worker in
      let body = Self.checkedBody(Self.frame([0]))
      _ = try await worker.assign(1, Self.id(of: Self.archive))
      for form in ["2", "0", "x"] {
        let answer = try await worker.ask(
          .runJob(JobID(1)), .bytes(body), token: worker.token(1), form: form)
        #expect(answer.status == 400)
      }
      #expect(try await worker.submit(1, Self.archive) == .success)
      let answer = try await worker.ask(
        .runJob(JobID(1)), .bytes(body), token: worker.token(1), form: "1")
      #expect(answer.status == 200)
      let again = try await worker.ask(
        .runJob(JobID(1)), .bytes(body), token: worker.token(1), form: "1")
      #expect(try CheckedJobAnswer(body: again.body) == .jobNotFound)
    }
  }

  // MARK: damage

  /// A job runs once; one that nobody assigned doesn't run.
  @Test func unknownJobs() async throws {
    try await withWorker { worker in
      let id = Self.id(of: Self.archive)
      _ = try await worker.assign(1, id)
      // Its toolchain is not there.
      let body = Self.runBody(inputs: [0])
      for job in [1, 1, 2] as [UInt64] {
        let answer = try await worker.ask(
          .runJob(JobID(job)), .bytes(body), token: worker.token(job))
        #expect(try RunJobAnswer(body: answer.body) == .jobNotFound)
      }
      #expect(try await worker.submit(7, Self.archive) == .jobNotFound)
      #expect(!worker.trees.has(id))
    }
  }

  @Test func anArchiveThatIsNotTheAnnouncedOneIsNeverUsed() async throws {
    let runner = FakeRunner()
    try await withWorker(runner) { worker in
      let id = Self.id(of: Self.archive)
      var changed = Self.archive
      changed[299_999] ^= 1
      for (job, upload) in [changed, [], Array(Self.archive.dropLast())].enumerated() {
        _ = try await worker.assign(UInt64(job), id)
        #expect(try await worker.submit(UInt64(job), upload) == .cannotCache)
        // The slot is free at once.
        #expect(worker.reports.all.last == "\(job) complete")
        #expect(!worker.trees.has(id))
        #expect(!worker.trees.has(Self.id(of: upload)))
      }
      #expect(runner.unpacked.load(ordering: .relaxed) == 0)
      #expect(Files.names(in: worker.directory("trees")) == [])
      // And the right one is still welcome.
      _ = try await worker.assign(9, id)
      #expect(try await worker.submit(9, Self.archive) == .success)
    }
  }

  /// A client of Mozilla's fails the build over any 4xx, so that only the scheduler gets one.
  @Test func foreignTokens() async throws {
    try await withWorker { worker in
      let id = Self.id(of: Self.archive)
      _ = try await worker.assign(1, id)
      let foreign = JobToken(job: JobID(1)).signed(with: [1])
      let otherJob = worker.token(2)
      for token in [foreign, otherJob, "x"] {
        let assigned = try await worker.ask(
          .assignJob(JobID(1)), .bytes(ToolchainRequest(archive: id).body), token: token)
        #expect(assigned.status == 401)
        for call in [FarmCall.submitToolchain(JobID(1)), .runJob(JobID(1))] {
          let answer = try await worker.ask(call, .bytes(Self.archive), token: token)
          #expect(answer.status == 500)
        }
      }
      #expect(!worker.trees.has(id))
      #expect(worker.reports.all.isEmpty)
    }
  }

  @Test func damagedJobs() async throws {
    let runner = FakeRunner()
    try await withWorker(runner) { worker in
      let id = Self.id(of: Self.archive)
      _ = try await worker.assign(0, id)
      #expect(try await worker.submit(0, Self.archive) == .success)
      let good = Self.runBody(inputs: [UInt8](repeating: 1, count: 5000))
      for (number, body) in [[], Array(good.prefix(20)), Array(good.dropLast(9))].enumerated() {
        let job = UInt64(number + 1)
        _ = try await worker.assign(job, id)
        let answer = try await worker.ask(
          .runJob(JobID(job)), .bytes(body), token: worker.token(job))
        #expect(answer.status >= 400)
      }
      // The scheduler is told each time, or the slot would stay taken.
      #expect(worker.reports.all.filter { $0.hasSuffix("complete") }.count == 3)
    }
  }
}
