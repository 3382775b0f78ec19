import Glibc
import Platform
import Storage
import Synchronization
import TestSupport
import Testing

@Suite(.blocking) struct WriteQueueTests {
  private func queue(threads: Int = 2, entries: Int = 10, bytes: Int = 1000) -> WriteQueue {
    var limits = WriteQueue.Limits()
    limits.threads = threads
    limits.entries = entries
    limits.bytes = bytes
    return WriteQueue(limits)
  }

  private var later: Int64 { Clock.monotonic + 60_000_000_000 }

  @Test func everythingIsDone() {
    let queue = queue(entries: 2000, bytes: .max)
    let sum = Atomic(0)
    for number in 1...1000 {
      #expect(queue.submit(bytes: 1) { sum.wrappingAdd(number, ordering: .relaxed) })
    }
    #expect(queue.drain(until: later))
    #expect(sum.load(ordering: .relaxed) == 500_500)
    #expect(queue.count == 0)
  }

  @Test func entriesAndBytesAreBounded() {
    let gate = Monitor(false)
    let queue = queue()
    let work: @Sendable () -> Void = { _ = gate.wait(until: .max) { $0 ? true : nil } }
    for _ in 0..<9 { #expect(queue.submit(bytes: 10, work)) }
    #expect(!queue.submit(bytes: 911, work), "too many bytes")
    #expect(queue.submit(bytes: 910, work))
    #expect(!queue.submit(bytes: 0, work), "too many entries")
    #expect(!queue.drain(until: Clock.monotonic + 1_000_000))
    gate.change { $0 = true }
    #expect(queue.drain(until: later))
    #expect(queue.submit(bytes: 1000, work))
    #expect(queue.drain(until: later))
  }

  @Test func noMoreThreadsThanAllowed() {
    let queue = queue(threads: 3, entries: 100)
    let running = Atomic(0)
    let most = Atomic(0)
    for _ in 0..<60 {
      _ = queue.submit(bytes: 1) {
        let now = running.wrappingAdd(1, ordering: .relaxed).newValue
        _ = most.max(now, ordering: .relaxed)
        usleep(1000)
        running.wrappingSubtract(1, ordering: .relaxed)
      }
    }
    #expect(queue.drain(until: later))
    #expect(1...3 ~= most.load(ordering: .relaxed))
  }
}
