import Platform
import Testing

@testable import Farm

/// What clients tell about jobs that came to nothing.
@Suite struct ReportedFailureTests {
  @Test func theServerRestsAndTheJobGoesElsewhere() throws {
    let farm = TestFarm()
    for server in 0..<2 { farm.beat(server) }
    let first = try farm.start()
    farm.send(.failed(first.job, cause: "no connection"))
    let report = farm.scheduler.serverReports.first { $0.address == first.server }
    #expect(report?.condition == .resting)
    #expect(report?.lastFailure == "no connection")
    #expect(report?.failed == 1)
    for _ in 0..<5 { #expect(try farm.grant().server != first.server) }
    farm.wait(.seconds(1))
    #expect(
      farm.scheduler.serverReports.first { $0.address == first.server }?.condition == .probed)
  }

  /// In every state of the job its slot is free at once, or as soon as the server may have stopped.
  @Test func theSlotIsFree() throws {
    let farm = TestFarm()
    farm.beat(1)
    let claimed = try farm.start()
    #expect(
      farm.send(.failed(claimed.job, cause: "x")) == [.cancel(claimed.job, on: claimed.server)])
    #expect(farm.jobs == 1)
    farm.wait(.seconds(10))
    #expect(farm.jobs == 0)
    for needsToolchain in [true, false] {
      let grant = try farm.grant(needsToolchain: needsToolchain)
      farm.send(.failed(grant.job, cause: "x"))
      #expect(farm.jobs == 0)
      farm.wait(.seconds(30))
      farm.beat(1)
    }
  }

  /// A server that takes every job and does none rests longer each time, although taking a job ends a
  /// rest, and although it says that it has completed them.
  @Test(arguments: [false, true])
  func restsGrow(claimsCompletion: Bool) throws {
    let farm = TestFarm()
    for seconds: Int64 in [1, 2, 4, 8, 16, 30, 30] {
      farm.beat(1)
      let grant = try farm.start()
      if claimsCompletion { #expect(farm.report(grant, .complete) == [.acknowledge]) }
      farm.send(.failed(grant.job, cause: "x"))
      farm.wait(.milliseconds(seconds * 1000 - 1))
      #expect(farm.request() == nil)
      farm.wait(.milliseconds(1))
    }
    // A job that nobody complains about ends the row.
    farm.beat(1)
    let good = try farm.start()
    #expect(farm.report(good, .complete) == [.acknowledge])
    let bad = try farm.start()
    farm.send(.failed(bad.job, cause: "x"))
    farm.wait(.seconds(1))
    #expect(farm.request() != nil)
  }

  /// Jobs of a server that are under way together fail together.
  @Test func theyCountOnce() throws {
    let farm = TestFarm()
    farm.beat(1)
    let grants = try (0..<5).map { _ in try farm.start() }
    for grant in grants { farm.send(.failed(grant.job, cause: "x")) }
    #expect(farm.scheduler.serverReports.first?.failed == 1)
    farm.wait(.seconds(1))
    #expect(farm.scheduler.serverReports.first?.condition == .probed)
  }

  @Test func aJobCountsOnce() throws {
    let farm = TestFarm()
    farm.beat(1)
    let done = try farm.start()
    #expect(farm.report(done, .complete) == [.acknowledge])
    #expect(farm.scheduler.verify(JobToken(job: done.job).signed(with: [9]), for: done.job))
    farm.send(.failed(done.job, cause: "x"))
    farm.wait(.seconds(1))
    let open = try farm.start()
    for job in [done.job, JobID(4711)] { farm.send(.failed(job, cause: "again")) }
    #expect(farm.scheduler.serverReports.first?.condition == .good)
    #expect(!farm.scheduler.verify(JobToken(job: done.job).signed(with: [9]), for: done.job))
    farm.send(.failed(open.job, cause: "x"))
    farm.send(.failed(open.job, cause: "y"))
    #expect(farm.scheduler.serverReports.first?.lastFailure == "x")
  }

  /// The token is the job's alone.
  @Test func tokensAreChecked() throws {
    let farm = TestFarm()
    farm.beat(1)
    let grants = [try farm.grant(), try farm.grant()]
    func token(_ grant: Grant, _ key: UInt8 = 9) -> String {
      JobToken(job: grant.job).signed(with: [key])
    }
    #expect(farm.scheduler.verify(token(grants[0]), for: grants[0].job))
    #expect(!farm.scheduler.verify(token(grants[0]), for: grants[1].job))
    #expect(!farm.scheduler.verify(token(grants[0], 8), for: grants[0].job))
  }

  @Test func completedJobsAreForgotten() {
    var jobs = CompletedJobs()
    for number in 0..<20_000 as Range<UInt64> {
      jobs.add(JobID(number), CompletedJobs.Record(server: .numbered(1), failedRuns: 0))
      if number % 3 == 0 { _ = jobs.remove(JobID(number)) }
    }
    #expect(jobs[JobID(19_999)] != nil)
    #expect(jobs[JobID(20_000 - 16_384)] != nil)
    #expect(jobs[JobID(20_000 - 16_385)] == nil)
    #expect(jobs[JobID(0)] == nil)
  }

  @Test func serversTellWhatTheyTake() throws {
    let farm = TestFarm()
    farm.beat(1)
    #expect(try farm.grant().jobForm == 0)
    farm.beat(1, extras: HeartbeatExtras(jobForm: 1))
    let grant = try farm.grant()
    #expect(grant.jobForm == 1)
    guard case .success(_, _, _, let extras) = grant.answer else {
      Issue.record("no success")
      return
    }
    #expect(extras == AllocationExtras(jobForm: 1))
    #expect(farm.scheduler.registrations.first?.heartbeat.extras?.jobForm == 1)
    // The same address with another program behind it.
    farm.beat(1, nonce: 2)
    #expect(try farm.grant().jobForm == 0)
  }
}
