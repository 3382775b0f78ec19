import Platform
import TestSupport
import Testing

@testable import sccached

@Suite struct StatisticsKeeperTests {
  private let directory = TemporaryDirectory()

  @Test func survivesARestart() throws {
    let path = directory("statistics")
    let keeper = StatisticsKeeper(path: path)
    keeper.record { $0.request() }
    keeper.record { $0.executed() }
    #expect(FileStamp(path: path) == nil)
    keeper.save()
    #expect(StatisticsKeeper(path: path).current == keeper.current)
    #expect(Files.names(in: directory.path) == ["statistics"])
    // Nothing new, nothing written.
    let stamp = FileStamp(path: path)
    keeper.save()
    #expect(FileStamp(path: path) == stamp)
  }

  @Test func zeroIsKeptAtOnce() throws {
    let path = directory("statistics")
    let keeper = StatisticsKeeper(path: path)
    keeper.record { $0.request() }
    keeper.save()
    keeper.zero()
    #expect(StatisticsKeeper(path: path).current == Statistics())
  }

  @Test(arguments: ["", "rubbish", "sccstats\u{1}\u{0}\u{0}\u{0}"])
  func damagedFilesCountNothing(text: String) throws {
    let path = try directory.write("statistics", text)
    #expect(StatisticsKeeper(path: path).current == Statistics())
  }

  @Test func placesThatCannotBeWritten() {
    for path in [directory("no/statistics"), nil] {
      let keeper = StatisticsKeeper(path: path)
      keeper.record { $0.request() }
      keeper.save()
      keeper.zero()
      #expect(keeper.current == Statistics())
    }
  }

  @Test func manyThreads() throws {
    let path = directory("statistics")
    let keeper = StatisticsKeeper(path: path)
    let done = Monitor(0)
    for _ in 0..<3 {
      _ = startThread {
        for _ in 0..<300 {
          keeper.record { $0.request() }
          keeper.save()
        }
        done.change { $0 += 1 }
      }
    }
    #expect(done.wait(until: Clock.monotonic + 60_000_000_000) { $0 == 3 ? true : nil } == true)
    keeper.record { $0.request() }
    keeper.save()
    #expect(StatisticsKeeper(path: path).current == keeper.current)
  }
}
