/// One table of a configuration file while settings are made from it. Whatever is asked for becomes a
/// known key; `finish` refuses the others.
struct TableReader {
  let file: ConfigurationFile
  let path: [String]
  private let table: [String: ConfigurationValue]
  private var known: [String] = []

  init(_ file: ConfigurationFile) {
    self.init(file: file, path: [], table: file.root)
  }

  private init(file: ConfigurationFile, path: [String], table: [String: ConfigurationValue]) {
    self.file = file
    self.path = path
    self.table = table
  }

  /// To be called when every key was asked for.
  ///
  /// - Throws: for a key that nobody asked for.
  func finish() throws(SettingsError) {
    let unknown = table.keys.filter { !known.contains($0) }.sorted()
    guard let first = unknown.first else { return }
    throw file.error(
      at: path + [first],
      "is no known key: take it out or correct it; known here are \(known.joined(separator: ", "))")
  }

  var keys: [String] { table.keys.sorted() }

  func error(_ key: String, _ problem: String) -> SettingsError {
    file.error(at: path + [key], problem)
  }

  /// Where a key stands, for messages.
  func place(_ key: String) -> String { file.place(of: path + [key]) }

  /// For a section that lacks something.
  func error(_ problem: String) -> SettingsError { file.error(at: path, problem) }

  mutating func value(_ key: String) -> ConfigurationValue? {
    if !known.contains(key) { known.append(key) }
    return table[key]
  }

  mutating func string(_ key: String) throws(SettingsError) -> String? {
    switch value(key) {
    case nil: return nil
    case .string(let text): return text
    case .some(let other): throw mismatch(key, other, "a string")
    }
  }

  mutating func secret(_ key: String) throws(SettingsError) -> Secret? {
    try string(key).map { Secret($0) }
  }

  mutating func keyPrefix(_ key: String) throws(SettingsError) -> String {
    try string(key).map(KeyPrefix.trimmed) ?? ""
  }

  /// A string that must be there and not be empty.
  mutating func required(_ key: String) throws(SettingsError) -> String {
    guard let text = try string(key) else {
      throw error("lacks the key \(key): add \(key) = \"…\"")
    }
    guard !text.isEmpty else { throw error(key, "is empty: give it a value") }
    return text
  }

  mutating func boolean(_ key: String) throws(SettingsError) -> Bool? {
    switch value(key) {
    case nil: return nil
    case .boolean(let flag): return flag
    case .some(let other): throw mismatch(key, other, "true or false, without quotes")
    }
  }

  /// A whole number, not negative.
  mutating func number(_ key: String) throws(SettingsError) -> Int? {
    switch value(key) {
    case nil: return nil
    case .integer(let number):
      guard number >= 0 else { throw error(key, "must not be negative, found \(number)") }
      return number
    case .some(let other): throw mismatch(key, other, "a whole number, without quotes")
    }
  }

  /// A whole number, 1 at least.
  mutating func positiveNumber(_ key: String) throws(SettingsError) -> Int? {
    let number = try number(key)
    if number == 0 { throw error(key, "must be 1 at least; take it out for the default") }
    return number
  }

  /// Bytes: a whole number, or a string with one and K, M, G or T.
  mutating func size(_ key: String) throws(SettingsError) -> Int? {
    guard case .string(let text) = value(key) else { return try number(key) }
    guard let size = ByteCount.parse(text) else {
      throw error(
        key, "is no size: \"\(text)\"; write a whole number of bytes, or one with K, M, G or T")
    }
    return size
  }

  mutating func strings(_ key: String) throws(SettingsError) -> [String]? {
    guard let list = try values(key, "an array of strings") else { return nil }
    var result: [String] = []
    for (index, element) in list.enumerated() {
      guard case .string(let text) = element else {
        throw error(key, "must be an array of strings; element \(index + 1) is \(element.kind)")
      }
      result.append(text)
    }
    return result
  }

  mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, of: Choice.Type
  ) throws(SettingsError) -> Choice? where Choice.RawValue == String {
    guard let text = try string(key) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let all = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw error(key, "must be one of \(all), found \"\(text)\"")
    }
    return choice
  }

  mutating func table(_ key: String) throws(SettingsError) -> TableReader? {
    switch value(key) {
    case nil: return nil
    case .table(let table): return TableReader(file: file, path: path + [key], table: table)
    case .some(let other):
      throw mismatch(key, other, "a table, [\((path + [key]).joined(separator: "."))]")
    }
  }

  mutating func tables(_ key: String) throws(SettingsError) -> [TableReader]? {
    guard let list = try values(key, "an array of tables") else { return nil }
    var result: [TableReader] = []
    for (index, element) in list.enumerated() {
      guard case .table(let table) = element else {
        throw error(key, "must be an array of tables; element \(index + 1) is \(element.kind)")
      }
      result.append(TableReader(file: file, path: path + [key, "\(index)"], table: table))
    }
    return result
  }

  private mutating func values(
    _ key: String, _ expected: String
  ) throws(SettingsError) -> [ConfigurationValue]? {
    switch value(key) {
    case nil: return nil
    case .array(let list): return list
    case .some(let other): throw mismatch(key, other, expected)
    }
  }

  private func mismatch(
    _ key: String, _ found: ConfigurationValue, _ expected: String
  ) -> SettingsError {
    error(key, "must be \(expected), found \(found.kind)")
  }
}
