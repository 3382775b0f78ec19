/// The saved form of `Statistics`, so that counters survive a restart of the daemon.
///
/// ```
/// magic     8 bytes  "sccstats"
/// version   u32      1
/// length    u32      of the body
/// body               u32 count, then that many (name, u64): counters, and times in nanoseconds
///                    u32 count, then that many (name, u32 count, that many (name, u64)): tallies
/// checksum  u64      FNV-1a of everything before it
/// ```
/// Numbers are little-endian; a name is a u16 length and UTF-8. Fields go by name: one that the
/// reader does not know is skipped and one that is missing is zero, so a new counter needs no new
/// version.
///
/// Versions: 1, the first.
enum StatisticsFile {
  static let version: UInt32 = 1
  /// A file longer than this is not ours: full tallies of short names stay well below.
  static let sizeLimit = 64 << 20

  private static let magic = Array("sccstats".utf8)
  private static let headerSize = 16
  private static let checksumSize = 8

  static func encode(_ statistics: Statistics) -> [UInt8] {
    let record = Record(statistics)
    var body = ByteWriter()
    body.append(UInt32(record.numbers.count))
    for (name, number) in record.numbers { body.append(name, number) }
    body.append(UInt32(record.tallies.count))
    for (name, tally) in record.tallies {
      body.append(name)
      body.append(UInt32(tally.counts.count))
      for (name, count) in tally.byName { body.append(name, count) }
    }

    var file = ByteWriter()
    file.bytes = magic
    file.append(version)
    file.append(UInt32(body.bytes.count))
    file.bytes += body.bytes
    file.append(checksum(file.bytes[...]))
    return file.bytes
  }

  /// The statistics in a file; nil when the file is cut short, damaged, of another version, or
  /// something else altogether.
  static func decode(_ bytes: [UInt8]) -> Statistics? {
    guard bytes.count >= headerSize + checksumSize, bytes.count <= sizeLimit,
      bytes.starts(with: magic)
    else { return nil }
    var header = ByteReader(bytes[magic.count..<headerSize])
    guard header.number(as: UInt32.self) == version,
      let length = header.number(as: UInt32.self),
      bytes.count == headerSize + Int(length) + checksumSize
    else { return nil }
    let end = headerSize + Int(length)
    var trailer = ByteReader(bytes[end...])
    guard trailer.number(as: UInt64.self) == checksum(bytes[..<end]) else { return nil }
    var body = ByteReader(bytes[headerSize..<end])
    guard let record = Record(&body), body.isAtEnd else { return nil }
    return record.statistics()
  }

  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}

/// Statistics taken apart into named numbers and named tallies.
private struct Record {
  var numbers: [(name: String, value: UInt64)] = []
  var tallies: [(name: String, tally: Tally)] = []

  init(_ statistics: Statistics) {
    for field in Statistics.allFields {
      switch field.path {
      case .counter(let path): numbers.append((field.key, statistics[keyPath: path]))
      case .time(let path): numbers.append((field.key, statistics[keyPath: path].nanoseconds))
      case .tally(let path): tallies.append((field.key, statistics[keyPath: path]))
      case .languages(let path):
        tallies.append((field.key, statistics[keyPath: path].counts))
        tallies.append((Record.advancedName(field.key), statistics[keyPath: path].advanced))
      }
    }
  }

  init?(_ reader: inout ByteReader) {
    guard let numberCount = reader.count(ofItemsAtLeast: ByteReader.entrySize) else { return nil }
    for _ in 0..<numberCount {
      guard let name = reader.name(), let value = reader.number(as: UInt64.self) else { return nil }
      numbers.append((name, value))
    }
    guard let tallyCount = reader.count(ofItemsAtLeast: ByteReader.emptyTallySize) else {
      return nil
    }
    for _ in 0..<tallyCount {
      guard let name = reader.name(), let count = reader.count(ofItemsAtLeast: ByteReader.entrySize)
      else { return nil }
      var tally = Tally()
      for _ in 0..<count {
        guard let name = reader.name(), let value = reader.number(as: UInt64.self) else {
          return nil
        }
        tally.add(name, value)
      }
      tallies.append((name, tally))
    }
  }

  func statistics() -> Statistics {
    let numbers = Dictionary(self.numbers.map { ($0.name, $0.value) }) { first, _ in first }
    let tallies = Dictionary(self.tallies.map { ($0.name, $0.tally) }) { first, _ in first }
    var statistics = Statistics()
    for field in Statistics.allFields {
      switch field.path {
      case .counter(let path): statistics[keyPath: path] = numbers[field.key] ?? 0
      case .time(let path):
        statistics[keyPath: path] = TotalTime(nanoseconds: numbers[field.key] ?? 0)
      case .tally(let path): statistics[keyPath: path] = tallies[field.key] ?? Tally()
      case .languages(let path):
        statistics[keyPath: path] = LanguageCounts(
          counts: tallies[field.key] ?? Tally(),
          advanced: tallies[Record.advancedName(field.key)] ?? Tally())
      }
    }
    return statistics
  }

  private static func advancedName(_ key: String) -> String { key + ".adv" }
}

private struct ByteWriter {
  var bytes: [UInt8] = []

  mutating func append(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
  }

  mutating func append(_ name: String) {
    append(UInt16(truncatingIfNeeded: name.utf8.count))
    bytes += name.utf8
  }

  mutating func append(_ name: String, _ number: UInt64) {
    append(name)
    append(number)
  }
}

/// Reads what is there and says nil where it is not.
private struct ByteReader {
  /// The least that a name with its number takes.
  static let entrySize = 10
  /// The least that a name with an empty tally takes.
  static let emptyTallySize = 6

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func number<Number: FixedWidthInteger>(as type: Number.Type) -> Number? {
    let size = Number.bitWidth / 8
    guard rest.count >= size else { return nil }
    var number: Number = 0
    for byte in rest.prefix(size).reversed() { number = number << 8 | Number(byte) }
    rest = rest.dropFirst(size)
    return number
  }

  /// A count of items, refused when what is left could not hold as many.
  mutating func count(ofItemsAtLeast size: Int) -> Int? {
    guard let count = number(as: UInt32.self), Int(count) <= rest.count / size else { return nil }
    return Int(count)
  }

  mutating func name() -> String? {
    guard let length = number(as: UInt16.self), Int(length) <= min(rest.count, Tally.nameLimit)
    else { return nil }
    let name = String(validating: rest.prefix(Int(length)), as: UTF8.self)
    rest = rest.dropFirst(Int(length))
    return name
  }
}
