// Shared as source with the runner, which is Embedded Swift; see Archive/ExtractionFailure.swift.

/// Appends the fields of a message: numbers little-endian, bytes and lists with their lengths before them.
struct MessageWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ value: UInt8) { bytes.append(value) }

  mutating func append(_ value: UInt32) {
    for shift in [0, 8, 16, 24] as [UInt32] {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  mutating func append(_ value: UInt64) {
    append(UInt32(truncatingIfNeeded: value))
    append(UInt32(truncatingIfNeeded: value >> 32))
  }

  mutating func append(_ field: [UInt8]) {
    append(UInt32(field.count))
    bytes += field
  }

  mutating func append(_ list: [[UInt8]]) {
    append(UInt32(list.count))
    for field in list { append(field) }
  }
}

/// A message that is not what it should be. Either side then gives the other up.
struct MalformedMessage: Error {}

/// Takes the fields of a message; every length is checked against what is there.
struct MessageReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  var isAtEnd: Bool { position == bytes.count }

  mutating func byte() throws(MalformedMessage) -> UInt8 {
    guard position < bytes.count else { throw MalformedMessage() }
    position += 1
    return bytes[position - 1]
  }

  mutating func number() throws(MalformedMessage) -> UInt32 {
    var value: UInt32 = 0
    for shift in [0, 8, 16, 24] as [UInt32] { value |= UInt32(try byte()) << shift }
    return value
  }

  mutating func long() throws(MalformedMessage) -> UInt64 {
    let low = UInt64(try number())
    return low | UInt64(try number()) << 32
  }

  mutating func field() throws(MalformedMessage) -> [UInt8] {
    let count = Int(try number())
    guard count <= bytes.count - position else { throw MalformedMessage() }
    position += count
    return Array(bytes[(position - count)..<position])
  }

  mutating func list() throws(MalformedMessage) -> [[UInt8]] {
    let count = Int(try number())
    // Each field takes four bytes at least.
    guard count <= (bytes.count - position) / 4 else { throw MalformedMessage() }
    var fields: [[UInt8]] = []
    fields.reserveCapacity(count)
    for _ in 0..<count { fields.append(try field()) }
    return fields
  }
}
