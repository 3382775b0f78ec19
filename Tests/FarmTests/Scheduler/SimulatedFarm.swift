import Platform
import TestSupport
import Testing

@testable import Farm

/// A farm of many servers and impatient clients on a clock of its own. Everything is drawn from one
/// seed: servers fail, vanish, restart and drain; clients go away, forget their jobs and cancel them.
final class SimulatedFarm {
  struct Server {
    var cpus: Int
    var nonce: UInt64
    var isUp = true
    var isOurs: Bool
    var running: Set<JobID> = []
    var toolchains: Set<ArchiveID> = []
  }

  enum Happening {
    case event(SchedulerEvent)
    case heartbeat(Int)
    case request
    case run(Grant)
    case finish(Grant)
  }

  private(set) var scheduler: Scheduler
  private(set) var servers: [Server] = []
  private var random: SeededGenerator
  private var now = Moment(nanoseconds: 0)
  private var agenda = PriorityIndex<Int, Moment>()
  private var happenings: [Int: Happening] = [:]
  private var lastHappening = 0
  private var lastRequest: UInt64 = 0
  /// Requests that wait for their answer.
  private(set) var waiting: Set<RequestID> = []
  /// Every job ever assigned, and what it needs.
  private var archives: [JobID: ArchiveID] = [:]
  private(set) var grants = 0
  private(set) var refusals = 0
  private(set) var completed = 0
  /// Of a thousand, how many times something goes wrong where it can.
  private let mishaps: Int
  let policy = SchedulerPolicy()

  init(servers count: Int, mishaps: Int, seed: UInt64) {
    random = SeededGenerator(seed: seed)
    scheduler = Scheduler(policy, at: now, using: &random)
    self.mishaps = mishaps
    for number in 0..<count {
      servers.append(
        Server(
          cpus: [1, 2, 4, 8, 16, 64].randomElement(using: &random) ?? 1, nonce: random.next(),
          isOurs: Bool.random(using: &random)))
      plan(.heartbeat(number), in: .milliseconds(0))
    }
  }

  func plan(_ happening: Happening, in span: Span) {
    lastHappening += 1
    happenings[lastHappening] = happening
    agenda.set(lastHappening, now + span)
  }

  /// Requests at random moments within a span.
  func request(_ count: Int, within span: Span) {
    for _ in 0..<count {
      plan(.request, in: Span(nanoseconds: .random(in: 0..<span.nanoseconds, using: &random)))
    }
  }

  /// Lets time pass until `end`, or until nothing is left to happen.
  func run(until end: Moment, _ check: (SimulatedFarm) -> Void) {
    while true {
      let alarm = scheduler.nextDeadline
      let next = agenda.first
      guard let moment = [alarm, next?.priority].compactMap({ $0 }).min(), moment <= end else {
        return
      }
      now = moment
      if let next, next.priority == moment {
        agenda.remove(next.element)
        if let happening = happenings.removeValue(forKey: next.element) { happen(happening) }
      } else {
        send(.tick)
      }
      check(self)
    }
  }

  /// From now on no server is heard any more.
  func cutNetwork() {
    for number in servers.indices { servers[number].isUp = false }
    happenings = [:]
  }

  private func goesWrong() -> Bool { Int.random(in: 0..<1000, using: &random) < mishaps }

  private func index(of address: SocketAddress) -> Int {
    guard case .v4(let host) = address.host else { return 0 }
    return Int(host & 0xff_ffff)
  }

  private func happen(_ happening: Happening) {
    switch happening {
    case .event(let event): send(event)
    case .heartbeat(let number): beat(number)
    case .request:
      lastRequest += 1
      let request = RequestID(lastRequest)
      waiting.insert(request)
      send(.allocate(request, .numbered(UInt8.random(in: 0..<6, using: &random))))
      if goesWrong(), waiting.remove(request) != nil { send(.requestAbandoned(request)) }
    case .run(let grant): run(grant)
    case .finish(let grant): finish(grant)
    }
  }

  private func beat(_ number: Int) {
    if goesWrong() {
      // It dies, and comes back as another process or never.
      servers[number].running = []
      servers[number].nonce = random.next()
      servers[number].isUp = false
      plan(.heartbeat(number), in: .seconds(.random(in: 1...200, using: &random)))
      return
    }
    servers[number].isUp = true
    let server = servers[number]
    let extras = HeartbeatExtras(
      interval: 5000, isDraining: goesWrong(), jobs: Array(server.running),
      toolchains: Array(server.toolchains))
    send(
      .heartbeat(
        Heartbeat(
          jobKey: [1], cpus: UInt64(server.cpus), nonce: server.nonce,
          certificate: ServerCertificate(digest: [], pem: []),
          extras: server.isOurs ? extras : nil), from: .numbered(number)))
    plan(.heartbeat(number), in: .seconds(server.isOurs ? 5 : 30))
  }

  private func run(_ grant: Grant) {
    let number = index(of: grant.server)
    guard servers[number].isUp else { return }
    if grant.needsToolchain {
      send(.jobState(grant.job, .ready, from: grant.server))
      if let archive = archives[grant.job] { servers[number].toolchains.insert(archive) }
    }
    send(.jobState(grant.job, .started, from: grant.server))
    servers[number].running.insert(grant.job)
    plan(.finish(grant), in: .milliseconds(.random(in: 20...8000, using: &random)))
    if goesWrong() { plan(.event(.cancelled(grant.job)), in: .milliseconds(10)) }
  }

  private func finish(_ grant: Grant) {
    let number = index(of: grant.server)
    guard servers[number].isUp, servers[number].running.remove(grant.job) != nil else { return }
    completed += 1
    if !goesWrong() { send(.jobState(grant.job, .complete, from: grant.server)) }
  }

  private func send(_ event: SchedulerEvent) {
    for action in scheduler.handle(event, at: now) { act(action) }
  }

  private func act(_ action: SchedulerAction) {
    switch action {
    case .assign(let assignment): assign(assignment)
    case .grant(let grant):
      #expect(waiting.remove(grant.request) != nil, "answered once, and only those who wait")
      grants += 1
      // Some clients never come.
      if goesWrong() { return }
      plan(.run(grant), in: .milliseconds(.random(in: 0...50, using: &random)))
    case .refuse(let request, _):
      #expect(waiting.remove(request) != nil)
      refusals += 1
    default: break
    }
  }

  private func assign(_ assignment: Assignment) {
    #expect(
      archives.updateValue(assignment.archive, forKey: assignment.job) == nil,
      "no id comes twice")
    let number = index(of: assignment.server)
    let server = scheduler.servers[assignment.server]
    #expect(server != nil && server?.isDraining == false)
    // Adopted jobs may be more; what the scheduler gives out never is.
    #expect((server?.jobs.count ?? 0) <= (server?.capacity ?? 0), "never over capacity")
    let answer = Span.milliseconds(.random(in: 0...5, using: &random))
    if !servers[number].isUp || goesWrong() {
      if Bool.random(using: &random) { return }
      plan(
        .event(.assignFailed(assignment.job, on: assignment.server, causes: ["down"])), in: answer)
    } else {
      let needsToolchain = !servers[number].toolchains.contains(assignment.archive)
      plan(
        .event(
          .assigned(assignment.job, on: assignment.server, needsToolchain: needsToolchain)),
        in: answer)
    }
  }
}
