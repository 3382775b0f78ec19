import Farm
import Glibc
import Platform
import ServerTestSupport
import Settings
import TestSupport
import Testing
import Transport
import WebServer

@testable import FarmServices

@Suite(.serving) struct AbandonedRequestTests {
  /// When a client goes away while its job is offered to a server, nobody else gets the job, and the slot is
  /// free as soon as that server has failed.
  @Test func noOtherServerIsAsked() async throws {
    let silent = try (0..<2).map { _ in try LoopbackPort(listens: true) }
    try await ServedFarm.withSilentServers(silent) { farm in
      let asked = Shared(false)
      async let gone = farm.compile(isWanted: { !asked.value })
      try await farm.until { _ in silent.contains(where: \.isAsked) }
      asked.value = true
      _ = await gone
      try await farm.until { try await $0.metric("sccache_scheduler_abandoned_total") == 1 }
      #expect(try await farm.metric("sccache_scheduler_jobs") == 1)
      let first = silent[0].isAsked ? 0 : 1
      silent[first].refuse()
      try await farm.until { try await $0.metric("sccache_scheduler_jobs") == 0 }
      #expect(!silent[1 - first].isAsked)
    }
  }
}
