import TestSupport
import Testing

@testable import Farm

/// A scheduler with a clock that is set by hand. A class, because the macros of Swift Testing call nothing
/// that mutates.
final class TestFarm {
  var scheduler: Scheduler
  var now = Moment(nanoseconds: 1_000_000_000)
  private var requests: UInt64 = 0

  init(_ policy: SchedulerPolicy = SchedulerPolicy(), seed: UInt64 = 1) {
    var random = SeededGenerator(seed: seed)
    scheduler = Scheduler(policy, at: now, using: &random)
  }

  @discardableResult
  func send(_ event: SchedulerEvent) -> [SchedulerAction] {
    scheduler.handle(event, at: now)
  }

  @discardableResult
  func wait(_ span: Span) -> [SchedulerAction] {
    now = now + span
    return send(.tick)
  }

  static func heartbeat(
    cpus: Int = 8, nonce: UInt64 = 1, key: UInt8 = 9, extras: HeartbeatExtras? = nil
  ) -> Heartbeat {
    Heartbeat(
      jobKey: [key], cpus: UInt64(cpus), nonce: nonce,
      certificate: ServerCertificate(digest: [1], pem: [2]), extras: extras)
  }

  /// Server `number` gives a sign of life.
  @discardableResult
  func beat(
    _ number: Int, cpus: Int = 8, nonce: UInt64 = 1, key: UInt8 = 9, extras: HeartbeatExtras? = nil
  ) -> [SchedulerAction] {
    send(
      .heartbeat(
        Self.heartbeat(cpus: cpus, nonce: nonce, key: key, extras: extras), from: .numbered(number))
    )
  }

  /// The first assignment of a new request, or nil if it was refused.
  func request(_ archive: ArchiveID = .numbered(1)) -> Assignment? {
    requests += 1
    return send(.allocate(RequestID(requests), archive)).assignments.first
  }

  /// A job that was granted.
  func grant(
    _ archive: ArchiveID = .numbered(1), needsToolchain: Bool = false
  ) throws -> Grant {
    let assignment = try #require(request(archive))
    let actions = send(
      .assigned(assignment.job, on: assignment.server, needsToolchain: needsToolchain))
    return try #require(actions.grants.first)
  }

  /// A job that runs.
  func start(_ archive: ArchiveID = .numbered(1)) throws -> Grant {
    let grant = try self.grant(archive)
    #expect(report(grant, .started) == [.acknowledge])
    return grant
  }

  func report(_ grant: Grant, _ state: JobState) -> [SchedulerAction] {
    send(.jobState(grant.job, state, from: grant.server))
  }

  var jobs: Int { scheduler.jobs.count }
}

extension [SchedulerAction] {
  var assignments: [Assignment] {
    compactMap { if case .assign(let assignment) = $0 { assignment } else { nil } }
  }

  var grants: [Grant] {
    compactMap { if case .grant(let grant) = $0 { grant } else { nil } }
  }

  var refusals: [Refusal] {
    compactMap { if case .refuse(_, let refusal) = $0 { refusal } else { nil } }
  }
}
