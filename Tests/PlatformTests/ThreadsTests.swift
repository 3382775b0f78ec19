import Glibc
import Synchronization
import Testing

@testable import Platform

@Suite struct MonitorTests {
  @Test func givesWhatTheBodyGives() {
    let monitor = Monitor(1)
    #expect(monitor.withLock { $0 + 1 } == 2)
    #expect(
      monitor.change { value -> Int in
        value = 5
        return value
      } == 5)
    #expect(monitor.wait(until: .max) { $0 == 5 ? "there" : nil } == "there")
  }

  @Test func waitsNoLongerThanAsked() {
    let monitor = Monitor(0)
    let before = Clock.monotonic
    #expect(monitor.wait(until: before + 50_000_000) { _ -> Int? in nil } == nil)
    let took = Clock.monotonic - before
    #expect(took >= 50_000_000)
    #expect(monitor.wait(until: Clock.monotonic - 1) { _ -> Int? in nil } == nil)
  }

  @Test func aChangeWakes() {
    let monitor = Monitor(0)
    #expect(
      startThread {
        usleep(20_000)
        monitor.change { $0 = 1 }
      })
    #expect(monitor.wait(until: .max) { $0 == 1 ? true : nil } == true)
  }

  @Test func anErrorLeavesItUnlocked() {
    struct Broken: Error {}
    let monitor = Monitor(0)
    #expect(throws: Broken.self) {
      try monitor.withLock { (_: inout Int) throws(Broken) in throw Broken() }
    }
    #expect(monitor.withLock { $0 } == 0)
  }

  @Test func manyThreadsLoseNoChange() {
    let monitor = Monitor(0)
    let done = Monitor(0)
    for _ in 0..<4 {
      _ = startThread {
        for _ in 0..<2_000 { monitor.withLock { $0 += 1 } }
        done.change { $0 += 1 }
      }
    }
    #expect(done.wait(until: Clock.monotonic + 30_000_000_000) { $0 == 4 ? true : nil } == true)
    #expect(monitor.withLock { $0 } == 8_000)
  }
}
