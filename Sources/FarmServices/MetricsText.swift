/// The text format that Prometheus reads (exposition format 0.0.4).
package struct MetricsText {
  package enum Kind: String { case counter, gauge }

  private var text = ""

  package init() {}

  /// One metric with a value for each set of labels.
  package mutating func add(
    _ name: String, _ kind: Kind, _ help: String, _ values: [(labels: String, value: UInt64)]
  ) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    for (labels, value) in values {
      text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }
  }

  package mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: UInt64) {
    add(name, kind, help, [("", value)])
  }

  /// A label whose value can't end the quotes: addresses and ids have no such letters.
  package static func label(_ name: String, _ value: some CustomStringConvertible) -> String {
    "\(name)=\"\(value.description.filter { $0 != "\"" && $0 != "\\" && !$0.isNewline })\""
  }

  package var bytes: [UInt8] { Array(text.utf8) }

  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"
}
