/// Dependency files in make's syntax, as gcc and clang write them.
package enum MakeDependencies {
  /// The prerequisites of the first rule, in order, unquoted. The rules behind it, which `-MP` asks
  /// for, name nothing new. Nil when the text is not such a file.
  package static func prerequisites(in text: String) -> [String]? {
    prerequisites(in: Array(text.utf8))
  }

  package static func prerequisites(in bytes: [UInt8]) -> [String]? {
    var reader = MakeRuleReader(bytes: bytes)
    guard reader.skipTargets() else { return nil }
    return reader.prerequisites()
  }

  /// A file name as a word of make's, as gcc quotes one for `-MQ`: blanks with a backslash, the
  /// backslashes in front of them doubled, `\#`, `$$`.
  package static func quoted(_ name: String) -> String {
    guard name.utf8.contains(where: { " \t#$".utf8.contains($0) }) else { return name }
    var result: [UInt8] = []
    var backslashes = 0
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"):
        result += repeatElement(UInt8(ascii: "\\"), count: backslashes + 1)
      case UInt8(ascii: "#"): result.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "$"): result.append(UInt8(ascii: "$"))
      default: break
      }
      result.append(byte)
      backslashes = byte == UInt8(ascii: "\\") ? backslashes + 1 : 0
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The text that the compiler would have written.
  /// - Parameter prerequisites: the input first, then the headers, in the order of the first
  ///   inclusion.
  package static func render(
    file: DependencyFile, prerequisites: [String], compiler: Compiler
  ) -> String {
    switch compiler.family {
    case .gcc: gcc(file, prerequisites, compiler.majorVersion)
    case .clang: clang(file, prerequisites, compiler.majorVersion)
    }
  }

  /// Measured with gcc 11 and 12: lines end before column 72, counted in quoted bytes.
  private static func gcc(
    _ file: DependencyFile, _ prerequisites: [String], _ version: Int
  ) -> String {
    var lines = LineWriter()
    for target in file.targets { lines.appendLikeGCC(target) }
    lines.append(":")
    let names = prerequisites.map(quoted)
    for name in names { lines.appendLikeGCC(name) }
    lines.append("\n")
    guard file.hasPhonyTargets else { return lines.text }
    // Up to gcc 9 an empty line stands before each rule.
    let rules = names.dropFirst().map { (version < 10 ? "\n" : "") + $0 + ":\n" }
    return lines.text + rules.joined()
  }

  /// Measured with clang 14, 16 and 19 (14 puts an empty line before each rule of `-MP`): lines end before column 75, counted in unquoted bytes.
  private static func clang(
    _ file: DependencyFile, _ prerequisites: [String], _ version: Int
  ) -> String {
    var lines = LineWriter()
    for target in file.targets { lines.appendTargetLikeClang(target) }
    lines.append(":")
    for name in prerequisites { lines.appendLikeClang(name) }
    lines.append("\n")
    guard file.hasPhonyTargets else { return lines.text }
    let rules = prerequisites.dropFirst().map {
      (version < 15 ? "\n" : "") + clangQuoted($0) + ":\n"
    }
    return lines.text + rules.joined()
  }

  /// clang leaves a tab alone.
  static func clangQuoted(_ name: String) -> String {
    guard name.contains(byte: "\t") else { return quoted(name) }
    return name.utf8.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
      .map { quoted(String(Substring($0))) }.joined(separator: "\t")
  }
}

/// Breaks lines the way the two compilers do.
private struct LineWriter {
  var text = ""
  private var column = 0

  mutating func append(_ word: String) {
    text += word
    column += word.utf8.count
  }

  mutating func appendLikeGCC(_ word: String) {
    if column > 0 {
      if column + word.utf8.count > 72 {
        text += " \\\n"
        column = 0
      }
      append(" ")
    }
    append(word)
  }

  mutating func appendTargetLikeClang(_ word: String) {
    let count = word.utf8.count
    if column == 0 {
      column = count
    } else if column + count + 2 > 75 {
      text += " \\\n  "
      column = count + 2
    } else {
      text += " "
      column += count + 1
    }
    text += word
  }

  mutating func appendLikeClang(_ name: String) {
    let count = name.utf8.count
    if column + count + 3 > 75 {
      text += " \\\n "
      column = 2
    }
    text += " " + MakeDependencies.clangQuoted(name)
    column += count + 1
  }
}

/// Reads one rule of a makefile, byte by byte.
private struct MakeRuleReader {
  let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  private func byte(at index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

  /// Moves behind the colon that ends the targets: one with a blank or the end of a line behind it
  /// (a target may hold colons).
  mutating func skipTargets() -> Bool {
    while let byte = byte(at: position) {
      position += 1
      if byte == UInt8(ascii: "\\") {
        position += 1
      } else if byte == UInt8(ascii: ":") {
        switch self.byte(at: position) {
        case nil, UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"),
          UInt8(ascii: "\\"):
          return true
        default: break
        }
      } else if byte == UInt8(ascii: "\n") {
        return false
      }
    }
    return false
  }

  mutating func prerequisites() -> [String] {
    var result: [String] = []
    var word: [UInt8] = []
    func finish() {
      if !word.isEmpty { result.append(String(decoding: word, as: UTF8.self)) }
      word.removeAll(keepingCapacity: true)
    }
    while let byte = byte(at: position) {
      position += 1
      switch byte {
      case UInt8(ascii: "\n"):
        finish()
        return result
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): finish()
      case UInt8(ascii: "\\"):
        if skipContinuation() { finish() } else { readBackslashes(into: &word) }
      case UInt8(ascii: "$") where self.byte(at: position) == UInt8(ascii: "$"):
        position += 1
        word.append(byte)
      default: word.append(byte)
      }
    }
    finish()
    return result
  }

  private mutating func skipContinuation() -> Bool {
    if byte(at: position) == UInt8(ascii: "\n") {
      position += 1
      return true
    }
    if byte(at: position) == UInt8(ascii: "\r"), byte(at: position + 1) == UInt8(ascii: "\n") {
      position += 2
      return true
    }
    return false
  }

  /// A run of backslashes, the first of which is read already: before a blank two stand for one and
  /// the odd one quotes the blank; before `#` the last one quotes it; else they are themselves.
  private mutating func readBackslashes(into word: inout [UInt8]) {
    var count = 1
    while byte(at: position) == UInt8(ascii: "\\") {
      if byte(at: position + 1) == UInt8(ascii: "\n") { break }
      count += 1
      position += 1
    }
    let backslash = UInt8(ascii: "\\")
    switch byte(at: position) {
    case UInt8(ascii: " "), UInt8(ascii: "\t"):
      word += repeatElement(backslash, count: count / 2)
      guard count % 2 == 1, let blank = byte(at: position) else { return }
      word.append(blank)
      position += 1
    case UInt8(ascii: "#"):
      word += repeatElement(backslash, count: count - 1)
      word.append(UInt8(ascii: "#"))
      position += 1
    default: word += repeatElement(backslash, count: count)
    }
  }
}
