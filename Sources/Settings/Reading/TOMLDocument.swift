import TOMLKit

/// TOML, by TOMLKit. Only its parser and its tables are used: its decoder calls a value of the wrong
/// type a missing key.
enum TOMLDocument {
  static func parse(_ text: String) throws(DocumentError) -> [String: ConfigurationValue] {
    // Strings come out of TOMLKit as C strings: a NUL would cut them off unseen.
    if let line = lineOfNUL(text) {
      throw DocumentError(line: line, problem: "a NUL character; take it out")
    }
    do {
      return table(try TOMLTable(string: text))
    } catch let error as TOMLParseError {
      throw DocumentError(
        line: error.source.begin.line, column: error.source.begin.column,
        problem: "not valid TOML: \(error.description)")
    } catch {
      throw DocumentError(problem: "not valid TOML: \(error)")
    }
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

  private static func table(_ table: TOMLTable) -> [String: ConfigurationValue] {
    var result: [String: ConfigurationValue] = [:]
    for key in table.keys {
      if let entry = table[key] { result[key] = value(entry) }
    }
    return result
  }

  private static func value(_ entry: any TOMLValueConvertible) -> ConfigurationValue {
    switch entry.type {
    case .table: .table(entry.table.map(table) ?? [:])
    case .array: .array(entry.array.map { $0.map(value) } ?? [])
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
