import Testing

@testable import sccached

@Suite struct StatisticsTests {
  @Test func mergingAddsEveryField() {
    let once = StatisticsFileTests.everyField
    var twice = once
    twice.merge(once)
    #expect(twice.compileRequests == 52)
    #expect(twice.cacheMisses.total == 18)
    #expect(twice.cacheMisses.advanced["c [gcc]"] == 8)
    #expect(twice.compilerWriteDuration.nanoseconds == 400_125_520)
    #expect(twice.notCached["-E"] == 4)
    #expect(twice.extra.evictions == 2 << 40)
    #expect(twice.extra.declined["ünïcode 🦉"] == 2)
    var fromNothing = Statistics()
    fromNothing.merge(once)
    #expect(fromNothing == once)
  }

  @Test func sumsStayAtTheirLargestValue() {
    var statistics = Statistics()
    statistics.evicted(.max)
    statistics.evicted(2)
    #expect(statistics.extra.evictions == .max)
    for _ in 0..<3 { statistics.compiled(duration: .seconds(Int64.max)) }
    #expect(statistics.compilerWriteDuration.nanoseconds == .max)
    statistics.compiled(duration: .seconds(-1))
    #expect(statistics.compilations == 4)
  }

  @Test func aTallyIsBounded() {
    var tally = Tally()
    for number in 0..<(Tally.capacity + 10) { tally.add("reason \(number)") }
    tally.add("reason 0")
    tally.add(String(repeating: "x", count: Tally.nameLimit + 1))
    #expect(tally.counts.count == Tally.capacity + 1)
    #expect(tally["reason 0"] == 2)
    #expect(tally[Tally.overflowName] == 11)
    #expect(tally.total == UInt64(Tally.capacity) + 12)
  }

  @Test func orderOfNames() {
    var tally = Tally()
    for (name, count) in [("b", 1), ("a", 1), ("é", 3), ("B", 1)] as [(String, UInt64)] {
      tally.add(name, count)
    }
    #expect(tally.byName.map(\.name) == ["B", "a", "b", "é"])
    #expect(tally.byCount.map(\.name) == ["é", "B", "a", "b"])
  }
}
