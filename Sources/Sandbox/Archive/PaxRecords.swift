// Shared as source with the runner; see ExtractionFailure.swift.

/// What an extended header says of the next entry, as far as it is listened to. Owners, times and
/// extended attributes are dropped: no archive sets them here.
struct PaxRecords {
  var name: [UInt8]?
  var target: [UInt8]?
  var size: UInt64?

  /// Records of the form `LENGTH KEY=VALUE\n`.
  init(_ bytes: [UInt8]) throws(ExtractionFailure) {
    var start = 0
    while start < bytes.count {
      var length = 0
      var index = start
      while index < bytes.count, index - start < 7, bytes[index] >= 0x30, bytes[index] <= 0x39 {
        length = length * 10 + Int(bytes[index] - 0x30)
        index += 1
      }
      let end = start + length
      guard index > start, index < bytes.count, bytes[index] == 0x20, end <= bytes.count,
        end > index + 2, bytes[end - 1] == 0x0a
      else { throw ExtractionFailure(.header) }
      let record = bytes[(index + 1)..<(end - 1)]
      guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
        throw ExtractionFailure(.header)
      }
      try take(key: record[..<equals], value: Array(record[(equals + 1)...]))
      start = end
    }
  }

  private mutating func take(
    key: ArraySlice<UInt8>, value: [UInt8]
  ) throws(ExtractionFailure) {
    if Self.key(key, is: "path") {
      name = value
    } else if Self.key(key, is: "linkpath") {
      target = value
    } else if Self.key(key, is: "size") {
      size = try Self.decimal(value)
    } else if Self.key(key.prefix(11), is: "GNU.sparse.") {
      // The entry's data is a map and pieces, and its real size stands elsewhere.
      throw ExtractionFailure(.sparse, name ?? [])
    }
  }

  private static func key(_ key: ArraySlice<UInt8>, is text: StaticString) -> Bool {
    key.elementsEqual(
      UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private static func decimal(_ digits: [UInt8]) throws(ExtractionFailure) -> UInt64 {
    var value: UInt64 = 0
    guard !digits.isEmpty, digits.count < 19 else { throw ExtractionFailure(.number) }
    for digit in digits {
      guard digit >= 0x30, digit <= 0x39 else { throw ExtractionFailure(.number) }
      value = value * 10 + UInt64(digit - 0x30)
    }
    return value
  }
}
