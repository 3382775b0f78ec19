import Platform

/// Why the bytes of a message are none.
package struct MalformedMessage: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong at the field.
  package enum Reason: Sendable, Equatable {
    /// The message ends within the field, or a count promises more than there is.
    case endsEarly
    /// The valid text before the fault and the length of the faulty sequence, both in bytes; no length
    /// when the sequence is cut off by the text's end.
    case notUTF8(validPrefix: Int, faultLength: Int?)
    /// A truth value other than 0 and 1.
    case notABoolean(UInt8)
    /// An alternative that the message does not have, and how many it has.
    case unknownAlternative(UInt32, of: Int)
    /// More bytes or items than we take, where Mozilla's has no limit.
    case tooLarge(count: UInt64, limit: Int)
    /// A text that is no archive id.
    case notAnArchiveID
  }

  /// The field by its name on the wire.
  package var field: String
  package var reason: Reason

  package init(field: String, reason: Reason) {
    self.field = field
    self.reason = reason
  }

  /// For our own log: names the field.
  package var description: String { "\(field): \(wireText)" }

  /// The reason in Mozilla's words, as its answers carry it.
  package var wireText: String {
    switch reason {
    case .endsEarly:
      "io error: failed to fill whole buffer"
    case .notUTF8(let valid, let length?):
      "string is not valid utf8: invalid utf-8 sequence of \(length) bytes from index \(valid)"
    case .notUTF8(let valid, nil):
      "string is not valid utf8: incomplete utf-8 byte sequence from index \(valid)"
    case .notABoolean(let byte):
      "invalid u8 while decoding bool, expected 0 or 1, found \(byte)"
    case .unknownAlternative(let index, let count):
      "invalid value: integer `\(index)`, expected variant index 0 <= i < \(count)"
    case .tooLarge(let count, let limit):
      "\(count) is more than the \(limit) that are taken"
    case .notAnArchiveID:
      "not an archive id of 64 lower-case hexadecimal digits"
    }
  }
}

/// Reads bincode 1.3 in its default form: little-endian, fixed width, 64-bit counts, 32-bit numbers of
/// alternatives. Every count is checked against what is left before memory is taken for it.
package struct BincodeReader {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  package init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// What was not read. Mozilla's decoders ignore what follows a message; ours look there for
  /// extensions.
  package var rest: ArraySlice<UInt8> { bytes[position...] }

  private var left: Int { bytes.endIndex - position }

  /// A number of fixed width.
  package mutating func number<Number: FixedWidthInteger>(
    _ field: String, as type: Number.Type = Number.self
  ) throws(MalformedMessage) -> Number {
    let size = MemoryLayout<Number>.size
    guard left >= size else { throw MalformedMessage(field: field, reason: .endsEarly) }
    var number: Number = 0
    withUnsafeMutableBytes(of: &number) { $0.copyBytes(from: bytes[position..<position + size]) }
    position += size
    return Number(littleEndian: number)
  }

  /// One byte, 0 or 1.
  package mutating func boolean(_ field: String) throws(MalformedMessage) -> Bool {
    let byte = try number(field, as: UInt8.self)
    guard byte <= 1 else { throw MalformedMessage(field: field, reason: .notABoolean(byte)) }
    return byte == 1
  }

  /// The number of an enumeration's alternative, below `count`.
  package mutating func alternative(
    _ field: String, of count: Int
  ) throws(MalformedMessage) -> Int {
    let index = try number(field, as: UInt32.self)
    guard index < count else {
      throw MalformedMessage(field: field, reason: .unknownAlternative(index, of: count))
    }
    return Int(index)
  }

  /// A count of items that take at least `minimum` bytes each.
  package mutating func count(
    _ field: String, minimum: Int, limit: Int = .max
  ) throws(MalformedMessage) -> Int {
    let count = try number(field, as: UInt64.self)
    guard count <= UInt64(left / minimum) else {
      throw MalformedMessage(field: field, reason: .endsEarly)
    }
    guard count <= UInt64(limit) else {
      throw MalformedMessage(field: field, reason: .tooLarge(count: count, limit: limit))
    }
    return Int(count)
  }

  /// Bytes with their count. The slice shares the message's memory.
  package mutating func bytes(
    _ field: String, limit: Int = .max
  ) throws(MalformedMessage) -> ArraySlice<UInt8> {
    try raw(field, count: try count(field, minimum: 1, limit: limit))
  }

  /// Bytes without a count.
  package mutating func raw(
    _ field: String, count: Int
  ) throws(MalformedMessage) -> ArraySlice<UInt8> {
    guard count <= left else { throw MalformedMessage(field: field, reason: .endsEarly) }
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// A text in UTF-8 with the count of its bytes.
  package mutating func text(
    _ field: String, limit: Int = .max
  ) throws(MalformedMessage) -> String {
    let bytes = try bytes(field, limit: limit)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw MalformedMessage(field: field, reason: Self.fault(in: bytes))
    }
    return text
  }

  /// Texts with their count.
  package mutating func texts(_ field: String) throws(MalformedMessage) -> [String] {
    var texts: [String] = []
    for _ in 0..<(try count(field, minimum: 8)) { texts.append(try text(field)) }
    return texts
  }

  /// Where a text stops being UTF-8, counted as Rust's standard library does.
  private static func fault(in bytes: ArraySlice<UInt8>) -> MalformedMessage.Reason {
    var decoder = UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var valid = 0
    while true {
      switch decoder.parseScalar(from: &iterator) {
      case .valid(let scalar): valid += scalar.count
      case .error(let length):
        let isCut = valid + length == bytes.count && Self.isIncomplete(bytes.suffix(length))
        return .notUTF8(validPrefix: valid, faultLength: isCut ? nil : length)
      case .emptyInput: return .notUTF8(validPrefix: valid, faultLength: nil)
      }
    }
  }

  /// Whether more bytes could have made a faulty end valid.
  private static func isIncomplete(_ end: ArraySlice<UInt8>) -> Bool {
    guard let first = end.first else { return true }
    let wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
    return (0xc2...0xf4).contains(first) && end.count < wanted
      && end.dropFirst().allSatisfy { $0 & 0xc0 == 0x80 }
  }
}
