import CacheKey
import TestSupport
import Testing

@testable import Storage

@Suite struct PaceTests {
  private static let second: Int64 = 1_000_000_000

  private func isWorth(_ pace: inout Pace, _ milliseconds: UInt32, _ bytes: UInt64) -> Bool {
    pace.isWorth(cost(milliseconds, bytes))
  }

  private func cost(_ milliseconds: UInt32, _ bytes: UInt64) -> Manifest.Cost {
    Manifest.Cost(milliseconds: milliseconds, bytes: bytes)
  }

  /// A megabyte a second, and 20 ms for the way.
  private func slow() -> Pace {
    var pace = Pace()
    pace.learn(bytes: 1000, nanoseconds: 20_000_000)
    for _ in 0..<5 { pace.learn(bytes: 1 << 20, nanoseconds: Self.second + 20_000_000) }
    return pace
  }

  @Test func nothingIsKnownAtFirst() {
    var pace = Pace()
    #expect(pace.estimate(bytes: 1 << 30) == nil)
    let first = isWorth(&pace, 1, 1 << 30)
    pace.learn(bytes: 1 << 20, nanoseconds: 100 * Self.second)
    let second = isWorth(&pace, 1, 1 << 30)
    #expect(first && second)
  }

  @Test func estimates() throws {
    let pace = slow()
    let tenMegabytes = try #require(pace.estimate(bytes: 10 << 20))
    #expect(abs(tenMegabytes - 10 * Self.second) < Self.second)
    #expect(try #require(pace.estimate(bytes: 0)) <= 20_000_000)
    #expect(pace.estimate(bytes: .max) != nil)
  }

  @Test func whatIsLeftOut() {
    var pace = slow()
    // Ten seconds against two, against seven, and half a second against nothing.
    let found = [
      isWorth(&pace, 2000, 10 << 20), isWorth(&pace, 7000, 10 << 20), isWorth(&pace, 0, 400 << 10),
      isWorth(&pace, 0, .max),
    ]
    #expect(found == [false, true, true, false])
  }

  /// One of sixteen is fetched, and when that is fast, so are the others.
  @Test func theWayBecomesBetter() {
    var pace = slow()
    let fetched = (0..<64).count { _ in pace.isWorth(cost(100, 10 << 20)) }
    #expect(fetched == 4)
    for _ in 0..<20 { pace.learn(bytes: 10 << 20, nanoseconds: 50_000_000) }
    let later = (0..<64).count { _ in pace.isWorth(cost(100, 10 << 20)) }
    #expect(later == 64)
  }
}
