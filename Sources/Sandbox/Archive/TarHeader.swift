// Shared as source with the runner; see ExtractionFailure.swift.

/// One header block of a tar archive (POSIX ustar, GNU, or the old form without a magic number).
struct TarHeader {
  enum Kind: Equatable {
    case file, directory, symbolicLink, hardLink
    /// A GNU entry whose data is the next entry's name, or link target.
    case longName, longTarget
    /// pax records for the next entry, or for all that follow.
    case extended, globalExtended
  }

  var kind: Kind
  var name: [UInt8]
  var target: [UInt8]
  var size: UInt64
  var isExecutable: Bool

  static let blockSize = 512

  /// Nil for a block of zeros, which ends an archive.
  init?(block: [UInt8]) throws(ExtractionFailure) {
    if !block.contains(where: { $0 != 0 }) { return nil }
    var name = Self.text(block, 0, 100)
    // The prefix exists in POSIX ustar only; GNU has times in its place.
    if block[257..<263].elementsEqual([0x75, 0x73, 0x74, 0x61, 0x72, 0]) {
      let prefix = Self.text(block, 345, 155)
      if !prefix.isEmpty { name = prefix + [UInt8(ascii: "/")] + name }
    }
    guard try Self.number(block, 148, 8, name) == Self.sum(block) else {
      throw ExtractionFailure(.checksum, name)
    }
    self.name = name
    target = Self.text(block, 157, 100)
    size = try Self.number(block, 124, 12, name)
    isExecutable = try Self.number(block, 100, 8, name) & 0o111 != 0
    switch block[156] {
    case 0, UInt8(ascii: "0"):
      kind = name.last == UInt8(ascii: "/") ? .directory : .file
    case UInt8(ascii: "1"): kind = .hardLink
    case UInt8(ascii: "2"): kind = .symbolicLink
    case UInt8(ascii: "5"): kind = .directory
    case UInt8(ascii: "L"): kind = .longName
    case UInt8(ascii: "K"): kind = .longTarget
    case UInt8(ascii: "x"): kind = .extended
    case UInt8(ascii: "g"): kind = .globalExtended
    case UInt8(ascii: "S"): throw ExtractionFailure(.sparse, name)
    default: throw ExtractionFailure(.kind, name)
    }
  }

  private static func text(_ block: [UInt8], _ start: Int, _ count: Int) -> [UInt8] {
    Array(block[start..<(start + count)].prefix { $0 != 0 })
  }

  /// Octal digits between blanks, or GNU's form: a first byte of 0x80, then a big-endian number.
  private static func number(
    _ block: [UInt8], _ start: Int, _ count: Int, _ name: [UInt8]
  ) throws(ExtractionFailure) -> UInt64 {
    let field = block[start..<(start + count)]
    var value: UInt64 = 0
    if field[start] & 0x80 != 0 {
      guard field[start] == 0x80 else { throw ExtractionFailure(.number, name) }
      for byte in field.dropFirst() {
        guard value >> 56 == 0 else { throw ExtractionFailure(.number, name) }
        value = value << 8 | UInt64(byte)
      }
      return value
    }
    let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
    for byte in digits {
      guard byte >= 0x30, byte <= 0x37, value >> 61 == 0 else {
        throw ExtractionFailure(.number, name)
      }
      value = value << 3 | UInt64(byte - 0x30)
    }
    return value
  }

  /// The sum of all bytes, those of the checksum field taken as blanks.
  private static func sum(_ block: [UInt8]) -> UInt64 {
    var sum: UInt64 = 0
    for index in 0..<blockSize {
      sum += (148..<156).contains(index) ? 0x20 : UInt64(block[index])
    }
    return sum
  }
}
