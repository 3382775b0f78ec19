import CacheKey
import Platform
import TestSupport
import Testing

@testable import Storage

@Suite(.blocking) struct PatienceTests {
  private static let millisecond: Int64 = 1_000_000

  private func patience(_ milliseconds: Int64, count: Int = 32) -> Patience {
    var patience = Patience()
    for _ in 0..<count { patience.learn(nanoseconds: milliseconds * Self.millisecond) }
    return patience
  }

  private func wait(_ patience: Patience, lookup: Int = 2000) -> Int? {
    var deadlines = BlobDeadlines()
    deadlines.lookup = lookup
    let hastened = patience.hastened(deadlines)
    #expect(hastened.map { $0.lookup == lookup && $0.total == deadlines.total } ?? true)
    return hastened?.firstByte
  }

  @Test func onlyWhoIsKnownToBeFastIsHurried() {
    #expect(wait(patience(1, count: 31)) == nil)
    #expect(wait(patience(1)) == 400)
    #expect(wait(patience(50)) == 1000)
    #expect(wait(patience(100)) == nil)
    #expect(wait(patience(50), lookup: 1000) == nil)
    #expect(wait(patience(1), lookup: 300) == nil)
    #expect(wait(patience(1 << 40)) == nil)
  }

  /// One slow answer among many counts for a while.
  @Test func slowAnswersAreRemembered() {
    var patience = patience(1)
    patience.learn(nanoseconds: 200 * Self.millisecond)
    #expect(wait(patience) == nil)
    for _ in 0..<400 { patience.learn(nanoseconds: Self.millisecond) }
    #expect(wait(patience) == 400)
  }

  /// A store that stops answering rests after two lookups, each of which waited less; one that is late once is
  /// asked again at once. Neither a caller nor two wait longer for the second.
  @Test func twoInARowAreAnOutage() throws {
    let service = FakeService()
    let directory = TemporaryDirectory()
    let level = RemoteLevel(
      name: "fake", service: service, scratch: LocalStore.at(directory("a")))
    func ask() { _ = try? level.manifest(key(1)) }
    // Whole milliseconds of a busy machine may be spent in each.
    for _ in 0..<2000 where service.firstBytes.last != 400 { ask() }
    #expect(service.firstBytes.prefix(32).allSatisfy { $0 == nil })
    #expect(service.firstBytes.last == 400)
    service.fail(fetches: .timedOut("the first byte is late"))
    ask()
    #expect(level.trouble == nil)
    service.fail()
    ask()
    service.fail(fetches: .timedOut("the first byte is late"))
    // Much longer than any answer before.
    service.delay(fetches: 100_000)
    ask()
    #expect(level.trouble == nil)
    ask()
    #expect(service.firstBytes.suffix(2) == [400, 400])
    #expect(level.trouble?.contains("late") == true)
  }
}
