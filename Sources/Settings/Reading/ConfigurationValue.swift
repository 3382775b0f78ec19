/// A value of a configuration file, of either format.
package indirect enum ConfigurationValue: Sendable, Equatable {
  case table([String: ConfigurationValue])
  case array([ConfigurationValue])
  case string(String)
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  /// A date or a time (TOML), or JSON's null: no setting takes one.
  case other(String)

  /// For messages: `a string`.
  var kind: String {
    switch self {
    case .table: "a table"
    case .array: "an array"
    case .string: "a string"
    case .integer: "an integer"
    case .number: "a number with a fraction"
    case .boolean: "a boolean"
    case .other(let name): name
    }
  }
}
