/// Writes one JSON value on one line, keys in the order of the calls.
///
/// Foundation's encoder orders keys by name or not at all and pulls Foundation in; here the order
/// is part of what scripts see.
package struct JSONWriter: Sendable {
  /// What was written so far.
  package private(set) var text = ""
  /// Whether the next key or element follows another one in the same object or array.
  private var needsComma = false

  package init() {}

  /// - Parameter body: writes keys, a value behind each.
  package mutating func object(_ body: (inout JSONWriter) -> Void) { nest("{", "}", body) }
  /// - Parameter body: writes values.
  package mutating func array(_ body: (inout JSONWriter) -> Void) { nest("[", "]", body) }

  /// Of an object; its value comes next.
  package mutating func key(_ key: String) {
    separate()
    appendQuoted(key)
    text.append(":")
    needsComma = false
  }

  /// A whole number.
  package mutating func number(_ value: some BinaryInteger) { scalar(String(value)) }
  /// A number with a fraction; null for what JSON has no number for.
  package mutating func number(_ value: Double) { scalar(value.isFinite ? "\(value)" : "null") }
  /// A truth value.
  package mutating func bool(_ value: Bool) { scalar(value ? "true" : "false") }
  /// No value.
  package mutating func null() { scalar("null") }

  /// A text, with what JSON wants escaped.
  package mutating func string(_ value: String) {
    separate()
    appendQuoted(value)
    needsComma = true
  }

  private mutating func scalar(_ literal: String) {
    separate()
    text.append(literal)
    needsComma = true
  }

  private mutating func nest(_ open: String, _ close: String, _ body: (inout JSONWriter) -> Void) {
    separate()
    text.append(open)
    needsComma = false
    body(&self)
    text.append(close)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { text.append(",") }
  }

  private mutating func appendQuoted(_ value: String) {
    text.append("\"")
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text.append("\\\"")
      case "\\": text.append("\\\\")
      case "\n": text.append("\\n")
      case "\r": text.append("\\r")
      case "\t": text.append("\\t")
      case "\u{8}": text.append("\\b")
      case "\u{c}": text.append("\\f")
      case ..<" ":
        text.append(scalar.value < 16 ? "\\u000" : "\\u00")
        text.append(String(scalar.value, radix: 16))
      default: text.unicodeScalars.append(scalar)
      }
    }
    text.append("\"")
  }
}
