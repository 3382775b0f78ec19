/// A path split the way compiler drivers split one, byte by byte: names need not be good Unicode.
struct FileName {
  /// The path up to and with its last slash; empty when there is none.
  var directory: String
  /// What follows the last slash.
  var base: String

  init(_ path: String) {
    let bytes = path.utf8
    if let slash = bytes.lastIndex(of: UInt8(ascii: "/")) {
      let start = bytes.index(after: slash)
      directory = String(path[..<start])
      base = String(path[start...])
    } else {
      directory = ""
      base = path
    }
  }

  /// What follows the last dot of the base, without the dot; nil when there is no dot.
  var suffix: String? {
    guard let dot = base.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
    return String(base[base.utf8.index(after: dot)...])
  }

  /// The base without its last dot and what follows it.
  var stem: String {
    guard let dot = base.utf8.lastIndex(of: UInt8(ascii: ".")) else { return base }
    return String(base[..<dot])
  }

  /// As `stem`, but a dot in front does not begin a suffix (`.o` stays `.o`), which is how gcc sees
  /// the names of its auxiliary outputs.
  var visibleStem: String {
    let stem = stem
    return stem.isEmpty ? base : stem
  }
}

extension String {
  /// Byte-wise, unlike `hasPrefix`, to which `-I` is no prefix of `-I` and a combining accent.
  func begins(with prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }

  /// The text behind a prefix of that many bytes.
  func dropping(_ count: Int) -> String { String(Substring(utf8.dropFirst(count))) }

  /// The text behind the prefix, if it has it.
  func remainder(after prefix: String) -> String? {
    begins(with: prefix) ? dropping(prefix.utf8.count) : nil
  }

  func contains(byte: Character) -> Bool {
    guard let value = byte.asciiValue else { return false }
    return utf8.contains(value)
  }

  /// The two sides of the first `=`; nil without one.
  func splitAtFirstEquals() -> (left: String, right: String)? {
    guard let mark = utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
    return (String(self[..<mark]), String(self[utf8.index(after: mark)...]))
  }

  func splitAtLastEquals() -> (left: String, right: String)? {
    guard let mark = utf8.lastIndex(of: UInt8(ascii: "=")) else { return nil }
    return (String(self[..<mark]), String(self[utf8.index(after: mark)...]))
  }

  /// The parts between commas, empty ones too, as `-Wp,` and `-Wa,` are split.
  func splitAtCommas() -> [String] {
    utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
  }
}
