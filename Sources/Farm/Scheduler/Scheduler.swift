import Platform

/// The scheduler of a farm: events and the time go in, actions come out. It does no I/O, reads no clock
/// and starts nothing; whoever holds it answers, calls servers and sets the alarm.
///
/// Every job that occupies a slot is a lease: there is a moment at which it ends if nothing happens.
/// What depends on time is done before an event is looked at, so an event that comes late sees the same
/// state as if `tick` had been sent in time.
package struct Scheduler: Sendable {
  let policy: SchedulerPolicy
  var servers: [SocketAddress: ServerRecord] = [:]
  var jobs: [JobID: JobRecord] = [:]
  /// Jobs that were completed a short time ago: their results may still turn out to be worth nothing.
  var completed = CompletedJobs()
  /// The jobs of requests that were not answered.
  var requests: [RequestID: JobID] = [:]
  var ranking = Ranking()
  var deadlines = PriorityIndex<Deadline, Moment>()
  var ids: JobIDSequence
  /// Until when jobs of an earlier scheduler may turn up.
  private let adoptionEnd: Moment
  private(set) var now: Moment
  private var turn: UInt64 = 0
  /// What the current event leads to.
  var actions: [SchedulerAction] = []

  /// Something that ends by itself.
  enum Deadline: Hashable {
    case job(JobID)
    case server(SocketAddress)
    case rest(SocketAddress)
  }

  /// The generator chooses the ids of jobs; give one that differs for every process.
  package init(
    _ policy: SchedulerPolicy = SchedulerPolicy(), at now: Moment,
    using random: inout some RandomNumberGenerator
  ) {
    self.policy = policy
    self.now = now
    ids = JobIDSequence(using: &random)
    adoptionEnd = now + policy.runTimeout
  }

  /// The next moment at which something ends; send `tick` then.
  package var nextDeadline: Moment? { deadlines.first?.priority }

  /// Takes an event that happened at `moment`, gives what is to be done about it.
  package mutating func handle(
    _ event: SchedulerEvent, at moment: Moment
  ) -> [SchedulerAction] {
    // A clock that goes back would end nothing, or everything.
    now = max(now, moment)
    endWhatIsDue()
    switch event {
    case .heartbeat(let heartbeat, let server): hear(heartbeat, from: server)
    case .allocate(let request, let archive): allocate(request, archive)
    case .requestAbandoned(let request): abandon(request)
    case .assigned(let job, let server, let needsToolchain):
      took(job, server, needsToolchain: needsToolchain)
    case .assignFailed(let job, let server, let causes):
      refused(job, server, causes: causes)
    case .jobState(let job, let state, let server): report(job, state, from: server)
    case .cancelled(let job): cancel(job)
    case .failed(let job, let cause): fail(job, because: cause)
    case .drain(let server, let isDraining):
      change(server) { $0.isHeld = isDraining }
    case .left(let server): forget(server)
    case .tick: break
    }
    defer { actions = [] }
    return actions
  }

  /// Ends what has come to its time. What follows from an end lies in the future, so this ends too.
  private mutating func endWhatIsDue() {
    while let (deadline, moment) = deadlines.first, moment <= now {
      deadlines.remove(deadline)
      switch deadline {
      case .job(let job): expire(job)
      case .server(let server): forget(server)
      case .rest(let server):
        change(server) { server in
          if case .resting(let failures) = server.health {
            server.health = .probed(failures: failures)
          }
        }
      }
    }
  }

  /// The order of things: larger for every call.
  mutating func nextTurn() -> UInt64 {
    turn += 1
    return turn
  }

  /// Changes a server, and its place in the ranking with it. Whatever decides on whether and when a
  /// server gets jobs is changed through here.
  mutating func change(_ address: SocketAddress, _ body: (inout ServerRecord) -> Void) {
    guard let index = servers.index(forKey: address) else { return }
    let before = servers.values[index].standing
    body(&servers.values[index])
    let server = servers.values[index]
    // Most changes leave it where it is, and a place is one in the ranking of every toolchain.
    if server.standing != before { ranking.update(address, server) }
    guard server.isDraining, server.jobs.isEmpty else {
      servers.values[index].hasToldDrained = false
      return
    }
    if !server.hasToldDrained {
      servers.values[index].hasToldDrained = true
      actions.append(.drained(address))
    }
  }

  /// Whether a job that this scheduler does not know may be one of an earlier scheduler.
  func mayAdopt(_ job: JobID) -> Bool {
    now < adoptionEnd && !ids.hasGiven(job)
  }
}
