/// A JSON object of texts and whole numbers without nesting: all that a token of the farm holds. Read
/// strictly; what a farm's token never has (escapes, other values, a name twice) is refused, so that no
/// two readers can understand one token differently.
struct FlatObject: Equatable {
  enum Value: Equatable {
    case text(String)
    case number(UInt64)
  }

  private(set) var members: [String: Value] = [:]

  init?(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    var reader = Reader(rest: Substring(text).utf8)
    guard reader.take("{") else { return nil }
    if !reader.take("}") {
      repeat {
        guard let name = reader.text(), reader.take(":"), let value = reader.value(),
          members.updateValue(value, forKey: name) == nil
        else { return nil }
      } while reader.take(",")
      guard reader.take("}") else { return nil }
    }
    guard reader.isAtEnd else { return nil }
  }

  private struct Reader {
    var rest: Substring.UTF8View

    mutating func skipSpace() {
      rest = rest.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
    }

    var isAtEnd: Bool {
      mutating get {
        skipSpace()
        return rest.isEmpty
      }
    }

    mutating func take(_ letter: Unicode.Scalar) -> Bool {
      skipSpace()
      guard rest.first == UInt8(ascii: letter) else { return false }
      rest = rest.dropFirst()
      return true
    }

    mutating func text() -> String? {
      guard take("\"") else { return nil }
      let text = rest.prefix { $0 != UInt8(ascii: "\"") }
      guard !text.contains(where: { $0 == UInt8(ascii: "\\") || $0 < 0x20 }) else { return nil }
      rest = rest.dropFirst(text.count)
      return take("\"") ? String(Substring(text)) : nil
    }

    mutating func value() -> Value? {
      skipSpace()
      if rest.first == UInt8(ascii: "\"") { return text().map { .text($0) } }
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard digits.count == 1 || digits.first != 0x30, let number = UInt64(Substring(digits))
      else { return nil }
      rest = rest.dropFirst(digits.count)
      return .number(number)
    }
  }
}
