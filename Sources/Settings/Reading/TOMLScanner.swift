/// Walks over TOML text statement by statement, without a look at the values. It serves for what
/// TOMLKit can't do: to know where a key stands, and to keep text away from it that stops the
/// program (see `TOMLDocument`). Up to the first error in a text it sees the statements that the
/// parser sees; behind that it may see anything, and never fails.
struct TOMLScanner {
  struct Position: Equatable {
    /// From 1, the column in bytes.
    var line: Int
    var column: Int
  }

  enum Statement: Equatable {
    /// `[a.b]`, or `[[a.b]]` for an element of an array.
    case header([String], isElement: Bool)
    /// `a.b = …`
    case assignment([String])
    /// What the parser can't be shown.
    case dangerous(Danger)
    /// Anything else.
    case unknown
  }

  /// Text that stops the program instead of being refused.
  enum Danger: String {
    /// Where a header wants a key, something stands that begins none.
    case header = "a name must follow the bracket of a header, as in [cache.disk]"
    /// Where an array wants a value, the end of a table or a blank that is none stands.
    case value = "here neither a value nor the end of the array can be read"
  }

  private let bytes: [UInt8]
  private(set) var offset = 0
  private var line = 1
  private var lineStart = 0

  init(_ text: String) {
    bytes = Array(text.utf8)
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { offset = 3 }
  }

  /// The next statement, where it begins (what is dangerous: where that stands), and the count of bytes
  /// before the statement.
  mutating func next() -> (statement: Statement, position: Position, offset: Int)? {
    skipToStatement()
    guard offset < bytes.count else { return nil }
    let start = offset
    let position = position
    let statement: Statement
    if byte == UInt8(ascii: "[") {
      statement = header()
      skipLine()
    } else if let path = dottedKey(), take(UInt8(ascii: "=")) {
      if let found = skipValue() { return (.dangerous(.value), found, start) }
      statement = .assignment(path)
    } else {
      statement = .unknown
      skipLine()
    }
    return (statement, position, start)
  }

  // MARK: statements

  private mutating func header() -> Statement {
    offset += 1
    let isElement = take(UInt8(ascii: "["))
    skipBlanks()
    guard let first = byte, first != UInt8(ascii: "]") else { return .unknown }
    guard isBare(first) || isQuote(first) else { return .dangerous(.header) }
    guard let path = dottedKey(), take(UInt8(ascii: "]")) else { return .unknown }
    return .header(path, isElement: isElement)
  }

  private mutating func dottedKey() -> [String]? {
    var parts: [String] = []
    repeat {
      skipBlanks()
      guard let part = simpleKey() else { return nil }
      parts.append(part)
      skipBlanks()
    } while take(UInt8(ascii: "."))
    return parts
  }

  private mutating func simpleKey() -> String? {
    let start = offset
    if let quote = byte, isQuote(quote) {
      skipString(quote)
      guard offset - start >= 2, bytes[offset - 1] == quote else { return nil }
      return String(decoding: bytes[(start + 1)..<(offset - 1)], as: UTF8.self)
    }
    while let byte, isBare(byte) { offset += 1 }
    return offset > start ? String(decoding: bytes[start..<offset], as: UTF8.self) : nil
  }

  /// To the end of the line in which the value ends, or to what is dangerous in it.
  private mutating func skipValue() -> Position? {
    var open: [UInt8] = []
    while let byte {
      switch byte {
      case UInt8(ascii: "\n"):
        if open.isEmpty { return nil }
        newLine()
      case UInt8(ascii: "#"): skipLine()
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        open.append(byte)
        offset += 1
      case UInt8(ascii: "}") where open.last == UInt8(ascii: "["), 0x80...: return position
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        _ = open.popLast()
        offset += 1
      case UInt8(ascii: "\""), UInt8(ascii: "'"): skipString(byte)
      default: offset += 1
      }
    }
    return nil
  }

  /// A string of any kind; one of a single line ends with the line at the latest.
  private mutating func skipString(_ quote: UInt8) {
    let quotes = [quote, quote, quote]
    let isMultiline = bytes[offset...].starts(with: quotes)
    offset += isMultiline ? 3 : 1
    while let byte {
      if byte == quote, !isMultiline {
        offset += 1
        return
      }
      if byte == quote, bytes[offset...].starts(with: quotes) {
        offset += 3
        // Up to two quotes belong to the string, before the three that end it.
        for _ in 0..<2 { _ = take(quote) }
        return
      }
      if byte == UInt8(ascii: "\n") {
        if !isMultiline { return }
        newLine()
        continue
      }
      offset += 1
      if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), self.byte != UInt8(ascii: "\n") {
        offset = min(offset + 1, bytes.count)
      }
    }
  }

  // MARK: bytes

  private var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private var position: Position { Position(line: line, column: offset - lineStart + 1) }

  private mutating func take(_ expected: UInt8) -> Bool {
    guard byte == expected else { return false }
    offset += 1
    return true
  }

  private mutating func newLine() {
    offset += 1
    line += 1
    lineStart = offset
  }

  private mutating func skipBlanks() {
    while let byte, byte == 0x20 || byte == 0x09 { offset += 1 }
  }

  /// Up to the line's end, which stays.
  private mutating func skipLine() {
    while let byte, byte != UInt8(ascii: "\n") { offset += 1 }
  }

  private mutating func skipToStatement() {
    while let byte {
      switch byte {
      case 0x20, 0x09, UInt8(ascii: "\r"): offset += 1
      case UInt8(ascii: "\n"): newLine()
      case UInt8(ascii: "#"): skipLine()
      default: return
      }
    }
  }

  private func isQuote(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
  }

  private func isBare(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

extension TOMLScanner {
  /// Where `key` stands, or the nearest table around it; nil for neither. A key within an inline table
  /// is found where that begins.
  static func position(of key: [String], in text: String) -> Position? {
    var scanner = TOMLScanner(text)
    var table: [String] = []
    var elements: [[String]: Int] = [:]
    var best: (length: Int, position: Position)?
    func consider(_ path: [String], _ position: Position) {
      // Of `a.b.c = 1`, `a.b` is a table that begins there.
      guard key.starts(with: path) || path.starts(with: key) else { return }
      let length = min(path.count, key.count)
      if length > best?.length ?? 0 { best = (length, position) }
    }
    while let (statement, position, _) = scanner.next() {
      switch statement {
      case .header(let name, let isElement):
        consider(name, position)
        table = name
        if isElement {
          elements[name, default: -1] += 1
          table.append("\(elements[name] ?? 0)")
          consider(table, position)
        }
      case .assignment(let name): consider(table + name, position)
      case .dangerous, .unknown: continue
      }
    }
    return best?.position
  }
}
