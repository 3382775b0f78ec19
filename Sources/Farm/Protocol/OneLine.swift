/// What a peer says, fit for a log: nobody writes lines of his own into it, or moves the cursor of whoever
/// reads it.
enum OneLine {
  /// At most `limit` bytes of UTF-8; control characters and line breaks become question marks.
  static func of(_ text: String, limit: Int) -> String {
    var line = String.UnicodeScalarView()
    var count = 0
    for scalar in text.unicodeScalars {
      let shown = isShown(scalar) ? scalar : "?"
      count += UTF8.width(shown)
      guard count <= limit else { break }
      line.append(shown)
    }
    return String(line)
  }

  private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: false
    default: true
    }
  }
}
