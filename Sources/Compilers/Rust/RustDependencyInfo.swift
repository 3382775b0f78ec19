/// The file that `--emit=dep-info` writes: what rustc read, in make's syntax, and what of the environment the
/// source asked for, in comments.
package struct RustDependencyInfo: Sendable, Equatable {
  package struct Variable: Sendable, Equatable {
    package var name: String
    /// Nil: it was not set.
    package var value: String?

    package init(name: String, value: String?) {
      self.name = name
      self.value = value
    }
  }

  /// As rustc names them, the crate's root first.
  package var files: [String]
  package var variables: [Variable]

  /// Nil when the text is no such file.
  package init?(_ text: String) {
    guard let files = MakeDependencies.prerequisites(in: text) else { return nil }
    self.files = files
    variables = []
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
      guard let rest = String(Substring(line)).remainder(after: "# env-dep:") else { continue }
      if let (name, value) = rest.splitAtFirstEquals() {
        variables.append(
          Variable(name: Self.unescaped(name), value: Self.unescaped(value)))
      } else {
        variables.append(Variable(name: Self.unescaped(rest), value: nil))
      }
    }
  }

  /// `\n`, `\r` and `\\` stand for what they do in C.
  private static func unescaped(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "\\")) else { return text }
    var result: [UInt8] = []
    var isEscaped = false
    for byte in text.utf8 {
      if isEscaped {
        isEscaped = false
        switch byte {
        case UInt8(ascii: "n"): result.append(UInt8(ascii: "\n"))
        case UInt8(ascii: "r"): result.append(UInt8(ascii: "\r"))
        default: result.append(byte)
        }
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
