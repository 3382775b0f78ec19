/// Finds where a key stands in TOML text, for messages: TOMLKit keeps positions to itself. It reads
/// headers and the beginnings of lines alone, so a key within an inline table is found as its line.
struct KeyLocator {
  struct Position: Equatable {
    /// From 1.
    var line: Int
    var column: Int
  }

  private let text: String

  init(_ text: String) { self.text = text }

  /// The line of `key`, or of the nearest table around it; nil for none.
  func position(of key: [String]) -> Position? {
    var best: (length: Int, position: Position)?
    forEachKey { path, position in
      guard !path.isEmpty, key.starts(with: path) else { return }
      if path.count > best?.length ?? 0 { best = (path.count, position) }
    }
    return best?.position
  }

  private func forEachKey(_ body: (_ path: [String], _ position: Position) -> Void) {
    var table: [String] = []
    var elements: [[String]: Int] = [:]
    var open: [UInt8]?
    for (index, line) in text.utf8.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
    ).enumerated() {
      var scanner = LineScanner(Array(line))
      if let quotes = open {
        if scanner.skip(past: quotes) { open = nil }
        continue
      }
      scanner.skipBlanks()
      let position = Position(line: index + 1, column: scanner.offset + 1)
      if let header = scanner.header() {
        table = header.path
        if header.isElement {
          elements[table, default: -1] += 1
          table.append("\(elements[header.path] ?? 0)")
        }
        body(table, position)
      } else if let key = scanner.assignment() {
        body(table + key, position)
        open = scanner.openMultilineString()
      }
    }
  }
}

/// One line of TOML, from left to right.
private struct LineScanner {
  private let bytes: [UInt8]
  private(set) var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x09 { offset += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    offset += 1
    return true
  }

  /// `[a.b]` or `[[a.b]]`.
  mutating func header() -> (path: [String], isElement: Bool)? {
    guard take(UInt8(ascii: "[")) else { return nil }
    let isElement = take(UInt8(ascii: "["))
    guard let path = dottedKey(), take(UInt8(ascii: "]")) else { return nil }
    return (path, isElement)
  }

  /// `a.b =`.
  mutating func assignment() -> [String]? {
    guard let path = dottedKey(), take(UInt8(ascii: "=")) else { return nil }
    return path
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
    let quote = next
    if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      offset += 1
      let start = offset
      while let byte = next, byte != quote { offset += 1 }
      guard offset < bytes.count else { return nil }
      offset += 1
      return String(decoding: bytes[start..<(offset - 1)], as: UTF8.self)
    }
    let start = offset
    while let byte = next, isBare(byte) { offset += 1 }
    return offset > start ? String(decoding: bytes[start..<offset], as: UTF8.self) : nil
  }

  private func isBare(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  /// The quotes of a string that begins in the rest of the line and doesn't end there.
  mutating func openMultilineString() -> [UInt8]? {
    for quotes in [Array("\"\"\"".utf8), Array("'''".utf8)] {
      var rest = self
      if rest.skip(past: quotes), !rest.skip(past: quotes) { return quotes }
    }
    return nil
  }

  mutating func skip(past pattern: [UInt8]) -> Bool {
    while offset + pattern.count <= bytes.count {
      if bytes[offset..<(offset + pattern.count)].elementsEqual(pattern) {
        offset += pattern.count
        return true
      }
      offset += 1
    }
    return false
  }
}
