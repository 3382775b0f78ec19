/// Whether a text with its includes resolved means to the second run what its sources mean to the
/// compiler here (see `RemotePlan`). Macros are still in it, and some of them see another world there:
///
/// - `__TIMESTAMP__`, `__TIME__` and `__DATE__`: a copy's time, and another machine's time zone.
/// - clang's `-frewrite-includes` has evaluated the conditions: a `__COUNTER__` that one of them took is
///   given out again. (gcc refuses such a text by itself.)
/// - clang's markers are those of the files as they lie on the disk: a `#line` of the sources, or a
///   marker that a generator left in them, holds until the next one only.
///
/// Words are looked for wherever they stand, also in comments: then the compilation stays here, which
/// costs time and nothing else.
///
/// - Parameter input: as the compiler was given it.
package func keepsItsMeaning(
  _ text: [UInt8], input: String, family: Compiler.Family
) -> Bool {
  text.withUnsafeBytes { bytes in
    var scan = RemoteTextScan(bytes, isClang: family == .clang, input: input)
    return scan.isAllGood()
  }
}

private struct RemoteTextScan {
  private static let everywhere: [StaticString] = ["__TIMESTAMP__", "__TIME__", "__DATE__"]
  private let bytes: UnsafeRawBufferPointer
  private let words: [StaticString]
  private let isClang: Bool
  /// The files that a marker has entered.
  private var files: Set<String>

  init(_ bytes: UnsafeRawBufferPointer, isClang: Bool, input: String) {
    self.bytes = bytes
    self.isClang = isClang
    words = isClang ? Self.everywhere + ["__COUNTER__"] : Self.everywhere
    files = [input, "<built-in>", "<command line>", "<command-line>"]
  }

  mutating func isAllGood() -> Bool {
    var isStartOfLine = true
    var last: UInt8 = 0
    for index in bytes.indices {
      let byte = bytes[index]
      if byte == UInt8(ascii: "_"), last == byte, holdsWord(at: index - 1) { return false }
      if byte == UInt8(ascii: "\n") {
        isStartOfLine = true
      } else if isStartOfLine, byte != UInt8(ascii: " "), byte != UInt8(ascii: "\t") {
        isStartOfLine = false
        if isClang, byte == UInt8(ascii: "#"), !takeDirective(at: index + 1) { return false }
      }
      last = byte
    }
    return true
  }

  private func holdsWord(at start: Int) -> Bool { words.contains { begins($0, at: start) } }

  private func begins(_ word: StaticString, at start: Int) -> Bool {
    guard start + word.utf8CodeUnitCount <= bytes.count else { return false }
    for offset in 0..<word.utf8CodeUnitCount
    where bytes[start + offset] != word.utf8Start[offset] { return false }
    return true
  }

  /// Whether the directive behind a `#` is not about lines, or clang's own.
  private mutating func takeDirective(at start: Int) -> Bool {
    let line = bytes[start...].prefix { $0 != UInt8(ascii: "\n") }
    let text = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    guard let first = text.first else { return true }
    if begins("line", at: text.startIndex) { return false }
    guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return true }
    guard let from = text.firstIndex(of: UInt8(ascii: "\"")),
      let to = text.lastIndex(of: UInt8(ascii: "\"")), from < to
    else { return false }
    let name = String(decoding: text[(from + 1)..<to], as: UTF8.self)
    // Behind the name: 1 for a file that is entered.
    if text[(to + 1)...].contains(UInt8(ascii: "1")) { files.insert(name) }
    return files.contains(name)
  }
}
