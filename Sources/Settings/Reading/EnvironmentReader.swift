/// The variables of the environment while settings are made from them, with what is to be said about
/// them.
struct EnvironmentReader {
  let variables: [String: String]
  private(set) var warnings: [String] = []

  init(_ variables: [String: String]) { self.variables = variables }

  mutating func warn(_ text: String) { warnings.append(text) }

  /// The value even when it is empty.
  func raw(_ name: String) -> String? { variables[name] }

  /// An empty string counts as unset, as in Mozilla's since 0.16.
  func string(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }

  func secret(_ name: String) -> Secret? { string(name).map { Secret($0) } }

  /// Without the slashes at its end.
  func keyPrefix(_ name: String) -> String { string(name).map(KeyPrefix.trimmed) ?? "" }

  func boolean(_ name: String) throws(SettingsError) -> Bool? {
    guard let text = string(name) else { return nil }
    guard let value = BooleanText.parse(text) else {
      throw SettingsError("\(name) must be 'true', 'on', '1', 'false', 'off' or '0'.")
    }
    return value
  }

  /// A whole number, not negative.
  func number(_ name: String) throws(SettingsError) -> Int? {
    guard let text = string(name) else { return nil }
    guard let value = Int(text), value >= 0 else {
      throw SettingsError(
        "\(name) value is invalid: \"\(text)\"",
        causes: ["write a whole number, not negative, or unset it"])
    }
    return value
  }

  /// A whole number within bounds.
  ///
  /// - Parameter what: what to write, for the message.
  func number(
    _ name: String, in range: ClosedRange<Int>, what: String
  ) throws(SettingsError) -> Int? {
    guard let text = string(name) else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw SettingsError(
        "\(name) value is invalid: \"\(text)\"",
        causes: ["write \(what) from \(range.lowerBound) to \(range.upperBound), or unset it"])
    }
    return value
  }

  /// Like `number`, but what can't be read is said and counts as unset: a slip here must not stop a
  /// build.
  mutating func lenientNumber(_ name: String, otherwise: String) -> Int? {
    guard let text = string(name) else { return nil }
    guard let value = Int(text), value >= 0 else {
      warn("\(name)=\(text) is no whole number; \(otherwise)")
      return nil
    }
    return value
  }

  /// What can't be read is said and counts as unset, as in Mozilla's.
  /// One of a few words, in any case; else a warning and nil.
  mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, of: Choice.Type, otherwise: Choice
  ) -> Choice? where Choice.RawValue == String {
    guard let text = string(name) else { return nil }
    if let choice = Choice(rawValue: text.lowercased()) { return choice }
    let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    warn("\(name)=\(text) is none of \(all); it stays \(otherwise.rawValue)")
    return nil
  }

  mutating func mode(_ name: String, otherwise: AccessMode) -> AccessMode? {
    guard let text = string(name) else { return nil }
    guard let value = AccessMode(text: text) else {
      warn("\(name)=\(text) is neither READ_ONLY nor READ_WRITE; it stays \(otherwise.rawValue)")
      return nil
    }
    return value
  }
}

/// Mozilla's words for yes and no in variables.
enum BooleanText {
  static func parse(_ text: String) -> Bool? {
    switch text.lowercased() {
    case "true", "on", "1": true
    case "false", "off", "0": false
    default: nil
    }
  }
}

/// The folder of a remote store under which keys lie.
enum KeyPrefix {
  static func trimmed(_ text: String) -> String {
    var text = text[...]
    while text.utf8.last == UInt8(ascii: "/") { text.removeLast() }
    return String(text)
  }
}
