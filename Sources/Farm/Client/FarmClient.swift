import Glibc
package import Platform
package import Settings
import Synchronization
import Transport

/// Has compilations done on the farm. Blocks the thread that asks.
package final class FarmClient: Sendable {
  package typealias Deadlines = DistributionSettings.Deadlines

  /// What a job gave: a compilation that succeeded, in silence unless the job may print.
  package struct Result: Sendable {
    package var server: SocketAddress
    /// The contents of those outputs that the job made, by the path that was asked for.
    package var outputs: [String: [UInt8]]
    package var standardOutput: [UInt8] = []
    package var standardError: [UInt8] = []
  }

  private struct State {
    /// No call before; nanoseconds of the monotonic clock.
    var restsUntil: Int64 = 0
    var failures = 0
    /// By their digests.
    var certificates: [[UInt8]: [UInt8]] = [:]
  }

  private let url: String
  private let token: @Sendable () -> Secret?
  private let client = HTTPClient(keptHandles: FarmClient.keptHandles)
  private let deadlines: Deadlines
  private let state = Mutex(State())
  /// A connection for each job of a build with so many at once: a new one costs more processor time, here and
  /// there, than a small job's text.
  private static let keptHandles = 256
  private static let greatestResult = 1 << 30
  private static let keptCertificates = 10_000

  /// - Parameter token: the client's, asked for with each call; nil: nobody has signed in yet.
  package init(
    schedulerURL: String, deadlines: Deadlines = Deadlines(),
    token: @escaping @Sendable () -> Secret?
  ) {
    url = schedulerURL
    self.token = token
    self.deadlines = deadlines
  }

  package convenience init(
    schedulerURL: String, token: Secret, deadlines: Deadlines = Deadlines()
  ) {
    self.init(schedulerURL: schedulerURL, deadlines: deadlines) { token }
  }

  /// False for some seconds after the scheduler could not be reached: nobody else shall wait for it.
  package var isAvailable: Bool { rest == 0 }

  /// How long nothing will be asked of the scheduler, in nanoseconds.
  package var rest: Int64 { state.withLock { max(0, $0.restsUntil - Clock.monotonic) } }

  /// Why nothing can be asked at this moment.
  package var hindrance: FarmFailure? {
    do throws(FarmFailure) {
      _ = try credential()
      return nil
    } catch {
      return error
    }
  }

  /// The token for a call of the scheduler.
  ///
  /// - Throws: when nothing can be asked at this moment.
  private func credential() throws(FarmFailure) -> Secret {
    guard let token = token() else { throw .notSignedIn }
    guard isAvailable else { throw .schedulerAway("\(url) could not be reached a moment ago") }
    return token
  }

  // MARK: the scheduler

  /// The scheduler's own account of its farm, as JSON: an object with the three numbers of Mozilla's,
  /// and each server where the scheduler is ours.
  package func status() throws(FarmFailure) -> String {
    let answer = try ask(
      .get, url, .status, headers: [("accept", "application/json"), (FarmCall.detailHeader, "1")],
      limit: deadlines.connect * 2)
    guard answer.status == 200, let text = String(validating: answer.body, as: UTF8.self),
      (try? JSONDocument.parse(text))?["num_servers"] != nil
    else { throw .badResult("the scheduler's status can't be read") }
    return text
  }

  /// Whether every server takes toolchains as zstd frames. False where that can't be told.
  package func takesZstdToolchains() -> Bool {
    guard let text = try? status(),
      case .array(let servers)? = try? JSONDocument.parse(text)["servers"],
      !servers.isEmpty
    else { return false }
    return servers.allSatisfy { server in
      guard case .table(let fields) = server, case .integer(let form)? = fields["job_form"] else {
        return false
      }
      return JobForm(announced: UInt32(clamping: form)).readsZstdToolchains
    }
  }

  private func ask(
    _ method: HTTPQuestion.Method, _ base: String, _ endpoint: FarmCall, _ body: [UInt8] = [],
    headers: [(name: String, value: String)] = [], limit: Int,
    isWanted: @escaping () -> Bool = { true }
  ) throws(FarmFailure) -> HTTPAnswer {
    let token = try credential().value
    var question: HTTPQuestion
    switch method {
    case .post: question = Self.post(base, endpoint, .bytes(body), token: token)
    default:
      question = HTTPQuestion(method, base + endpoint.path)
      question.headers = [("authorization", Authorization.header(bearer: token))]
    }
    question.headers += headers
    var times = HTTPDeadlines()
    times.connect = deadlines.connect
    times.total = limit
    let sign = HTTPQuestion(.get, url + FarmCall.status.path)
    do throws(HTTPFailure) {
      let answer = try client.ask(
        question, deadlines: times, lifeCheck: lifeCheck(sign), isWanted: isWanted)
      state.withLock { $0.failures = 0 }
      return answer
    } catch {
      if error == .cancelled { throw .cancelled }
      letRest()
      throw .schedulerAway(error == .silent ? "\(url) says nothing" : "\(error)")
    }
  }

  /// The scheduler could not be reached, or says nothing.
  private func letRest() {
    state.withLock { state in
      state.failures = min(state.failures + 1, 6)
      // 1 s, 2 s, 4 s … 32 s.
      state.restsUntil = Clock.monotonic + 500_000_000 << state.failures
    }
  }

  /// Whoever falls silent is left before `deadlines.connect` has passed. The question costs a connection:
  /// jobs of less than a third of that time, which are most, ask none.
  private func lifeCheck(_ question: HTTPQuestion) -> HTTPLifeCheck {
    HTTPLifeCheck(
      question, quiet: max(1, deadlines.connect * 35 / 100),
      answer: max(1, deadlines.connect * 60 / 100))
  }

  private static func post(
    _ base: String, _ endpoint: FarmCall, _ body: HTTPQuestion.Body, token: String
  ) -> HTTPQuestion {
    var question = HTTPQuestion(.post, base + endpoint.path)
    question.headers = [
      ("authorization", Authorization.header(bearer: token)),
      ("content-type", "application/octet-stream"),
    ]
    question.body = body
    return question
  }

  /// - Parameter server: whose answer it is; nil: the scheduler's.
  private func message<Message: WireMessage>(
    _ answer: HTTPAnswer, from server: SocketAddress? = nil
  ) throws(FarmFailure) -> Message {
    guard answer.status == 200 else {
      let text = OneLine.of(
        String(decoding: answer.body.prefix(1000), as: UTF8.self), limit: 300)
      if let server { throw .serverFailed("\(server) answers \(answer.status): \(text)") }
      // The scheduler's 401 and the like are the user's to mend; 5xx pass.
      throw answer.status < 500
        ? .refused("the answer is \(answer.status): \(text)")
        : .serverFailed("the answer is \(answer.status): \(text)")
    }
    do throws(MalformedMessage) {
      return try Message(body: answer.body)
    } catch {
      throw .badResult("\(error)")
    }
  }

  struct Lease: Sendable {
    var allocation: JobAllocation
    var needsToolchain: Bool
    var certificateDigest: [UInt8]
    /// Nil: the scheduler isn't ours.
    var extras: AllocationExtras?

    var server: SocketAddress { allocation.server }
    var form: JobForm { JobForm(announced: extras?.jobForm ?? 0) }
  }

  func allocate(
    _ archive: ArchiveID, _ isWanted: @escaping () -> Bool
  ) throws(FarmFailure) -> Lease {
    let answer: AllocationAnswer = try message(
      try ask(
        .post, url, .allocateJob, ToolchainRequest(archive: archive).body,
        limit: deadlines.allocation, isWanted: isWanted))
    switch answer {
    case .failure(let text): throw .noCapacity(text)
    case .success(let allocation, let needsToolchain, let digest, let extras):
      return Lease(
        allocation: allocation, needsToolchain: needsToolchain, certificateDigest: Array(digest),
        extras: extras)
    }
  }

  /// Tells our scheduler how a job came to nothing: its slot is free at once, and a server that failed
  /// rests, so that the next request leads to another one. Whether it hears is no matter.
  ///
  /// - Parameter hasEnded: the server has told the scheduler of the job's end.
  func giveBack(_ lease: Lease, because failure: FarmFailure, hasEnded: Bool) {
    guard lease.extras != nil else { return }
    let report: JobCancellation
    switch failure {
    case .serverFailed(let reason), .badResult(let reason): report = .serverFailed(reason)
    case _ where hasEnded: return
    default: report = .notWanted
    }
    let question = Self.post(
      url, .cancelJob(lease.allocation.job), .bytes(report.body), token: lease.allocation.token)
    var times = HTTPDeadlines()
    times.connect = max(1, deadlines.connect / 2)
    times.total = times.connect
    do throws(HTTPFailure) { _ = try client.ask(question, deadlines: times) } catch {
      // A job lost two peers at once, as when this machine's cable is pulled: no third wait for one of them.
      letRest()
    }
  }

  /// The certificate with exactly this digest: what the scheduler says the server has, and nothing that
  /// somebody put in between.
  private func certificate(
    of server: SocketAddress, digest: [UInt8]
  ) throws(FarmFailure) -> [UInt8] {
    if let known = state.withLock({ $0.certificates[digest] }) { return known }
    let told: ServerCertificate = try message(
      try ask(.get, url, .serverCertificate(server), limit: deadlines.allocation))
    let pem = Array(told.pem)
    guard let actual = SelfSignedCertificate.digest(ofPEM: pem), actual == digest else {
      throw .badResult("the certificate of \(server) is not the one that was announced")
    }
    state.withLock { state in
      if state.certificates.count >= Self.keptCertificates { state.certificates.removeAll() }
      state.certificates[digest] = pem
    }
    return pem
  }

  // MARK: a job

  /// Compiles a job; once more on another server when the first one fails.
  ///
  /// - Parameters:
  ///   - archive: the toolchain.
  ///   - reservation: a place for it, if one was asked for before.
  ///   - isWanted: false ends it.
  package func compile(
    _ job: RemoteJob, archive: ToolchainFile, reservation: Reservation? = nil,
    isWanted: @escaping () -> Bool
  ) throws(FarmFailure) -> Result {
    do throws(FarmFailure) {
      return try attempt(job, archive, reservation, isWanted)
    } catch {
      switch error {
      case .serverFailed, .badResult: break
      default: throw error
      }
      guard isWanted() else { throw error }
      return try again(job, archive, isWanted, after: error)
    }
  }

  /// The second attempt. Where it finds no other server, the first one's failure is the reason.
  private func again(
    _ job: RemoteJob, _ archive: ToolchainFile, _ isWanted: @escaping () -> Bool,
    after first: FarmFailure
  ) throws(FarmFailure) -> Result {
    do throws(FarmFailure) {
      return try attempt(job, archive, nil, isWanted)
    } catch {
      if case .noCapacity = error { throw first }
      throw error
    }
  }

  private func attempt(
    _ job: RemoteJob, _ archive: ToolchainFile, _ reservation: Reservation?,
    _ isWanted: @escaping () -> Bool
  ) throws(FarmFailure) -> Result {
    guard isWanted() else {
      reservation?.giveBack()
      throw .cancelled
    }
    let lease: Lease
    if let reservation {
      lease = try reservation.take()
    } else {
      lease = try allocate(archive.id, isWanted)
    }
    var hasEnded = false
    do throws(FarmFailure) {
      if archive.isZstd, !lease.form.readsZstdToolchains { throw .wantsGzip("\(lease.server)") }
      let certificate = try certificate(of: lease.server, digest: lease.certificateDigest)
      if lease.needsToolchain { try upload(archive.path, lease, certificate, isWanted) }
      let answer = try tell(
        lease, certificate, .runJob(lease.allocation.job), .bytes(try job.body(lease.form)),
        deadlines.job, isWanted, headers: lease.form.headers)
      hasEnded = answer.status == 200
      return try result(in: answer, of: job, lease)
    } catch {
      giveBack(lease, because: error, hasEnded: hasEnded)
      throw error
    }
  }

  private func result(
    in answer: HTTPAnswer, of job: RemoteJob, _ lease: Lease
  ) throws(FarmFailure) -> Result {
    let results = JobResults(
      server: lease.server, asked: job.outputs, limit: Self.greatestResult, mayPrint: job.mayPrint)
    switch lease.form {
    case .mozilla:
      return try results.result(of: try message(answer, from: lease.server) as RunJobAnswer)
    case .checked:
      guard answer.status != 200 || answer.header(JobForm.header) == "\(lease.form.rawValue)"
      else { throw .badResult("\(lease.server) answers in another form than it was asked for") }
      return try results.result(of: try message(answer, from: lease.server) as CheckedJobAnswer)
    }
  }

  private func upload(
    _ path: String, _ lease: Lease, _ certificate: [UInt8], _ isWanted: @escaping () -> Bool
  ) throws(FarmFailure) {
    let source: FileSource
    do throws(SystemError) { source = try FileSource(path) } catch {
      throw .refused("the toolchain's archive can't be read: \(error)")
    }
    let answer: ToolchainAnswer = try message(
      try tell(
        lease, certificate, .submitToolchain(lease.allocation.job), .pieces { source.next() },
        deadlines.upload, isWanted), from: lease.server)
    switch answer {
    case .success: return
    case .jobNotFound:
      throw .serverFailed("\(lease.server) doesn't know the job any more")
    case .cannotCache: throw .serverFailed("\(lease.server) can't take the toolchain")
    }
  }

  private func tell(
    _ lease: Lease, _ certificate: [UInt8], _ endpoint: FarmCall, _ body: HTTPQuestion.Body,
    _ limit: Int, _ isWanted: @escaping () -> Bool, headers: [(name: String, value: String)] = []
  ) throws(FarmFailure) -> HTTPAnswer {
    var question = Self.post(
      "https://\(lease.server)", endpoint, body, token: lease.allocation.token)
    question.headers += headers
    question.pinnedCertificate = certificate
    question.answerLimit = Self.greatestResult
    var times = HTTPDeadlines()
    times.connect = deadlines.connect
    times.total = limit
    if case .pieces = body { times.silence = deadlines.silence }
    // Whatever it answers there: Mozilla's doesn't know this path.
    var sign = HTTPQuestion(.get, "https://\(lease.server)/metrics")
    sign.pinnedCertificate = certificate
    do throws(HTTPFailure) {
      return try client.ask(
        question, deadlines: times, lifeCheck: lifeCheck(sign), isWanted: isWanted)
    } catch {
      if error == .cancelled { throw .cancelled }
      throw .serverFailed("\(lease.server): \(error)")
    }
  }
}

/// A file in pieces.
private final class FileSource: Sendable {
  private let file: Descriptor
  private let path: String
  private let offset = Atomic<Int>(0)

  init(_ path: String) throws(SystemError) {
    self.path = path
    file = try Descriptor.open(path, O_RDONLY)
  }

  /// Empty at the end, nil when it can't be read.
  func next() -> [UInt8]? {
    let start = offset.load(ordering: .relaxed)
    guard let piece = try? file.read(at: start, count: 256 << 10, path: path) else { return nil }
    offset.store(start + piece.count, ordering: .relaxed)
    return piece
  }
}
