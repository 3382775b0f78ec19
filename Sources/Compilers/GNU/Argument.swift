/// One option of a command line with its value, or one input.
struct Argument: Sendable {
  enum Kind: Sendable {
    case option(Option)
    /// Begins with a dash and isn't in the table.
    case unknown
    case input
  }

  var kind: Kind
  /// The option's name as in the table, or the whole word.
  var name: String
  var value: String?
  /// The words as they stood.
  var words: [String]

  /// The words for the key: the two spellings of an option with a value come out the same.
  var normalised: [String] {
    guard case .option(let option) = kind, let value else { return words }
    switch option.join {
    case .none, .joined, .equals: return words
    case .separate: return [name, value]
    case .either: return name.utf8.count == 2 ? [name + value] : [name, value]
    }
  }
}

/// Splits a command line into its arguments, by a driver's table.
struct ArgumentScanner {
  private let table: OptionTable
  private let words: [String]
  private var position = 0
  /// clang takes everything behind `--` for inputs.
  private let endsOptionsAtDashes: Bool
  private var onlyInputsFollow = false

  init(_ words: [String], table: OptionTable, family: Compiler.Family) {
    self.words = words
    self.table = table
    endsOptionsAtDashes = family == .clang
  }

  /// The next argument; nil at the end.
  mutating func next() throws(Rejection) -> Argument? {
    guard position < words.count else { return nil }
    let word = words[position]
    position += 1
    if onlyInputsFollow { return Argument(kind: .input, name: word, value: nil, words: [word]) }
    if word == "--", endsOptionsAtDashes {
      onlyInputsFollow = true
      return try next()
    }
    if word == "-" { throw .cannotCache("-") }
    guard word.begins(with: "-") || word.begins(with: "/winsysroot") else {
      return Argument(kind: .input, name: word, value: nil, words: [word])
    }
    guard let option = table.option(for: word) else {
      return Argument(kind: .unknown, name: word, value: nil, words: [word])
    }
    return try argument(of: option, in: word)
  }

  private mutating func argument(of option: Option, in word: String) throws(Rejection) -> Argument {
    var result = Argument(
      kind: .option(option), name: option.name, value: nil, words: [word])
    let joined = word.dropping(option.name.utf8.count)
    switch option.join {
    case .none: break
    case .joined: result.value = joined
    case .equals: result.value = joined.isEmpty ? nil : joined.dropping(1)
    case .separate: result.value = try separateValue(&result)
    case .either: result.value = joined.isEmpty ? try separateValue(&result) : joined
    }
    return result
  }

  private mutating func separateValue(_ argument: inout Argument) throws(Rejection) -> String {
    // A question to the driver or a refusal holds whatever follows it.
    guard position < words.count else { throw .cannotCache("argument parse") }
    let value = words[position]
    position += 1
    argument.words.append(value)
    return value
  }
}
