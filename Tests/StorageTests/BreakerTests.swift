import Storage
import Testing

@Suite struct BreakerTests {
  private let second: Int64 = 1_000_000_000

  @Test(arguments: [
    (BlobFailure.unreachable(""), 1), (.denied(""), 1), (.limited(seconds: nil, ""), 1),
    (.timedOut(""), 1), (.failed(""), 3),
  ])
  func opensAfter(_ failure: BlobFailure, _ count: Int) {
    var breaker = Breaker()
    for number in 1...count {
      #expect(breaker.isClosed)
      let rests = breaker.failed(failure, now: 0, jitter: 0)
      #expect(rests == (number == count))
    }
    #expect(!breaker.isClosed)
    #expect(breaker.reason == failure)
  }

  @Test func oneLateAnswerIsForgivenAndTwoAreAnOutage() {
    var breaker = Breaker()
    for _ in 0..<5 {
      let rests = breaker.failed(.timedOut(""), now: 0, jitter: 0, isHasty: true)
      #expect(!rests)
      breaker.succeeded()
    }
    _ = breaker.failed(.timedOut(""), now: 0, jitter: 0, isHasty: true)
    let rests = breaker.failed(.timedOut(""), now: 0, jitter: 0, isHasty: true)
    #expect(rests)
    #expect(!breaker.isClosed)
  }

  @Test(arguments: [BlobFailure.tooLarge(""), .given(up: "")])
  func aBlobOfItsOwnIsNoFailureOfTheService(_ failure: BlobFailure) {
    var breaker = Breaker()
    for _ in 0..<10 { _ = breaker.failed(failure, now: 0, jitter: 0) }
    #expect(breaker.isClosed)
  }

  @Test func aSuccessInBetweenForgives() {
    var breaker = Breaker()
    for _ in 0..<20 {
      _ = breaker.failed(.failed(""), now: 0, jitter: 0)
      _ = breaker.failed(.failed(""), now: 0, jitter: 0)
      breaker.succeeded()
    }
    #expect(breaker.isClosed)
  }

  /// 1, 2, 4 … 60 seconds, and one probe for each rest.
  @Test func restsLongerEachTime() {
    var breaker = Breaker()
    var now: Int64 = 0
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] as [Int64] {
      _ = breaker.failed(.unreachable(""), now: now, jitter: 0)
      #expect(breaker.state == .resting(until: now + seconds * second))
      let early = breaker.beginsProbe(now: now + seconds * second - 1)
      now += seconds * second
      let first = breaker.beginsProbe(now: now)
      let another = breaker.beginsProbe(now: now)
      #expect([early, first, another] == [false, true, false], "one asks")
    }
    breaker.succeeded()
    _ = breaker.failed(.unreachable(""), now: now, jitter: 0)
    #expect(breaker.state == .resting(until: now + second))
  }

  /// A service that answers probes and nothing else is not asked every second.
  @Test func anAnsweredProbeForgetsNothing() {
    var breaker = Breaker()
    _ = breaker.failed(.unreachable(""), now: 0, jitter: 0)
    _ = breaker.beginsProbe(now: second)
    breaker.answeredProbe()
    #expect(breaker.isClosed)
    _ = breaker.failed(.unreachable(""), now: second, jitter: 0)
    #expect(breaker.state == .resting(until: 3 * second))
  }

  @Test func theServersWordCounts() {
    var breaker = Breaker()
    _ = breaker.failed(.limited(seconds: 17, ""), now: 0, jitter: 0)
    #expect(breaker.state == .resting(until: 17 * second))
    breaker.succeeded()
    _ = breaker.failed(.limited(seconds: .max, ""), now: 0, jitter: 0)
    #expect(breaker.state == .resting(until: 3600 * second))
    breaker.succeeded()
    _ = breaker.failed(.limited(seconds: -5, ""), now: 0, jitter: 0.5)
    #expect(breaker.state == .resting(until: second + second / 10))
  }
}
