/// One option of rustc's command line, as written.
struct RustOption: Sendable, Equatable {
  /// The long name, or the letter where there is no long one: `crate-type`, `codegen`, `L`, `g`.
  var name: String
  /// Nil for flags, and for the input, whose name is empty.
  var value: String?
}

/// Splits rustc's words as its parser does (the crate `getopts`): letters may stand together and have
/// their value joined, long options have it behind `=` or in the next word, `--` ends the options.
struct RustOptionScanner {
  private let words: [String]
  private var position = 0
  /// Letters of one word that are still to be read.
  private var letters: Substring = ""
  private var isBehindOptions = false

  init(_ words: [String]) {
    self.words = words
  }

  /// Options with a value by their long names, from `rustc --help -v` of 1.63 to 1.97 and the hidden ones of
  /// its source (`rustc_session::config::rustc_optgroups`).
  private static let valued: Set<String> = [
    "cfg", "check-cfg", "crate-type", "crate-name", "edition", "emit", "print", "out-dir",
    "explain",
    "target", "allow", "warn", "force-warn", "deny", "forbid", "cap-lints", "codegen", "extern",
    "sysroot", "error-format", "json", "color", "diagnostic-width", "remap-path-prefix",
    "remap-path-scope", "env-set", "unpretty", "pretty",
  ]
  private static let flags: Set<String> = ["help", "test", "version", "verbose"]
  /// Letters with a value, and the long names of those that have one.
  private static let valuedLetters: [Character: String] = [
    "L": "L", "l": "l", "o": "o", "A": "allow", "W": "warn", "D": "deny", "F": "forbid",
    "C": "codegen", "Z": "Z",
  ]
  private static let flagLetters: [Character: String] = [
    "h": "help", "g": "g", "O": "O", "V": "version", "v": "verbose",
  ]

  /// The next option or input; nil at the end. What rustc would refuse is refused.
  mutating func next() throws(Rejection) -> RustOption? {
    if let letter = letters.popFirst() { return try option(letter) }
    guard let word = take() else { return nil }
    if isBehindOptions || word == "-" || !word.begins(with: "-") {
      return RustOption(name: "", value: word)
    }
    if word == "--" {
      isBehindOptions = true
      return try next()
    }
    if let long = word.remainder(after: "--") { return try option(long: long) }
    letters = word.dropFirst()
    return try next()
  }

  private mutating func option(_ letter: Character) throws(Rejection) -> RustOption {
    if let name = Self.flagLetters[letter] { return RustOption(name: name, value: nil) }
    guard let name = Self.valuedLetters[letter] else { throw .cannotCache("-\(letter)") }
    let joined = String(letters)
    letters = ""
    guard let value = joined.isEmpty ? take() : joined else { throw .cannotCache("argument parse") }
    return RustOption(name: name, value: value)
  }

  private mutating func option(long text: String) throws(Rejection) -> RustOption {
    let parts = text.splitAtFirstEquals()
    let name = parts?.left ?? text
    if Self.flags.contains(name), parts == nil { return RustOption(name: name, value: nil) }
    guard Self.valued.contains(name) else { throw .cannotCache("--\(name)") }
    guard let value = parts?.right ?? take() else { throw .cannotCache("argument parse") }
    return RustOption(name: name, value: value)
  }

  private mutating func take() -> String? {
    guard position < words.count else { return nil }
    defer { position += 1 }
    return words[position]
  }
}
