/// JSON (RFC 8259), read here: Foundation's decoder traps at deep nesting, and doesn't say where a
/// mistake is.
package enum JSONDocument {
  package static func parse(_ text: String) throws(DocumentError) -> [String: ConfigurationValue] {
    var parser = JSONParser(text)
    guard case .table(let table) = try parser.document() else {
      throw DocumentError(line: 1, problem: "not an object at the top: write { … }")
    }
    return table
  }
}

private struct JSONParser {
  private let bytes: [UInt8]
  private var offset = 0
  /// Deeper than any setting, and shallow enough for any thread's stack.
  private static let deepest = 64

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func document() throws(DocumentError) -> ConfigurationValue {
    let value = try value(depth: 0)
    skipBlanks()
    guard byte == nil else { throw error("something behind the end") }
    return value
  }

  private mutating func value(depth: Int) throws(DocumentError) -> ConfigurationValue {
    guard depth < Self.deepest else { throw error("more than \(Self.deepest) levels") }
    skipBlanks()
    switch byte {
    case UInt8(ascii: "{"): return .table(try table(depth))
    case UInt8(ascii: "["): return .array(try array(depth))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try number()
    default:
      for (word, value) in Self.words where bytes[offset...].starts(with: word.utf8) {
        offset += word.utf8.count
        return value
      }
      throw error("a value is missing")
    }
  }

  private static let words: [(String, ConfigurationValue)] = [
    ("true", .boolean(true)), ("false", .boolean(false)), ("null", .other("null")),
  ]

  private mutating func table(_ depth: Int) throws(DocumentError) -> [String: ConfigurationValue] {
    var result: [String: ConfigurationValue] = [:]
    offset += 1
    if take(UInt8(ascii: "}")) { return result }
    repeat {
      skipBlanks()
      guard byte == UInt8(ascii: "\"") else { throw error("a key in quotes is missing") }
      let key = try string()
      guard result[key] == nil else { throw error("the key \"\(key)\" stands twice") }
      guard take(UInt8(ascii: ":")) else { throw error("a colon is missing") }
      result[key] = try value(depth: depth + 1)
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw error("a comma or } is missing") }
    return result
  }

  private mutating func array(_ depth: Int) throws(DocumentError) -> [ConfigurationValue] {
    var result: [ConfigurationValue] = []
    offset += 1
    if take(UInt8(ascii: "]")) { return result }
    repeat {
      result.append(try value(depth: depth + 1))
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw error("a comma or ] is missing") }
    return result
  }

  // MARK: numbers

  private mutating func number() throws(DocumentError) -> ConfigurationValue {
    let start = offset
    _ = takeNow(UInt8(ascii: "-"))
    let isZero = byte == UInt8(ascii: "0")
    let count = skipDigits()
    guard count > 0, !isZero || count == 1 else { throw error("not a number") }
    var isWhole = true
    if takeNow(UInt8(ascii: ".")) {
      isWhole = false
      guard skipDigits() > 0 else { throw error("not a number") }
    }
    if takeNow(UInt8(ascii: "e")) || takeNow(UInt8(ascii: "E")) {
      isWhole = false
      if !takeNow(UInt8(ascii: "+")) { _ = takeNow(UInt8(ascii: "-")) }
      guard skipDigits() > 0 else { throw error("not a number") }
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isWhole {
      guard let integer = Int(text) else { throw error("the number is too large") }
      return .integer(integer)
    }
    return .number(Double(text) ?? .infinity)
  }

  private mutating func skipDigits() -> Int {
    let start = offset
    while let byte, (0x30...0x39).contains(byte) { offset += 1 }
    return offset - start
  }

  // MARK: strings

  private mutating func string() throws(DocumentError) -> String {
    offset += 1
    var result: [UInt8] = []
    while let byte {
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        return String(decoding: result, as: UTF8.self)
      case UInt8(ascii: "\\"):
        offset += 1
        result.append(contentsOf: String(try escape()).utf8)
      case 0..<0x20: throw error("a control character in a string")
      default:
        result.append(byte)
        offset += 1
      }
    }
    throw error("the end of a string is missing")
  }

  private mutating func escape() throws(DocumentError) -> Unicode.Scalar {
    guard let byte else { throw error("the end of a string is missing") }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape()
    default: throw error("no such escape")
    }
  }

  private mutating func unicodeEscape() throws(DocumentError) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) {
      guard first != 0 else { throw error("a NUL character; take it out") }
      return scalar
    }
    guard first < 0xdc00, takeNow(UInt8(ascii: "\\")), takeNow(UInt8(ascii: "u")) else {
      throw error("half a character")
    }
    let second = try hexadecimal()
    guard (0xdc00...0xdfff).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    else { throw error("half a character") }
    return scalar
  }

  private mutating func hexadecimal() throws(DocumentError) -> UInt32 {
    let digits = bytes[offset...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw error("four hexadecimal digits are missing") }
    offset += 4
    return value
  }

  // MARK: bytes

  private var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func takeNow(_ expected: UInt8) -> Bool {
    guard byte == expected else { return false }
    offset += 1
    return true
  }

  private mutating func take(_ expected: UInt8) -> Bool {
    skipBlanks()
    return takeNow(expected)
  }

  private mutating func skipBlanks() {
    while let byte, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { offset += 1 }
  }

  private func error(_ problem: String) -> DocumentError {
    let before = bytes[..<min(offset, bytes.count)]
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    return DocumentError(
      line: 1 + before.count { $0 == UInt8(ascii: "\n") }, column: before.count - lineStart + 1,
      problem: "not valid JSON: \(problem)")
  }
}
