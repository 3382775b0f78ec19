@testable import Farm
@testable import Platform

extension Target {
  /// Everything that arrives as a body: what decodes encodes to the bytes it was read from.
  func farmMessages(_ bytes: [UInt8]) {
    same(ToolchainRequest.self, bytes)
    sameAgain(AllocationAnswer.self, bytes)
    sameAgain(JobCancellation.self, bytes)
    sameAgain(CheckedJobAnswer.self, bytes)
    same(AssignmentAnswer.self, bytes)
    same(JobStateReport.self, bytes)
    same(JobStateAnswer.self, bytes)
    same(ServerCertificate.self, bytes)
    same(FarmStatus.self, bytes)
    same(ToolchainAnswer.self, bytes)
    same(RunJobHeader.self, bytes)
    same(RunJobAnswer.self, bytes)
    sameAgain(Heartbeat.self, bytes)
    if case .ended(_, _, _, let outputs) = try? CheckedJobAnswer(body: bytes) {
      for output in outputs { _ = try? output.contents(limit: 1 << 20) }
    }
    _ = try? HeartbeatAnswer(body: bytes)
    var intake = RunJobIntake(limit: 1 << 16)
    _ = try? intake.take(bytes[...])
    let data = OutputData(compressed: bytes[...], length: 1000)
    if let contents = try? data.contents(limit: 1000) { precondition(contents.count == 1000) }
  }

  private func same<Message: WireMessage>(_ type: Message.Type, _ bytes: [UInt8]) {
    guard let message = try? Message(body: bytes) else { return }
    precondition(bytes.starts(with: message.body))
    precondition(message.bodyPieces.joined().elementsEqual(message.body))
    if let answer = message as? any WireAnswer { precondition(!answer.json.bytes.isEmpty) }
  }

  /// For messages whose bytes may differ: fields of extensions in another order, a text made fit.
  private func sameAgain<Message: WireMessage & Equatable>(
    _ type: Message.Type, _ bytes: [UInt8]
  ) {
    guard let message = try? Message(body: bytes) else { return }
    precondition((try? Message(body: message.body)) == message)
  }

  /// Everything that arrives in a head: addresses, paths, tokens.
  func farmTexts(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    if let address = SocketAddress(text) {
      precondition(SocketAddress(address.description) == address)
    }
    for method in ["GET", "POST"] {
      guard let endpoint = FarmCall(method: method, path: text) else { continue }
      precondition(FarmCall(method: method, path: endpoint.path) == endpoint)
    }
    _ = FlatObject(bytes)
    _ = BodyFormat(accept: text)
    _ = FarmCall.heartbeat.accepts(contentType: text)
    if let decoded = Base64URL.decode(text) { precondition(Base64URL.encode(decoded) == text) }
    let claims = Base64URL.encode(bytes)
    let header = Base64URL.encode("{\"alg\":\"HS256\"}".utf8)
    let code = MessageAuthentication.code(key: [1], message: "\(header).\(claims)".utf8)
    _ = try? JobToken(job: JobID(1)).verify(
      "\(header).\(claims).\(Base64URL.encode(code))", key: [1])
    _ = try? ServerToken(text, key: [1])
    _ = Authorization.bearer(text).flatMap { Authorization.server(showing: $0, shared: "x") }
  }

  /// Three bytes make an event: what, who, how much later. The scheduler must agree with itself after
  /// each.
  func schedulerEvents(_ bytes: [UInt8]) {
    var random = SystemRandomNumberGenerator()
    var now = Moment(nanoseconds: 0)
    var scheduler = Scheduler(at: now, using: &random)
    var known: [(JobID, SocketAddress)] = [(JobID(1), SocketAddress(host: .v4(1), port: 1))]
    for start in stride(from: 0, to: bytes.count - 2, by: 3) {
      let who = Int(bytes[start + 1])
      now = now + .milliseconds(Int64(bytes[start + 2]) * 40)
      let (job, server) = known[who % known.count]
      let event = Self.event(bytes[start], who: who, job: job, server: server)
      for case .assign(let assignment) in scheduler.handle(event, at: now) {
        known.append((assignment.job, assignment.server))
      }
      let held = scheduler.servers.values.reduce(0) { $0 + $1.jobs.count }
      precondition(held == scheduler.jobs.count)
      precondition(scheduler.jobs.keys.allSatisfy { scheduler.deadlines[.job($0)] != nil })
      precondition(scheduler.servers.values.allSatisfy { $0.assigning >= 0 })
    }
    while let end = scheduler.nextDeadline { _ = scheduler.handle(.tick, at: end) }
    precondition(scheduler.jobs.isEmpty && scheduler.servers.isEmpty)
  }

  private static func event(
    _ kind: UInt8, who: Int, job: JobID, server: SocketAddress
  ) -> SchedulerEvent {
    let address = SocketAddress(host: .v4(UInt32(who % 4)), port: 1)
    let states = JobState.allCases
    return switch kind % 11 {
    case 0: .heartbeat(heartbeat(kind, who: who, job: job), from: address)
    case 1: .allocate(RequestID(UInt64(who)), archive(who % 3))
    case 2: .requestAbandoned(RequestID(UInt64(who)))
    case 3: .assigned(job, on: server, needsToolchain: kind > 128)
    case 4: .assignFailed(job, on: server, causes: ["x"])
    case 5: .jobState(job, states[Int(kind / 10) % 4], from: server)
    case 6: .jobState(JobID(UInt64(who)), states[Int(kind / 10) % 4], from: address)
    case 7: .cancelled(job)
    case 8: .drain(address, kind > 128)
    case 9: .failed(job, cause: "x")
    default: kind > 200 ? .left(address) : .tick
    }
  }

  private static func heartbeat(_ kind: UInt8, who: Int, job: JobID) -> Heartbeat {
    let extras = HeartbeatExtras(
      interval: kind > 100 ? 1000 : nil, freeMemory: kind > 150 ? UInt64(who) << 26 : nil,
      jobs: kind > 200 ? [job, JobID(UInt64(who))] : nil, toolchains: [archive(who % 3)])
    return Heartbeat(
      jobKey: [], cpus: UInt64(who % 5), nonce: UInt64(kind % 4),
      certificate: ServerCertificate(digest: [], pem: []), extras: kind > 50 ? extras : nil)
  }

  private static func archive(_ number: Int) -> ArchiveID {
    guard let id = ArchiveID(hash: [UInt8](repeating: UInt8(number), count: 32)) else {
      preconditionFailure("32 bytes make an id")
    }
    return id
  }
}
