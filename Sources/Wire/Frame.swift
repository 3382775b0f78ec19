// Shared as source with the wrapper, which is Embedded Swift: no imports, no existentials, no
// String comparison, typed throws only.
//
// Version history of the protocol between wrapper and daemon (one machine, one user, never stored):
//   1  first
//   2  a request tells the caller's root directory
//   3  an order tells whether what the compiler prints is shown at once

/// The version that both sides must speak. It is part of the default socket's name, so that a
/// wrapper of another version starts a daemon of its own.
package let wireVersion: UInt16 = 3

/// What a frame holds.
package enum FrameKind: UInt16, Sendable {
  // wrapper or command line → daemon
  case compile = 1
  case started = 2
  case report = 3
  case control = 4
  // daemon → wrapper or command line
  case result = 16
  case run = 17
  case decline = 18
  case alive = 19
  case text = 20
}

/// Why a frame or a message could not be read.
package enum WireError: Error, Sendable {
  case notOurs
  case otherVersion(UInt16)
  case unknownKind(UInt16)
  case tooLarge(Int)
  case truncated
  case malformed
}

/// A frame's 12 bytes in front of its body: magic, version, kind, length of the body, all
/// little-endian.
package struct FrameHeader: Sendable {
  package static let byteCount = 12
  /// Bodies above this are refused before any memory is taken for them. Twice the largest argument
  /// list that Linux accepts by default (a quarter of an 8 MiB stack), and room for diagnostics.
  package static let defaultMaximumBody = 64 << 20
  static let magic: UInt32 = 0x5743_4353  // "SCCW"

  package var kind: FrameKind
  package var bodyLength: Int

  package static func decode(
    _ bytes: UnsafeRawBufferPointer, maximumBody: Int = defaultMaximumBody
  ) throws(WireError) -> FrameHeader {
    guard bytes.count >= byteCount else { throw .truncated }
    guard load32(bytes, 0) == magic else { throw .notOurs }
    let version = load16(bytes, 4)
    guard version == wireVersion else { throw .otherVersion(version) }
    let rawKind = load16(bytes, 6)
    guard let kind = FrameKind(rawValue: rawKind) else { throw .unknownKind(rawKind) }
    let length = Int(load32(bytes, 8))
    guard length <= maximumBody else { throw .tooLarge(length) }
    return FrameHeader(kind: kind, bodyLength: length)
  }

  private static func load16(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt16 {
    UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8
  }

  private static func load32(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt32 {
    UInt32(load16(bytes, at)) | UInt32(load16(bytes, at + 2)) << 16
  }
}

/// Builds one frame in one buffer, so that it leaves with one `write`.
package struct FrameWriter {
  package private(set) var bytes: [UInt8]

  package init(_ kind: FrameKind, capacity: Int = 256) {
    bytes = []
    bytes.reserveCapacity(capacity)
    append(FrameHeader.magic)
    append16(wireVersion)
    append16(kind.rawValue)
    append(UInt32(0))
  }

  package mutating func append(_ value: UInt32) {
    bytes.append(UInt8(truncatingIfNeeded: value))
    bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    bytes.append(UInt8(truncatingIfNeeded: value >> 16))
    bytes.append(UInt8(truncatingIfNeeded: value >> 24))
  }

  package mutating func append(_ value: UInt64) {
    append(UInt32(truncatingIfNeeded: value))
    append(UInt32(truncatingIfNeeded: value >> 32))
  }

  /// A count of bytes, then the bytes.
  package mutating func append(_ value: UnsafeRawBufferPointer) {
    append(UInt32(truncatingIfNeeded: value.count))
    bytes.append(contentsOf: value)
  }

  package mutating func append(_ value: [UInt8]) {
    append(UInt32(truncatingIfNeeded: value.count))
    bytes.append(contentsOf: value)
  }

  /// A NUL-terminated string, sent without its NUL.
  package mutating func append(cString: UnsafePointer<CChar>) {
    var count = 0
    while cString[count] != 0 { count += 1 }
    append(UnsafeRawBufferPointer(start: cString, count: count))
  }

  /// The finished frame.
  package consuming func finish() -> [UInt8] {
    let length = UInt32(truncatingIfNeeded: bytes.count - FrameHeader.byteCount)
    bytes[8] = UInt8(truncatingIfNeeded: length)
    bytes[9] = UInt8(truncatingIfNeeded: length >> 8)
    bytes[10] = UInt8(truncatingIfNeeded: length >> 16)
    bytes[11] = UInt8(truncatingIfNeeded: length >> 24)
    return bytes
  }

  private mutating func append16(_ value: UInt16) {
    bytes.append(UInt8(truncatingIfNeeded: value))
    bytes.append(UInt8(truncatingIfNeeded: value >> 8))
  }
}

/// Reads a frame's body front to back. Every length is checked against what is left before it is
/// believed.
package struct FrameReader {
  private let bytes: [UInt8]
  private var offset = 0

  package init(_ body: [UInt8]) {
    bytes = body
  }

  package var isAtEnd: Bool { offset == bytes.count }

  package mutating func readUInt32() throws(WireError) -> UInt32 {
    guard bytes.count - offset >= 4 else { throw .truncated }
    defer { offset += 4 }
    return UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8
      | UInt32(bytes[offset + 2]) << 16 | UInt32(bytes[offset + 3]) << 24
  }

  package mutating func readUInt64() throws(WireError) -> UInt64 {
    UInt64(try readUInt32()) | UInt64(try readUInt32()) << 32
  }

  package mutating func readBytes() throws(WireError) -> [UInt8] {
    let count = Int(try readUInt32())
    guard count <= bytes.count - offset else { throw .truncated }
    defer { offset += count }
    return [UInt8](bytes[offset..<offset + count])
  }

  /// A count and that many byte strings.
  package mutating func readList() throws(WireError) -> [[UInt8]] {
    let count = Int(try readUInt32())
    // Each element has at least its own length before it.
    guard count <= (bytes.count - offset) / 4 else { throw .truncated }
    var list: [[UInt8]] = []
    list.reserveCapacity(count)
    for _ in 0..<count { list.append(try readBytes()) }
    return list
  }
}
