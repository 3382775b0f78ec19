package import Farm
package import WebServer
package import Logging
import Platform
package import Settings
import Synchronization
import Transport

/// The scheduler behind its HTTP calls: authenticates, hands events to the state machine, and does what
/// that wants done.
package final class SchedulerService: Sendable {
  /// How an alloc_job ends.
  private enum Allocation {
    case granted(Grant)
    case refused(Refusal)
    /// Nobody waits for the answer any more.
    case abandoned
  }

  /// An alloc_job under way.
  private struct WaitingClient {
    var continuation: CheckedContinuation<Allocation, Never>
    var isWanted: @Sendable () -> Bool
  }

  /// Everything in it is only touched under the lock, for the time of one event.
  private struct State {
    var scheduler: Scheduler
    var waiting: [RequestID: WaitingClient] = [:]
    var lastRequest: UInt64 = 0
    var counts = SchedulerCounts()
  }

  private let state: Mutex<State>
  private let clients: any ClientAuthenticator
  private let servers: ServerAuthenticator
  private let calls: ServerCalls
  private let logger: Logger
  private static let bodyLimit = 256 << 10
  private static let bodySeconds = 10
  /// To build servers: a job for one that has none costs a TLS handshake more.
  private static let keptConnections = 2048

  package init(
    _ settings: SchedulerSettings, policy: SchedulerPolicy = SchedulerPolicy(), logger: Logger
  ) {
    var random = SystemRandomNumberGenerator()
    state = Mutex(
      State(scheduler: Scheduler(policy, at: Self.now, using: &random)))
    let client = HTTPClient(keptHandles: Self.keptConnections)
    let threads = BlockingThreads(limit: 64)
    clients = settings.clientAuthentication.authenticator(
      client: client, threads: threads, logger: logger)
    servers = ServerAuthenticator(settings)
    calls = ServerCalls(client: client, threads: threads, policy: policy)
    self.logger = logger
  }

  private static var now: Moment { Moment(nanoseconds: Clock.monotonic) }

  /// Ends leases in time, and the requests of clients that have gone, until the task is cancelled.
  package func keepTime() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(250))
      abandonUnwanted()
      send(.tick)
    }
  }

  /// No further server is asked for a client that has gone while one did not answer.
  private func abandonUnwanted() {
    for (request, client) in state.withLock({ $0.waiting }) where !client.isWanted() {
      send(.requestAbandoned(request))
      state.withLock { $0.counts.abandoned += 1 }
      end(request, .abandoned)
    }
  }

  // MARK: calls

  package func reply(
    to head: HTTPRequestHead, _ body: HTTPBody, _ isWanted: @escaping @Sendable () -> Bool
  ) async -> HTTPReply {
    do throws(ErrorResponse) {
      return try await answer(head, body, isWanted)
    } catch {
      return HTTPReply(error)
    }
  }

  private func answer(
    _ head: HTTPRequestHead, _ body: HTTPBody, _ isWanted: @escaping @Sendable () -> Bool
  ) async throws(ErrorResponse) -> HTTPReply {
    if head.method == "GET", head.path == "/metrics" {
      return HTTPReply(
        status: 200, headers: [("Content-Type", MetricsText.contentType)],
        body: state.withLock { $0.scheduler.metrics($0.counts) })
    }
    guard let endpoint = FarmCall(method: head.method, path: head.path) else { throw .notFound }
    let format = BodyFormat(accept: head.header("accept"))
    switch endpoint {
    case .status:
      if format == .json, head.header(FarmCall.detailHeader) != nil {
        return HTTPReply(
          status: 200, headers: [("Content-Type", format.contentType)],
          body: state.withLock { $0.scheduler.detailedStatus.bytes })
      }
      return HTTPReply(state.withLock { $0.scheduler.status }, format)
    case .serverCertificate(let server):
      guard let certificate = state.withLock({ $0.scheduler.certificate(of: server) }) else {
        throw .noCertificate
      }
      return HTTPReply(certificate, format)
    case .allocateJob:
      return try await allocate(head, body, format, isWanted)
    case .heartbeat:
      let server = try server(head)
      let heartbeat: Heartbeat = try await message(head, body, endpoint)
      return try told(.heartbeat(heartbeat, from: server), format)
    case .jobState(let job):
      let server = try server(head)
      let report: JobStateReport = try await message(head, body, endpoint)
      return try told(.jobState(job, report.state, from: server), format)
    case .cancelJob(let job):
      return try await cancel(job, head, body, format)
    case .assignJob, .submitToolchain, .runJob:
      throw .notFound
    }
  }

  private func server(_ head: HTTPRequestHead) throws(ErrorResponse) -> SocketAddress {
    try servers.server(
      authorization: head.header("authorization"), peer: head.peer.flatMap { IPAddress($0) },
      realAddress: head.header("x-real-ip"))
  }

  private func message<Message: WireMessage>(
    _ head: HTTPRequestHead, _ body: HTTPBody, _ endpoint: FarmCall
  ) async throws(ErrorResponse) -> Message {
    guard endpoint.accepts(contentType: head.header("content-type")) else {
      throw .noBinaryContentType
    }
    let bytes: [UInt8]
    do {
      bytes = try await body.collect(limit: Self.bodyLimit, seconds: Self.bodySeconds)
    } catch {
      throw .described(500, ["the body of the request can't be read", "\(error)"])
    }
    do throws(MalformedMessage) {
      return try Message(body: bytes)
    } catch {
      throw .malformedBody(error)
    }
  }

  private func allocate(
    _ head: HTTPRequestHead, _ body: HTTPBody, _ format: BodyFormat,
    _ isWanted: @escaping @Sendable () -> Bool
  ) async throws(ErrorResponse) -> HTTPReply {
    // Before the body is read: who has no token gets nothing of us.
    guard let token = Authorization.bearer(head.header("authorization")) else { throw .noBearer }
    guard await clients.accepts(token) else {
      state.withLock { $0.counts.tokensRefused += 1 }
      throw .bearerRefused(clients.refusal)
    }
    let wanted: ToolchainRequest = try await message(head, body, .allocateJob)
    switch await allocation(wanted.archive, isWanted) {
    case .granted(let grant):
      guard isWanted() else {
        send(.cancelled(grant.job))
        throw .internalError
      }
      return HTTPReply(grant.answer, format)
    case .refused(let refusal):
      if let answer = refusal.answer { return HTTPReply(answer, format) }
      guard case .assignFailed(let causes) = refusal else { throw .internalError }
      throw .assignFailed(causes)
    case .abandoned: throw .internalError
    }
  }

  private func allocation(
    _ archive: ArchiveID, _ isWanted: @escaping @Sendable () -> Bool
  ) async -> Allocation {
    await withCheckedContinuation { continuation in
      let actions = state.withLock { state in
        state.lastRequest += 1
        let request = RequestID(state.lastRequest)
        state.waiting[request] = WaitingClient(continuation: continuation, isWanted: isWanted)
        return state.scheduler.handle(.allocate(request, archive), at: Self.now)
      }
      perform(actions)
    }
  }

  /// Only whoever holds the job's own token may say something about it.
  private func cancel(
    _ job: JobID, _ head: HTTPRequestHead, _ body: HTTPBody, _ format: BodyFormat
  ) async throws(ErrorResponse) -> HTTPReply {
    guard let token = Authorization.bearer(head.header("authorization")) else { throw .noBearer }
    guard state.withLock({ $0.scheduler.verify(token, for: job) }) else { throw .jobTokenRefused }
    switch try await message(head, body, .cancelJob(job)) as JobCancellation {
    case .notWanted:
      state.withLock { $0.counts.jobsCancelled += 1 }
      send(.cancelled(job))
    case .serverFailed(let reason):
      state.withLock { $0.counts.failuresReported += 1 }
      logger.warning(
        "a client's job failed on its server", metadata: ["job": "\(job)", "reason": "\(reason)"])
      send(.failed(job, cause: reason))
    }
    return HTTPReply(JobStateAnswer.success, format)
  }

  /// Hands over what a server says; gives the answer that the scheduler has for it.
  private func told(
    _ event: SchedulerEvent, _ format: BodyFormat
  ) throws(ErrorResponse) -> HTTPReply {
    for answer in send(event) {
      switch answer {
      case .welcome(let isNew):
        return HTTPReply(HeartbeatAnswer(isNew: isNew, takesExtensions: true), format)
      case .acknowledge: return HTTPReply(JobStateAnswer.success, format)
      case .turnAway(let error), .reject(let error): throw error
      default: continue
      }
    }
    throw .internalError
  }

  // MARK: actions

  /// Gives those actions that answer the event's sender.
  @discardableResult
  private func send(_ event: SchedulerEvent) -> [SchedulerAction] {
    let actions = state.withLock { $0.scheduler.handle(event, at: Self.now) }
    return perform(actions)
  }

  @discardableResult
  private func perform(_ actions: [SchedulerAction]) -> [SchedulerAction] {
    var answers: [SchedulerAction] = []
    for action in actions {
      switch action {
      case .assign(let assignment): assign(assignment)
      case .grant(let grant):
        state.withLock { $0.counts.granted += 1 }
        end(grant.request, .granted(grant))
      case .refuse(let request, let refusal):
        if case .noCapacity = refusal { state.withLock { $0.counts.withoutCapacity += 1 } }
        end(request, .refused(refusal))
      case .cancel(let job, let server):
        logger.debug(
          "a job is not wanted any more", metadata: ["job": "\(job)", "server": "\(server)"])
      case .drained(let server):
        logger.info("a server has drained", metadata: ["server": "\(server)"])
      case .lost(let server, let jobs):
        state.withLock { $0.counts.serversLost += 1 }
        logger.warning("a server is gone", metadata: ["server": "\(server)", "jobs": "\(jobs)"])
      case .welcome, .turnAway, .acknowledge, .reject: answers.append(action)
      }
    }
    return answers
  }

  private func end(_ request: RequestID, _ allocation: Allocation) {
    state.withLock { $0.waiting.removeValue(forKey: request) }?.continuation
      .resume(returning: allocation)
  }

  private func assign(_ assignment: Assignment) {
    let certificate = state.withLock { $0.scheduler.certificate(of: assignment.server) }
    Task {
      let event = await calls.assign(assignment, certificate: Array(certificate?.pem ?? []))
      if case .assignFailed(_, let server, let causes) = event {
        state.withLock { $0.counts.assignFailures += 1 }
        logger.warning(
          "a server takes no job",
          metadata: ["server": "\(server)", "reason": "\(causes.joined(separator: ": "))"])
      }
      send(event)
    }
  }
}

extension HTTPReply {
  init(_ error: ErrorResponse) {
    self.init(status: error.status, body: error.body)
    if let challenge = error.challenge { headers.append(("WWW-Authenticate", challenge)) }
    if let type = error.contentType { headers.append(("Content-Type", type)) }
  }

  init(_ answer: some WireAnswer, _ format: BodyFormat) {
    self.init(
      status: 200, headers: [("Content-Type", format.contentType)],
      body: Array(format.pieces(of: answer).joined()))
  }
}
