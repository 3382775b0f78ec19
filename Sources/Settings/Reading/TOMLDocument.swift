import TOMLKit

/// TOML, by TOMLKit. Only its parser and its tables are used: its decoder calls a value of the wrong
/// type a missing key.
///
/// Some things are kept away from it:
/// - a header like `[.a]` and an array like `[}`: toml++ 3.4.0, which is inside, ends the program by an
///   assertion at them. Twelve million random documents found no third;
/// - NUL: strings come out of TOMLKit as C strings and would be cut off unseen.
enum TOMLDocument {
  static func parse(_ text: String) throws(DocumentError) -> [String: ConfigurationValue] {
    if let line = lineOfNUL(text) {
      throw DocumentError(line: line, problem: "a NUL character; take it out")
    }
    if let (danger, position, offset) = danger(text) {
      // Perhaps something before it is wrong too, and comes first.
      _ = try table(of: String(decoding: text.utf8.prefix(offset), as: UTF8.self))
      throw DocumentError(
        line: position.line, column: position.column,
        problem: "not valid TOML: \(danger.rawValue)")
    }
    return convert(try table(of: text))
  }

  private static func table(of text: String) throws(DocumentError) -> TOMLTable {
    do {
      return try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw DocumentError(
        line: error.source.begin.line, column: error.source.begin.column,
        problem: "not valid TOML: \(error.description)")
    } catch {
      throw DocumentError(problem: "not valid TOML: \(error)")
    }
  }

  private static func danger(
    _ text: String
  ) -> (TOMLScanner.Danger, TOMLScanner.Position, offset: Int)? {
    var scanner = TOMLScanner(text)
    while let (statement, position, offset) = scanner.next() {
      if case .dangerous(let danger) = statement { return (danger, position, offset) }
    }
    return nil
  }

  private static func lineOfNUL(_ text: String) -> Int? {
    var line = 1
    for byte in text.utf8 {
      if byte == 0 { return line }
      if byte == UInt8(ascii: "\n") { line += 1 }
    }
    for spelling in ["\\u0000", "\\U00000000"] {
      if let range = text.firstRange(of: spelling) {
        return 1 + text[..<range.lowerBound].utf8.count { $0 == UInt8(ascii: "\n") }
      }
    }
    return nil
  }

  private static func convert(_ table: TOMLTable) -> [String: ConfigurationValue] {
    var result: [String: ConfigurationValue] = [:]
    for key in table.keys {
      if let entry = table[key] { result[key] = convert(entry) }
    }
    return result
  }

  private static func convert(_ entry: any TOMLValueConvertible) -> ConfigurationValue {
    switch entry.type {
    case .table: .table(entry.table.map(convert) ?? [:])
    case .array: .array(entry.array.map { $0.map(convert) } ?? [])
    case .string: .string(entry.string ?? "")
    case .int: .integer(entry.int ?? 0)
    case .double: .number(entry.double ?? 0)
    case .bool: .boolean(entry.bool ?? false)
    case .date: .other("a date")
    case .time: .other("a time")
    case .dateTime: .other("a date with time")
    }
  }
}
