package import Platform

/// Writes the little-endian fields of our files.
package struct ByteWriter {
  package var bytes: [UInt8] = []

  package init() {}

  package mutating func put<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func put(_ digest: Digest) {
    digest.withBytes { bytes.append(contentsOf: $0) }
  }

  /// A 32-bit count and the bytes.
  package mutating func put(_ text: String) {
    put(UInt32(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }
}

/// What is wrong with a file of ours; always answered by treating it as absent.
package struct FormatError: Error, Sendable, Equatable {
  package var reason: String
  package init(_ reason: String) { self.reason = reason }
}

/// Reads them; every length is checked before it is believed.
package struct ByteReader {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  package init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  package var left: Int { bytes.endIndex - position }

  package mutating func take<Number: FixedWidthInteger>(
    _ type: Number.Type = Number.self
  ) throws(FormatError) -> Number {
    let size = MemoryLayout<Number>.size
    guard left >= size else { throw FormatError("ends early") }
    var number: Number = 0
    withUnsafeMutableBytes(of: &number) { $0.copyBytes(from: bytes[position..<position + size]) }
    position += size
    return Number(littleEndian: number)
  }

  package mutating func takeDigest() throws(FormatError) -> Digest {
    guard left >= Digest.byteCount,
      let digest = Digest(bytes: bytes[position..<position + Digest.byteCount])
    else { throw FormatError("ends early") }
    position += Digest.byteCount
    return digest
  }

  package mutating func takeText() throws(FormatError) -> String {
    let count = Int(try take(UInt32.self))
    guard count <= left else { throw FormatError("ends early") }
    guard let text = String(validating: bytes[position..<position + count], as: UTF8.self) else {
      throw FormatError("text is not UTF-8")
    }
    position += count
    return text
  }

  /// A count of things that take at least `minimum` bytes each.
  package mutating func takeCount(minimum: Int) throws(FormatError) -> Int {
    let count = Int(try take(UInt32.self))
    guard count <= left / minimum else { throw FormatError("a count is too large") }
    return count
  }
}
