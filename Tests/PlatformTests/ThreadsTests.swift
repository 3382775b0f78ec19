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

@Suite struct ThreadPoolTests {
  private static let patience: Int64 = 30_000_000_000

  @Test func runsEverythingOnce() {
    let pool = ThreadPool(limit: 3)
    let ran = Monitor<[Int: Int]>([:])
    for number in 0..<500 {
      pool.run { ran.change { $0[number, default: 0] += 1 } }
    }
    let all = ran.wait(until: Clock.monotonic + Self.patience) { $0.count == 500 ? $0 : nil }
    #expect(all?.values.allSatisfy { $0 == 1 } == true)
  }

  @Test func neverMoreThanTheLimitAtOnce() {
    struct Count {
      var now = 0
      var most = 0
      var done = 0
    }
    let pool = ThreadPool(limit: 2)
    let count = Monitor(Count())
    for _ in 0..<12 {
      pool.run {
        count.withLock { count in
          count.now += 1
          count.most = max(count.most, count.now)
        }
        usleep(3_000)
        count.change { count in
          count.now -= 1
          count.done += 1
        }
      }
    }
    let finished = count.wait(until: Clock.monotonic + Self.patience) { $0.done == 12 ? true : nil }
    #expect(finished == true)
    #expect(count.withLock { $0.most } == 2)
  }

  /// Work handed in at the same time does not wait behind work that blocks.
  @Test func takesAThreadForEachBlockedOne() {
    let pool = ThreadPool(limit: 8)
    let gate = Monitor(0)
    for _ in 0..<4 {
      pool.run {
        gate.change { $0 += 1 }
        _ = gate.wait(until: Clock.monotonic + Self.patience) { $0 >= 4 ? true : nil }
      }
    }
    #expect(gate.wait(until: Clock.monotonic + Self.patience) { $0 >= 4 ? true : nil } == true)
  }

  @Test func workMayHandInWork() {
    let pool = ThreadPool(limit: 2)
    let done = Monitor(0)
    pool.run {
      pool.run { done.change { $0 += 1 } }
      done.change { $0 += 1 }
    }
    #expect(done.wait(until: Clock.monotonic + Self.patience) { $0 == 2 ? true : nil } == true)
  }
}
