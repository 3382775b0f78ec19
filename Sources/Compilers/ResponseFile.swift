/// `@file` arguments: the words of the file take the place of the argument.
struct ResponseFiles<Files: FileReading> {
  let family: Compiler.Family
  let files: Files

  /// Deeper nesting is taken for a file that includes itself.
  static var depthLimit: Int { 10 }
  /// More words than any build has; a bound on what one call can cost.
  static var wordLimit: Int { 200_000 }

  func expanded(_ arguments: [String]) throws(Rejection) -> [String] {
    guard arguments.contains(where: { $0.begins(with: "@") }) else { return arguments }
    var result: [String] = []
    try append(arguments, to: &result, depth: 0)
    return result
  }

  private func append(
    _ arguments: [String], to result: inout [String], depth: Int
  ) throws(Rejection) {
    guard depth <= Self.depthLimit else { throw .cannotCache("@") }
    for argument in arguments {
      guard let path = argument.remainder(after: "@") else {
        guard result.count < Self.wordLimit else { throw .cannotCache("@") }
        result.append(argument)
        continue
      }
      guard !path.isEmpty, let text = files.text(of: path) else { throw .cannotCache("@") }
      // A backslash that nothing follows is nothing to gcc, and a backslash to clang.
      guard text.utf8.last != UInt8(ascii: "\\") else { throw .cannotCache("@") }
      let words = gnuWords(text, keepsEmpty: family == .gcc)
      try append(words, to: &result, depth: depth + 1)
    }
  }
}

/// Splits text as GNU tools and LLVM split a response file: blanks part words, quotes of both kinds
/// keep them together, a backslash takes the next byte literally, between quotes of either kind too
/// (gcc 12, clang 14 and 19 agree on `'a\\b'`).
/// - Parameter keepsEmpty: `""` is an empty word (gcc) or none (clang).
func gnuWords(_ text: String, keepsEmpty: Bool) -> [String] {
  var words: [String] = []
  var word: [UInt8] = []
  var hasWord = false
  var quote: UInt8?
  var bytes = text.utf8.makeIterator()

  func finish() {
    if hasWord, keepsEmpty || !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
    word.removeAll(keepingCapacity: true)
    hasWord = false
  }
  while let byte = bytes.next() {
    switch byte {
    case UInt8(ascii: "\\"):
      hasWord = true
      if let next = bytes.next() { word.append(next) }
    case quote: quote = nil
    case UInt8(ascii: "'") where quote == nil, UInt8(ascii: "\"") where quote == nil:
      quote = byte
      hasWord = true
    case 0x20 where quote == nil, 0x09...0x0d where quote == nil: finish()
    default:
      hasWord = true
      word.append(byte)
    }
  }
  finish()
  return words
}
