import Platform
import Testing

@testable import Farm

@Suite struct LeaseTests {
  @Test func aJobFromStartToEnd() throws {
    let farm = TestFarm()
    farm.beat(1)
    let grant = try farm.grant(needsToolchain: true)
    #expect(grant.needsToolchain)
    guard case .success(let allocation, true, [1], _) = grant.answer else {
      Issue.record("\(grant.answer)")
      return
    }
    try JobToken(job: grant.job).verify(allocation.token, key: [9])
    #expect(farm.scheduler.verify(allocation.token, for: grant.job))
    #expect(!farm.scheduler.verify("a.b.c", for: grant.job))
    for state in [JobState.ready, .ready, .started, .complete] {
      #expect(farm.report(grant, state) == [.acknowledge])
    }
    #expect(farm.jobs == 0)
    #expect(farm.scheduler.serverReports.first?.completed == 1)
  }

  @Test func transitionsAreChecked() throws {
    let farm = TestFarm()
    farm.beat(1)
    farm.beat(2)
    let grant = try farm.grant()
    #expect(
      farm.report(grant, .complete) == [.reject(.badTransition(from: .ready, to: .complete))])
    #expect(farm.report(grant, .pending) == [.reject(.badTransition(from: .ready, to: .pending))])
    let other: SocketAddress = grant.server == .numbered(1) ? .numbered(2) : .numbered(1)
    #expect(
      farm.send(.jobState(grant.job, .started, from: other))
        == [.reject(.foreignJob(grant.job, server: other))])
    let pending = try farm.grant(.numbered(2), needsToolchain: true)
    #expect(
      farm.report(pending, .started) == [.reject(.badTransition(from: .pending, to: .started))])
    #expect(farm.report(grant, .started) == [.acknowledge])
    #expect(
      farm.report(grant, .started) == [.reject(.badTransition(from: .started, to: .started))])
  }

  /// A grant that nobody uses frees its slot in seconds, and its token does not come back to life.
  @Test(arguments: [true, false])
  func unclaimedJobsEnd(needsToolchain: Bool) throws {
    let farm = TestFarm()
    farm.beat(1)
    let grant = try farm.grant(needsToolchain: needsToolchain)
    #expect(farm.wait(.milliseconds(19_999)).isEmpty)
    #expect(farm.jobs == 1)
    #expect(farm.wait(.milliseconds(1)) == [.cancel(grant.job, on: grant.server)])
    #expect(farm.jobs == 0)
    #expect(
      farm.report(grant, needsToolchain ? .ready : .started) == [.reject(.unknownJob)])
    #expect(farm.report(grant, .complete) == [.acknowledge])
  }

  /// The time for claiming a job runs from the end of the upload, where the server tells it.
  @Test func slowUploads() throws {
    let farm = TestFarm()
    let alive = HeartbeatExtras()
    farm.beat(1, extras: alive)
    let grant = try farm.grant(needsToolchain: true)
    farm.wait(.seconds(19))
    #expect(farm.report(grant, .ready) == [.acknowledge])
    for _ in 0..<14 {
      farm.beat(1, extras: alive)
      #expect(farm.wait(.seconds(20)).isEmpty)
    }
    #expect(farm.jobs == 1)
    #expect(farm.report(grant, .ready) == [.acknowledge])
    farm.wait(.seconds(19))
    #expect(farm.jobs == 1)
    #expect(farm.wait(.seconds(1)) == [.cancel(grant.job, on: grant.server)])
  }

  @Test func runningJobsStayWhileTheServerLives() throws {
    let farm = TestFarm()
    farm.beat(1)
    let grant = try farm.start()
    for _ in 0..<29 {
      farm.wait(.seconds(60))
      farm.beat(1)
      #expect(farm.jobs == 1)
    }
    #expect(farm.wait(.seconds(60)) == [.cancel(grant.job, on: grant.server)])
    #expect(farm.jobs == 0)
  }

  @Test func cancellations() throws {
    let farm = TestFarm()
    farm.beat(1)
    let ready = try farm.grant()
    #expect(farm.send(.cancelled(ready.job)) == [.cancel(ready.job, on: ready.server)])
    #expect(farm.jobs == 0)
    #expect(farm.send(.cancelled(ready.job)).isEmpty)

    let running = try farm.start()
    #expect(farm.send(.cancelled(running.job)) == [.cancel(running.job, on: running.server)])
    #expect(farm.jobs == 1, "the slot is busy until the server has stopped")
    #expect(farm.report(running, .complete) == [.acknowledge])
    #expect(farm.jobs == 0)

    let stubborn = try farm.start()
    farm.send(.cancelled(stubborn.job))
    farm.wait(.seconds(10))
    #expect(farm.jobs == 0)
  }

  @Test func clientsThatVanishBeforeTheAnswer() throws {
    let farm = TestFarm()
    farm.beat(1)
    let assignment = try #require(farm.request())
    #expect(farm.send(.requestAbandoned(RequestID(1))).isEmpty)
    #expect(farm.jobs == 1)
    #expect(
      farm.send(.assigned(assignment.job, on: assignment.server, needsToolchain: false))
        == [.cancel(assignment.job, on: assignment.server)])
    #expect(farm.jobs == 0)

    let second = try #require(farm.request())
    farm.send(.requestAbandoned(RequestID(2)))
    #expect(
      farm.send(.assignFailed(second.job, on: second.server, causes: ["x"])).isEmpty,
      "nobody waits: no other server is asked")
    #expect(farm.jobs == 0)
  }

  @Test func restartsAreSurvived() throws {
    let old = TestFarm(seed: 1)
    old.beat(1)
    let running = try old.start()
    let waiting = try old.grant()

    let new = TestFarm(seed: 2)
    // Before the server was heard, its reports are taken, and not counted.
    #expect(new.report(running, .started) == [.acknowledge])
    #expect(new.jobs == 0)
    for (address, heartbeat) in old.scheduler.registrations {
      #expect(new.send(.heartbeat(heartbeat, from: address)) == [.welcome(isNew: true)])
    }
    #expect(new.beat(1) == [.welcome(isNew: false)], "kept: the same process")
    #expect(new.report(waiting, .started) == [.acknowledge])
    #expect(new.jobs == 1)
    #expect(new.report(waiting, .complete) == [.acknowledge])
    #expect(new.report(running, .complete) == [.acknowledge])
    #expect(new.jobs == 0)

    // Not for ever, or old tokens would be good for ever.
    new.wait(.minutes(31))
    new.beat(1)
    #expect(new.report(running, .started) == [.reject(.unknownJob)])
  }

  /// A heartbeat that was written before a job's end and comes after it: the slot is free, not taken again
  /// until the next heartbeat.
  @Test func aLateHeartbeatTakesNoSlot() throws {
    let farm = TestFarm()
    farm.beat(1)
    let grant = try farm.grant()
    for state in [JobState.started, .complete] {
      #expect(farm.report(grant, state) == [.acknowledge])
    }
    farm.beat(1, extras: HeartbeatExtras(jobs: [grant.job]))
    #expect(farm.jobs == 0)
  }

  @Test func heartbeatsTellOfJobs() throws {
    let farm = TestFarm()
    func extras(_ jobs: [JobID]) -> HeartbeatExtras { HeartbeatExtras(jobs: jobs) }
    farm.beat(1, extras: extras([JobID(1), JobID(2)]))
    #expect(farm.jobs == 2)
    farm.beat(1, extras: extras([JobID(2)]))
    #expect(farm.jobs == 1, "what was only told of ends with the first heartbeat without it")
    let grant = try farm.start()
    farm.beat(1, extras: extras([JobID(2)]))
    #expect(farm.jobs == 2, "the heartbeat may be older than the job")
    farm.beat(1, extras: extras([JobID(2), grant.job]))
    farm.beat(1, extras: extras([JobID(2)]))
    #expect(farm.jobs == 2)
    farm.beat(1, extras: extras([JobID(2)]))
    #expect(farm.jobs == 1, "its end was lost on the way")
    farm.beat(1, extras: HeartbeatExtras())
    #expect(farm.jobs == 1)
    farm.beat(1, extras: extras((10..<100).map { JobID($0) }))
    #expect(farm.scheduler.jobs.count <= 20, "a server can't fill the memory")
  }

  @Test func aNewProcessHasNoJobs() throws {
    let farm = TestFarm()
    farm.beat(1)
    _ = try farm.start()
    _ = try farm.grant()
    let actions = farm.beat(1, nonce: 2)
    #expect(actions == [.lost(.numbered(1), jobs: 2), .welcome(isNew: true)])
    #expect(farm.jobs == 0)
    #expect(farm.scheduler.status.servers == 1)
  }

  @Test func theClockNeverGoesBack() throws {
    let farm = TestFarm()
    farm.beat(1)
    _ = try farm.grant()
    farm.now = Moment(nanoseconds: 0)
    #expect(farm.send(.tick).isEmpty)
    #expect(farm.jobs == 1)
    #expect(farm.scheduler.nextDeadline == Moment(nanoseconds: 21_000_000_000))
  }
}
