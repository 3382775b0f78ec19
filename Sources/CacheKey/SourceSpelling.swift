// What the scanner asks of single characters and words.

extension SourceScanner {
  /// Spellings that are rare enough to be left to the preprocessor: a carriage return that ends a line
  /// alone, trigraphs of a backslash, a line joined inside a token, and a backslash
  /// with blanks behind it. Whether there are trigraphs is a matter of the standard.
  static func isOdd(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    for (index, byte) in text.enumerated() {
      let next = index + 1 < text.count ? text[index + 1] : 0
      switch byte {
      case UInt8(ascii: "\r"):
        if next != UInt8(ascii: "\n") { return true }
      case UInt8(ascii: "?"):
        if next == byte, index + 2 < text.count, text[index + 2] == UInt8(ascii: "/") {
          return true
        }
      case UInt8(ascii: "\\"):
        if isOddBackslash(text, index) { return true }
      default:
        break
      }
    }
    return false
  }

  static func isOddBackslash(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool {
    var end = index + 1
    while end < text.count, isBlank(text[end]) { end += 1 }
    guard end < text.count, text[end] == UInt8(ascii: "\n") else { return false }
    let joinsCleanly = end == index + 1 || end == index + 2 && text[index + 1] == UInt8(ascii: "\r")
    guard joinsCleanly, index > 0, end + 1 < text.count else { return !joinsCleanly }
    let before = text[index - 1]
    let after = text[end + 1]
    if continuesIdentifier(before) && continuesIdentifier(after) { return true }
    let punctuators = "/*%#:.\\\"'".utf8
    return punctuators.contains(before) && punctuators.contains(after)
  }

  static func mentionsAssemblerInclude(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBufferPointer { mentionsAssemblerInclude($0) }
  }

  static func mentionsAssemblerInclude(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var index = 0
    while index + 7 <= bytes.count {
      if bytes[index] == UInt8(ascii: "."), bytes[index + 1] | 0x20 == UInt8(ascii: "i"),
        bytes[index + 2] | 0x20 == UInt8(ascii: "n"), bytes[index + 3] | 0x20 == UInt8(ascii: "c")
      {
        let rest = bytes[(index + 4)...].prefix(4).map { $0 | 0x20 }
        if rest.starts(with: Array("bin".utf8)) || rest.starts(with: Array("lude".utf8)) {
          return true
        }
      }
      index += 1
    }
    return false
  }

  /// A name that is longer than it looks (a joined line), shorter (a NUL), another (a trigraph), or of
  /// which a part is a comment where the directive is skipped.
  static func isOddName(_ name: UnsafeBufferPointer<UInt8>, isAngled: Bool) -> Bool {
    if let last = name.last(where: { $0 != UInt8(ascii: "\r") }), last == UInt8(ascii: "\\") {
      return true
    }
    return name.contains(0)
      || zip(name, name.dropFirst()).contains { left, right in
        left == UInt8(ascii: "?") && right == left
          || isAngled && left == UInt8(ascii: "/") && (right == left || right == UInt8(ascii: "*"))
      }
  }

  // MARK: characters

  static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  /// White space in a line; compilers take a NUL for some, too.
  static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
      || byte == 0x0b || byte == 0x0c || byte == 0
  }

  static func startsIdentifier(_ byte: UInt8) -> Bool {
    byte >= 0x41 && byte <= 0x5a || byte >= 0x61 && byte <= 0x7a || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: "$") || byte >= 0x80
  }

  static func continuesIdentifier(_ byte: UInt8) -> Bool {
    startsIdentifier(byte) || isDigit(byte)
  }

  static func isRawPrefix(_ word: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    guard word.last == UInt8(ascii: "R") else { return false }
    let prefix = word.dropLast()
    return prefix.isEmpty || prefix.elementsEqual("u8".utf8) || prefix.elementsEqual("u".utf8)
      || prefix.elementsEqual("U".utf8) || prefix.elementsEqual("L".utf8)
  }

  static func equal(_ name: UnsafeBufferPointer<UInt8>, _ text: StaticString) -> Bool {
    name.count == text.utf8CodeUnitCount
      && name.elementsEqual(
        UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}
