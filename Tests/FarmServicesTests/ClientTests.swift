import Farm
import Glibc
import Platform
import ServerTestSupport
import TestSupport
import Testing
import Transport

@testable import FarmServices

/// Our client with our scheduler and our servers.
@Suite(.serving) struct ClientTests {
  private static func works(_ contents: [UInt8] = [1, 2, 3]) -> FakeRunner {
    FakeRunner(
      result: SandboxedResult(
        ending: .exited(0), outputs: [SandboxedOutput(path: "/w/a.o", contents: contents)]))
  }

  private static func ends(_ ending: SandboxedResult.Ending) -> FakeRunner {
    FakeRunner(result: SandboxedResult(ending: ending))
  }

  /// The inputs arrive as they were sent, the outputs as they were made.
  @Test func bytesArrive() async throws {
    let text = [UInt8](repeating: 0x20, count: 1_000_000) + [7]
    let object = [UInt8](repeating: 5, count: 300_000)
    let seen = Shared<[UInt8]>([])
    let runner = FakeRunner(runs: { job, _ in
      let tar = (try? job.inputs.file.read(at: 0, count: 2 << 20, path: "tar")) ?? []
      seen.value = tar
      return SandboxedResult(
        ending: .exited(0), outputs: [SandboxedOutput(path: "/w/a.o", contents: object)])
    })
    try await ServedFarm.with([runner]) { farm in
      let result = try await farm.compile(ServedFarm.job(input: text)).get()
      #expect(result.outputs == ["/w/a.o": object])
    }
    let tar = seen.value
    #expect(tar.count == 512 + 1_000_448 + 1024)
    #expect(tar.dropFirst(512).starts(with: text))
  }

  /// A job is one call of alloc_job and one of run_job, on connections that stand already.
  @Test func connectionsAreKept() async throws {
    try await ServedFarm.with([Self.works()]) { farm in
      for _ in 0..<4 { _ = try await farm.compile().get() }
      // A client that waits long for an answer asks for the status meanwhile.
      let scheduler = farm.scheduler.calls.filter { $0 != "/metrics" && $0 != "status" }
      #expect(
        scheduler == ["alloc_job", "server_certificate"] + Array(repeating: "alloc_job", count: 3))
      #expect(farm.servers[0].calls == ["submit_toolchain"] + Array(repeating: "run_job", count: 4))
      // Five calls. One that comes half a minute after the one before, on a machine that is so busy, has a
      // connection of its own.
      #expect(farm.servers[0].connections < 5)
    }
  }

  /// Ours read zstd; where no server is known, nobody can say so.
  @Test(arguments: [0, 2]) func zstdIsForServersThatReadIt(servers: Int) async throws {
    let runners = (0..<servers).map { _ in Self.works() }
    try await ServedFarm.with(runners) { farm in
      let takes = await BlockingThreads(limit: 1).run { [client = farm.client] in
        client.takesZstdToolchains()
      }
      #expect(takes == (servers > 0))
    }
  }

  /// A server that loses its jobs rests, and the second attempt goes elsewhere.
  @Test func theRetryGoesElsewhere() async throws {
    try await ServedFarm.with([Self.ends(.failed("the slot failed")), Self.works()]) { farm in
      for _ in 0..<3 { _ = try await farm.compile().get() }
      #expect(farm.servers[0].calls.filter { $0 == "run_job" }.count <= 3)
      #expect(farm.servers[1].calls.filter { $0 == "run_job" }.count == 3)
      #expect(try await farm.metric("sccache_scheduler_jobs") == 0)
      let reported = try await farm.metric("sccache_scheduler_failures_reported_total")
      #expect(reported == farm.servers[0].calls.filter { $0 == "run_job" }.count)
    }
  }

  /// How a job ended, and in the log's words why. Without another server the failure is the first
  /// one's, and not that there is no room.
  @Test(
    arguments: [
      (.failed("the slot failed"), "a build server failed", ": the slot failed"),
      (
        .refused("the job used up its time"), "the farm refused the job",
        ": the job used up its time"
      ),
      (.killed(signal: 9), "the compiler was killed on a build server", ": by signal 9"),
      (.exited(1), "the compiler had something to say", ""),
    ] as [(SandboxedResult.Ending, String, String)])
  func theReasonIsTold(
    ending: SandboxedResult.Ending, reason: String, text: String
  ) async throws {
    try await ServedFarm.with([Self.ends(ending)]) { farm in
      let failure = await farm.compile().failure
      #expect(failure?.reason == reason)
      #expect(failure?.description.hasSuffix(text) == true)
      #expect(farm.servers[0].calls.filter { $0 == "run_job" }.count == 1)
      // Only a failure of the server is news for the scheduler.
      let isServers = reason == "a build server failed"
      #expect(farm.scheduler.calls.contains("cancel_job") == isServers)
      // The server tells the scheduler beside its answer.
      try await farm.until { try await $0.metric("sccache_scheduler_jobs") == 0 }
    }
  }

  private func reservation(_ farm: ServedFarm) throws -> Reservation {
    let reservation = farm.client.reserve(farm.archive.id, isWanted: { true })
    return try #require(reservation)
  }

  /// A place that was asked for before the job is there is used for it, or free again at once.
  @Test func reservations() async throws {
    try await ServedFarm.with([Self.works()]) { farm in
      _ = try await farm.compile().get()
      let before = farm.scheduler.calls.count { $0 == "alloc_job" }
      let used = try reservation(farm)
      let result = await BlockingThreads(limit: 1).run {
        Result { () throws(FarmFailure) in
          try farm.client.compile(
            ServedFarm.job(), archive: farm.archive, reservation: used, isWanted: { true })
        }
      }
      _ = try result.get()
      #expect(farm.scheduler.calls.count { $0 == "alloc_job" } == before + 1)
      // Once.
      used.giveBack()
      #expect(try await farm.metric("sccache_scheduler_cancelled_total") == 0)
      let unused = try reservation(farm)
      unused.giveBack()
      try await farm.until { try await $0.metric("sccache_scheduler_jobs") == 0 }
      let late = try reservation(farm)
      try await farm.until { try await $0.metric("sccache_scheduler_jobs") == 1 }
      await BlockingThreads(limit: 1).run { late.giveBack() }
      try await farm.until { try await $0.metric("sccache_scheduler_jobs") == 0 }
      _ = try await farm.compile().get()
    }
  }

  /// What was allocated and is not used is free at once, long before the lease would end by itself.
  @Test func whatIsNotWantedIsGivenBack() async throws {
    try await ServedFarm.with([Self.works()]) { farm in
      // At the latest when the toolchain is there, and the job is to be sent.
      let failure = await farm.compile(isWanted: { farm.servers[0].calls.isEmpty }).failure
      #expect(failure == .cancelled)
      #expect(farm.scheduler.calls.contains("alloc_job"))
      #expect(try await farm.metric("sccache_scheduler_jobs") == 0)
      #expect(try await farm.metric("sccache_scheduler_cancelled_total") == 1)
      #expect(try await farm.metric("sccache_scheduler_failures_reported_total") == 0)
      _ = try await farm.compile().get()
    }
  }

  /// The sandbox hears that the client closed its connection, and the scheduler that the job is over.
  @Test func aClientThatGoesAwayEndsItsJob() async throws {
    let started = Shared(false)
    let stopped = Shared(false)
    let runner = FakeRunner(runs: { _, isWanted in
      started.value = true
      for _ in 0..<3000 where isWanted() { usleep(10_000) }
      stopped.value = !isWanted()
      return SandboxedResult(ending: .refused("the job was cancelled"))
    })
    try await ServedFarm.with([runner]) { farm in
      let failure = await farm.compile(isWanted: { !started.value }).failure
      #expect(failure == .cancelled)
      try await farm.until { _ in stopped.value }
      try await farm.until { try await $0.metric("sccache_scheduler_jobs") == 0 }
    }
  }

  /// Only the job's own token counts.
  @Test func jobsOfOthers() async throws {
    try await ServedFarm.with([Self.works()]) { farm in
      func allocate() async throws -> JobAllocation {
        var question = HTTPQuestion(.post, farm.url + FarmCall.allocateJob.path)
        question.headers = [
          ("authorization", "Bearer \(ServedFarm.token)"),
          ("content-type", "application/octet-stream"),
        ]
        question.body = .bytes(ToolchainRequest(archive: farm.archive.id).body)
        let answer = try AllocationAnswer(body: try await ask(question).get().body)
        guard case .success(let allocation, _, _, let extras) = answer else {
          throw WorkerFailure("\(answer)")
        }
        #expect(extras == AllocationExtras(jobForm: 1))
        return allocation
      }
      func cancel(_ job: JobID, _ token: String?, _ body: [UInt8]) async throws -> Int {
        var question = HTTPQuestion(.post, farm.url + FarmCall.cancelJob(job).path)
        question.headers = [("content-type", "application/octet-stream")]
        if let token { question.headers.append(("authorization", "Bearer \(token)")) }
        question.body = .bytes(body)
        return try await ask(question).get().status
      }
      let mine = try await allocate()
      let other = try await allocate()
      let body = JobCancellation.notWanted.body
      for token in [nil, "x", ServedFarm.token, other.token, mine.token + "x"] {
        #expect(try await cancel(mine.job, token, body) == 401)
      }
      #expect(try await cancel(JobID(4711), mine.token, body) == 401)
      #expect(try await cancel(mine.job, mine.token, [9]) == 400)
      #expect(try await farm.metric("sccache_scheduler_jobs") == 2)
      #expect(try await cancel(mine.job, mine.token, body) == 200)
      #expect(try await farm.metric("sccache_scheduler_jobs") == 1)
      // Twice is once.
      #expect(try await cancel(mine.job, mine.token, body) == 401)
      #expect(try await farm.metric("sccache_scheduler_cancelled_total") == 1)
    }
  }
}

extension Result where Failure == FarmFailure {
  fileprivate var failure: FarmFailure? {
    if case .failure(let failure) = self { return failure }
    return nil
  }
}
