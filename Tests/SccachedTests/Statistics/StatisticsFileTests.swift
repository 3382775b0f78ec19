import Testing

@testable import sccached

@Suite struct StatisticsFileTests {
  static var everyField: Statistics {
    var statistics = StatisticsSamples.mixedBuild
    statistics.timeout()
    statistics.readError()
    statistics.nonCacheableCompilation()
    statistics.writeError()
    statistics.distCompiled(server: "10.0.0.1:10501")
    statistics.distFailed()
    for kind in [Statistics.HitKind.direct, .preprocessed, .commentOnly] {
      statistics.hitKind(kind)
    }
    statistics.sharedInFlight()
    statistics.localFallback()
    statistics.corruptEntry()
    statistics.storageError()
    statistics.evicted(1 << 40)
    statistics.notOnFarm(reason: "the farm is full")
    statistics.declined(reason: "ünïcode 🦉")
    return statistics
  }

  @Test func roundTrip() {
    for statistics in [Statistics(), StatisticsSamples.mixedBuild, Self.everyField] {
      #expect(StatisticsFile.decode(StatisticsFile.encode(statistics)) == statistics)
    }
  }

  /// A field without its line in the table would be lost here.
  @Test func noFieldIsForgotten() {
    let text = StatisticsSamples.report(Self.everyField).json()
    let unset = text.split(separator: ",").filter { $0.hasSuffix(":0") || $0.hasSuffix(":{}") }
    #expect(
      unset == [
        #""cache_write_duration":{"secs":0"#, #""cache_read_hit_duration":{"secs":0"#,
        #""compiler_write_duration":{"secs":0"#,
      ])
    #expect(Mirror(reflecting: Statistics()).children.count - 1 == Statistics.fields.count)
    #expect(
      Mirror(reflecting: Statistics.Extra()).children.count == Statistics.extraFields.count)
  }

  @Test func cutShortOrLengthened() {
    let bytes = StatisticsFile.encode(Self.everyField)
    for count in bytes.indices { #expect(StatisticsFile.decode(Array(bytes[..<count])) == nil) }
    #expect(StatisticsFile.decode(bytes + [0]) == nil)
  }

  @Test func everyFlippedBitIsNoticed() {
    let bytes = StatisticsFile.encode(StatisticsSamples.mixedBuild)
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 1 << UInt8(index % 8)
      #expect(StatisticsFile.decode(damaged) == nil)
    }
  }

  @Test func foreignFiles() {
    #expect(StatisticsFile.decode([]) == nil)
    #expect(StatisticsFile.decode(Array(#"{"stats":{}}"#.utf8)) == nil)
    #expect(StatisticsFile.decode([UInt8](repeating: 0xff, count: 4096)) == nil)
    var newer = StatisticsFile.encode(Statistics())
    newer[8] = 2
    #expect(StatisticsFile.decode(Self.sealed(newer)) == nil)
  }

  /// With a right checksum the reader itself has to stand up to whatever the lengths say.
  @Test(arguments: UInt64(1)...4)
  func damagedBodiesNeverCrash(seed: UInt64) {
    var generator = SplitMix(state: seed)
    let bytes = StatisticsFile.encode(Self.everyField)
    for _ in 0..<1_000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        let index = Int.random(in: 16..<(damaged.count - 8), using: &generator)
        damaged[index] =
          Bool.random(using: &generator) ? 0xff : UInt8.random(in: 0...255, using: &generator)
      }
      if Bool.random(using: &generator) {
        let start = Int.random(in: 16..<(damaged.count - 8), using: &generator)
        let length = Int.random(in: 0...(damaged.count - 8 - start), using: &generator)
        damaged.removeSubrange(start..<(start + length))
      }
      guard let decoded = StatisticsFile.decode(Self.sealed(damaged)) else { continue }
      var sum = decoded
      sum.merge(decoded)
      sum.merge(Self.everyField)
      #expect(StatisticsFile.decode(StatisticsFile.encode(sum)) == sum)
      #expect(!StatisticsSamples.report(sum).text(advanced: true).isEmpty)
    }
  }

  @Test(arguments: UInt64(1)...4)
  func noiseIsNotStatistics(seed: UInt64) {
    var generator = SplitMix(state: seed)
    for _ in 0..<2_000 {
      let count = Int.random(in: 0...200, using: &generator)
      let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(StatisticsFile.decode(noise) == nil)
      let body = noise.prefix(max(0, count - 24))
      let header = Array("sccstats".utf8) + [1, 0, 0, 0, 0, 0, 0, 0]
      // Decoding must end, whatever it makes of it.
      _ = StatisticsFile.decode(Self.sealed(header + body + [UInt8](repeating: 0, count: 8)))
    }
  }

  /// Four thousand million entries promised in forty bytes.
  @Test func hugeCountsAreRefused() {
    let header = Array("sccstats".utf8) + [1, 0, 0, 0, 0, 0, 0, 0]
    let body = [UInt8](repeating: 0xff, count: 40)
    #expect(
      StatisticsFile.decode(Self.sealed(header + body + [UInt8](repeating: 0, count: 8))) == nil)
  }

  /// What a later version may add, and what an earlier one did not have.
  @Test func fieldsAreFoundByName() throws {
    let header = Array("sccstats".utf8) + [1, 0, 0, 0, 0, 0, 0, 0]
    func name(_ text: String) -> [UInt8] { [UInt8(text.utf8.count), 0] + Array(text.utf8) }
    var body: [UInt8] = [2, 0, 0, 0]
    body += name("from_the_future") + [9, 0, 0, 0, 0, 0, 0, 0]
    body += name("compilations") + [7, 1, 0, 0, 0, 0, 0, 0]
    body += [0, 0, 0, 0]
    let file = Self.sealed(header + body + [UInt8](repeating: 0, count: 8))
    let statistics = try #require(StatisticsFile.decode(file))
    #expect(statistics.compilations == 263)
    #expect(statistics.compileRequests == 0)
  }

  /// Sets length and checksum right.
  static func sealed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = Array(bytes.dropLast(8))
    let length = UInt32(bytes.count - 16)
    for index in 0..<4 { bytes[12 + index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
    var checksum: UInt64 = 14_695_981_039_346_656_037
    for byte in bytes { checksum = (checksum ^ UInt64(byte)) &* 1_099_511_628_211 }
    for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: checksum >> (8 * index))) }
    return bytes
  }
}

/// The same numbers in every run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
