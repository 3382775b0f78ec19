import Testing

@testable import Farm

@Suite struct FailureTests {
  @Test func theNextServerIsTried() throws {
    let farm = TestFarm()
    for server in 0..<2 { farm.beat(server) }
    let first = try #require(farm.request())
    let again = farm.send(.assignFailed(first.job, on: first.server, causes: ["no connection"]))
    let second = try #require(again.assignments.first)
    #expect(second.server != first.server)
    #expect(second.job != first.job)
    #expect(second.archive == first.archive)
    let actions = farm.send(.assigned(second.job, on: second.server, needsToolchain: false))
    let grant = try #require(actions.grants.first)
    #expect(grant.request == RequestID(1))
    #expect(farm.jobs == 1)
    // The first server answers after all.
    #expect(
      farm.send(.assigned(first.job, on: first.server, needsToolchain: false))
        == [.cancel(first.job, on: first.server)])
  }

  @Test func attemptsEnd() throws {
    let farm = TestFarm()
    for server in 0..<5 { farm.beat(server) }
    var next = farm.request()
    var last: [SchedulerAction] = []
    var attempts = 0
    while let assignment = next {
      attempts += 1
      last = farm.send(
        .assignFailed(assignment.job, on: assignment.server, causes: ["cause \(attempts)"]))
      next = last.assignments.first
    }
    #expect(attempts == 3)
    #expect(
      last == [
        .refuse(RequestID(1), .assignFailed(causes: ["cause 1", "cause 2", "cause 3"]))
      ])
    #expect(farm.jobs == 0)
  }

  /// 1, 2, 4 … 30 seconds, with one probe after each; a success ends it.
  @Test func restsGrowAndEnd() throws {
    let farm = TestFarm()
    for seconds: Int64 in [1, 2, 4, 8, 16, 30, 30] {
      farm.beat(1)
      let assignment = try #require(farm.request(), "\(seconds)")
      #expect(farm.request() == nil || seconds == 1, "one probe only")
      farm.send(.assignFailed(assignment.job, on: assignment.server, causes: ["x"]))
      // Failures of calls that were under way together count once.
      for job in farm.scheduler.jobs.keys {
        farm.send(.assignFailed(job, on: .numbered(1), causes: ["x"]))
      }
      farm.wait(.milliseconds(seconds * 1000 - 1))
      #expect(farm.request() == nil)
      farm.wait(.milliseconds(1))
    }
    let probe = try farm.grant()
    #expect(farm.request() != nil)
    #expect(farm.request() != nil)
    farm.send(.cancelled(probe.job))
    #expect(farm.scheduler.serverReports.first?.condition == .good)
  }

  @Test func aSilentServerIsAFailure() throws {
    let farm = TestFarm()
    for server in 0..<2 { farm.beat(server) }
    let first = try #require(farm.request())
    #expect(farm.wait(.milliseconds(4999)).isEmpty)
    let second = try #require(farm.wait(.milliseconds(1)).assignments.first)
    #expect(second.server != first.server)
  }

  @Test func aRestartedServerNeedsNoRest() throws {
    let farm = TestFarm()
    farm.beat(1)
    let assignment = try #require(farm.request())
    farm.send(.assignFailed(assignment.job, on: assignment.server, causes: []))
    #expect(farm.request() == nil)
    #expect(farm.beat(1) == [.welcome(isNew: false)])
    #expect(farm.request() == nil)
    #expect(farm.beat(1, nonce: 2).contains(.welcome(isNew: true)))
    #expect(farm.request() != nil)
  }

  @Test func aVanishedServerFreesItsJobs() throws {
    let farm = TestFarm()
    farm.beat(1)
    let grant = try farm.start()
    farm.wait(.seconds(89))
    #expect(farm.jobs == 1)
    #expect(farm.wait(.seconds(1)) == [.lost(.numbered(1), jobs: 1)])
    #expect(farm.jobs == 0)
    #expect(farm.scheduler.status == FarmStatus(servers: 0, cpus: 0, jobs: 0))
    #expect(farm.scheduler.certificate(of: .numbered(1)) == nil)
    // It comes back with the result.
    #expect(farm.report(grant, .complete) == [.acknowledge])
  }

  @Test func announcedHeartbeatsAreMissedSooner() throws {
    let farm = TestFarm()
    farm.beat(1, extras: HeartbeatExtras(interval: 5000))
    farm.beat(2, extras: HeartbeatExtras(interval: .max))
    #expect(farm.wait(.milliseconds(14_999)).isEmpty)
    #expect(farm.wait(.milliseconds(1)) == [.lost(.numbered(1), jobs: 0)])
    #expect(farm.wait(.seconds(75)) == [.lost(.numbered(2), jobs: 0)])
  }

  /// What no client knows of yet goes elsewhere.
  @Test func assignmentsOfAVanishedServerGoOn() throws {
    let farm = TestFarm()
    for server in 0..<2 { farm.beat(server) }
    let first = try #require(farm.request())
    let actions = farm.send(.left(first.server))
    #expect(actions.first == .lost(first.server, jobs: 1))
    #expect(actions.assignments.first?.server != first.server)
    #expect(farm.jobs == 1)
  }

  @Test func drainingServersTakeNothingNew() throws {
    let farm = TestFarm()
    farm.beat(1)
    let running = try farm.start()
    #expect(farm.beat(1, extras: HeartbeatExtras(isDraining: true)) == [.welcome(isNew: false)])
    #expect(farm.request() == nil)
    #expect(
      farm.report(running, .complete) == [.drained(.numbered(1)), .acknowledge])
    #expect(farm.send(.drain(.numbered(1), false)).isEmpty)
    #expect(farm.request() == nil, "its own wish stands")
    farm.beat(1, extras: HeartbeatExtras())
    #expect(farm.request() != nil)

    farm.beat(2)
    #expect(farm.send(.drain(.numbered(2), true)) == [.drained(.numbered(2))])
    farm.beat(2, extras: HeartbeatExtras())
    #expect(farm.scheduler.serverReports.last?.condition == .draining)
  }

  @Test func badHeartbeats() {
    var policy = SchedulerPolicy()
    policy.greatestServers = 1
    let farm = TestFarm(policy)
    guard case .turnAway = farm.beat(1, cpus: 0).first else {
      Issue.record("no CPUs")
      return
    }
    #expect(farm.beat(1) == [.welcome(isNew: true)])
    guard case .turnAway = farm.beat(2).first else {
      Issue.record("too many")
      return
    }
    #expect(farm.beat(1) == [.welcome(isNew: false)])
  }

  /// Mozilla's scheduler keeps the first of both.
  @Test func theSameProcessMayChange() throws {
    let farm = TestFarm()
    farm.beat(1, cpus: 1)
    let granted = try farm.grant()
    #expect(granted.jobKey == [9])
    farm.beat(1, cpus: 4, key: 10)
    #expect(farm.scheduler.status.cpus == 4)
    #expect(try farm.grant().jobKey == [10])
    #expect(farm.jobs == 2)
  }
}
