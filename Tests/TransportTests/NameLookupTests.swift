import Platform
import TestSupport
import Testing
import Transport

@Suite(.blocking) struct NameLookupTests {
  /// A build of many compilers starts with as many lookups of one name. None of them is an outage.
  @Test func manyAskForOneName() {
    let outcomes = Monitor<[StreamFailure?]>([])
    let count = 300
    for _ in 0..<count {
      let isStarted = startThread {
        var outcome: StreamFailure?
        do throws(StreamFailure) {
          try NameLookup.check(
            host: "localhost", port: 1, until: Clock.monotonic + 300_000_000_000)
        } catch {
          outcome = error
        }
        outcomes.change { $0.append(outcome) }
      }
      #expect(isStarted)
    }
    let all = outcomes.wait(until: .max) { $0.count == count ? $0 : nil }
    #expect(all?.allSatisfy { $0 == nil } == true, "\(all?.compactMap { $0 }.first as Any)")
  }

  @Test func literalsAreNotLookedUp() throws {
    try NameLookup.check(host: "127.0.0.1", port: 1, until: 0)
    try NameLookup.check(host: "::1", port: 1, until: 0)
    #expect(throws: StreamFailure.self) {
      try NameLookup.check(host: "localhost", port: 1, until: 0)
    }
  }
}
