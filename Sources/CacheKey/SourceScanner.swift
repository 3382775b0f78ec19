import Platform

/// The lexer behind `SourceFacts`: translation phases 2 and 3 of C and C++, as far as finding
/// comments, literals, directives and a few identifiers needs them.
///
/// Rules that make leaving a comment out of a digest safe:
/// - newlines in comments stay, so no token changes its line (`__LINE__`, debug lines, assert);
/// - a comment that a compiler reads itself stays whole: `fall through` marks (gcc's
///   -Wimplicit-fallthrough), `/*` in a comment and a backslash before a newline (-Wcomment), bytes
///   beyond ASCII (-Wbidi-chars, -Winvalid-utf8), lint and NOLINT-like marks are plain text and go.
struct SourceScanner {
  struct Result {
    var facts = SourceFacts()
    /// Nil when the text has no comment to leave out.
    var sameColumns: Digest?
    var sameLines: Digest?
  }

  static func scan(_ bytes: [UInt8]) -> Result {
    bytes.withUnsafeBufferPointer { buffer in
      var scanner = SourceScanner(text: buffer, reading: Reading())
      scanner.run()
      scanner.readOtherwise()
      if scanner.pastes, scanner.hasPartOfTimeMacro { scanner.facts.traits.insert(.computedProbe) }
      guard scanner.hasOddSpelling || isOdd(buffer) else { return scanner.finish() }
      // What this lexer does not follow is left to the real preprocessor, and every byte counts.
      scanner.facts.traits.insert(.computedProbe)
      return Result(facts: scanner.facts)
    }
  }

  private let text: UnsafeBufferPointer<UInt8>
  /// Something stands in code that this lexer does not follow: `%:` and `??=`, other spellings of `#`;
  /// a trigraph that is a quote to a lexer without them; a header's name that can be read in two ways.
  private var hasOddSpelling = false
  /// `##` stands somewhere.
  private var pastes = false
  /// An identifier that pasting could make a time macro of.
  private var hasPartOfTimeMacro = false
  private var position = 0
  private var facts = SourceFacts()
  /// The ends of the last string literals, joined.
  private var literalTail: [UInt8] = []
  private var seen: Set<SourceFacts.Lookup> = []
  /// Only white space and comments since the last newline.
  private var atLineStart = true
  /// Ranges of comments that don't matter.
  private var comments: [Range<Int>] = []

  /// What a text means where standards differ. `R"(` begins a raw string in C++11 and gnu99, not in C11
  /// and C++98; `1'0` is a number in C++14 and C23.
  private struct Reading: Hashable {
    var hasRawStrings = true
    var hasSeparators = true
  }

  private let reading: Reading
  private var meetsRawStrings = false
  private var meetsSeparators = false

  /// The readings that would take something in the text otherwise.
  private var otherReadings: [Reading] {
    var others: [Reading] = []
    if meetsRawStrings {
      others.append(
        Reading(hasRawStrings: !reading.hasRawStrings, hasSeparators: reading.hasSeparators))
    }
    if meetsSeparators {
      others.append(
        Reading(hasRawStrings: reading.hasRawStrings, hasSeparators: !reading.hasSeparators))
    }
    return others
  }

  /// Which standard holds is not known here, and a header can be read under two of them: what any of
  /// them looks for is looked for, and only what is a comment to all of them is one.
  private mutating func readOtherwise() {
    var done: Set<Reading> = [reading]
    var next = otherReadings
    while let reading = next.popLast() {
      guard done.insert(reading).inserted else { continue }
      var other = SourceScanner(text: text, reading: reading)
      other.run()
      next += other.otherReadings
      for lookup in other.facts.lookups where seen.insert(lookup).inserted {
        facts.lookups.append(lookup)
      }
      facts.traits.formUnion(other.facts.traits)
      hasOddSpelling = hasOddSpelling || other.hasOddSpelling
      pastes = pastes || other.pastes
      hasPartOfTimeMacro = hasPartOfTimeMacro || other.hasPartOfTimeMacro
      let shared = Set(other.comments)
      comments.removeAll { !shared.contains($0) }
    }
  }

  private init(text: UnsafeBufferPointer<UInt8>, reading: Reading) {
    self.text = text
    self.reading = reading
    // A byte order mark is no part of the first line: a directive may follow it.
    if text.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
  }

  private func byte(_ offset: Int) -> UInt8 {
    let index = position + offset
    return index < text.count ? text[index] : 0
  }

  private mutating func run() {
    while position < text.count {
      let current = text[position]
      switch current {
      case UInt8(ascii: "\n"):
        atLineStart = true
        position += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), 0x0b, 0x0c, 0:
        position += 1
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"):
        skipBlockComment()
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
        skipLineComment()
      case UInt8(ascii: "\""):
        atLineStart = false
        skipLiteral(quote: current)
      case UInt8(ascii: "'"):
        atLineStart = false
        skipLiteral(quote: current)
      case UInt8(ascii: ".") where mentionsAssemblerIncludeInCode():
        facts.traits.insert(.assemblerInclude)
        position += 1
      case UInt8(ascii: "%") where byte(1) == UInt8(ascii: ":"):
        hasOddSpelling = true
        atLineStart = false
        position += 2
      case UInt8(ascii: "?") where startsOddTrigraph():
        hasOddSpelling = true
        atLineStart = false
        position += 3
      case UInt8(ascii: "#") where byte(1) == UInt8(ascii: "#"):
        pastes = true
        atLineStart = false
        position += 2
      case UInt8(ascii: "#") where atLineStart:
        position += 1
        atLineStart = false
        directive()
      case UInt8(ascii: "\\") where byte(1) == UInt8(ascii: "\n"):
        position += 2
      case UInt8(ascii: "\\") where byte(1) == UInt8(ascii: "\r") && byte(2) == UInt8(ascii: "\n"):
        position += 3
      default:
        atLineStart = false
        if Self.startsIdentifier(current) {
          identifier()
        } else if Self.isDigit(current) {
          skipNumber()
        } else {
          position += 1
        }
      }
    }
  }

  // MARK: comments

  private mutating func skipBlockComment() {
    let start = position
    position += 2
    var nested = false
    while position < text.count {
      if text[position] == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
        position += 2
        note(start..<position, nested: nested)
        return
      }
      if text[position] == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") { nested = true }
      position += 1
    }
    // Not closed: an error for the compiler, so the bytes count.
  }

  private mutating func skipLineComment() {
    facts.traits.insert(.lineComments)
    let start = position
    var continued = false
    var nested = false
    while position < text.count, text[position] != UInt8(ascii: "\n") {
      if text[position] == UInt8(ascii: "\\") {
        // White space between the backslash and the newline is allowed by gcc, with a warning.
        var ahead = position + 1
        while ahead < text.count, Self.isBlank(text[ahead]) { ahead += 1 }
        if ahead < text.count, text[ahead] == UInt8(ascii: "\n") {
          continued = true
          position = ahead
        }
      } else if text[position] == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*"), position > start
      {
        nested = true
      }
      position += 1
    }
    if !continued { note(start..<position, nested: nested) }
  }

  private mutating func note(_ range: Range<Int>, nested: Bool) {
    guard !nested, !matters(range) else { return }
    // A backslash before it would join lines if the comment were not there.
    var before = range.lowerBound
    while before > 0, Self.isBlank(text[before - 1]) { before -= 1 }
    if before > 0, text[before - 1] == UInt8(ascii: "\\") { return }
    comments.append(range)
  }

  /// Whether a compiler may look into this comment, or warn of it.
  private func matters(_ range: Range<Int>) -> Bool {
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = text[index]
      if byte >= 0x7f || byte == 0 { return true }
      if byte | 0x20 == UInt8(ascii: "f"), index + 3 < range.upperBound,
        text[index + 1] | 0x20 == UInt8(ascii: "a"), text[index + 2] | 0x20 == UInt8(ascii: "l"),
        text[index + 3] | 0x20 == UInt8(ascii: "l")
      {
        return true
      }
      // Trigraphs and line joins inside a block comment can be warned of.
      if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "?") && self.isTrigraph(index) {
        return true
      }
      index += 1
    }
    // `/*-fallthrough*/` and lint's spellings have "fall" in them; these have not.
    return false
  }

  /// `??=` for `#`, `??'` for `^`.
  private func startsOddTrigraph() -> Bool {
    byte(1) == UInt8(ascii: "?")
      && (byte(2) == UInt8(ascii: "=") || byte(2) == UInt8(ascii: "'"))
  }

  private func isTrigraph(_ index: Int) -> Bool {
    index + 1 < text.count && text[index + 1] == UInt8(ascii: "?")
  }

  // MARK: literals

  /// A string or character literal; an unbalanced one ends with its line.
  private mutating func skipLiteral(quote: UInt8) {
    let start = position
    position += 1
    while position < text.count {
      let current = text[position]
      if current == quote {
        position += 1
        break
      }
      if current == UInt8(ascii: "\\") {
        position += byte(1) == UInt8(ascii: "\r") && byte(2) == UInt8(ascii: "\n") ? 3 : 2
        continue
      }
      if current == UInt8(ascii: "\n") { break }
      // It may end the literal, or not.
      if current == UInt8(ascii: "?"), startsOddTrigraph() { hasOddSpelling = true }
      position += 1
    }
    position = min(position, text.count)
    if quote == UInt8(ascii: "\"") { inspectString(start..<position) }
    // A suffix belongs to the literal: the R of `'a'R"x"` begins no raw string, but in gnu11 it does.
    let suffix = position
    while position < text.count, Self.continuesIdentifier(text[position]) { position += 1 }
    if byte(0) == UInt8(ascii: "\""), Self.isRawPrefix(text[suffix..<position]) {
      hasOddSpelling = true
    }
  }

  private mutating func skipRawString() {
    let start = position
    position += 1
    var delimiter: [UInt8] = []
    while position < text.count, text[position] != UInt8(ascii: "("), delimiter.count <= 16 {
      delimiter.append(text[position])
      position += 1
    }
    let close = [UInt8(ascii: ")")] + delimiter + [UInt8(ascii: "\"")]
    while position < text.count {
      if text[position] == close[0], position + close.count <= text.count,
        text[position..<position + close.count].elementsEqual(close)
      {
        position += close.count
        break
      }
      position += 1
    }
    inspectString(start..<position)
  }

  private mutating func inspectString(_ range: Range<Int>) {
    // Adjacent literals are one: `".inc" "bin"`.
    literalTail.append(contentsOf: text[range].suffix(24).filter { $0 != UInt8(ascii: "\"") })
    if Self.mentionsAssemblerInclude(UnsafeBufferPointer(rebasing: text[range]))
      || Self.mentionsAssemblerInclude(literalTail)
    {
      facts.traits.insert(.assemblerInclude)
    }
    if literalTail.count > 64 { literalTail.removeFirst(literalTail.count - 48) }
  }

  /// `.incbin "x"` outside of a literal, as a macro that makes a string of it has it.
  private func mentionsAssemblerIncludeInCode() -> Bool {
    var end = position + 1
    while end < text.count, Self.continuesIdentifier(text[end]) { end += 1 }
    let name = UnsafeBufferPointer(rebasing: text[(position + 1)..<end])
    if Self.equal(name, "incbin") { return true }
    guard Self.equal(name, "include") else { return false }
    while end < text.count, Self.isBlank(text[end]) { end += 1 }
    return end < text.count && text[end] == UInt8(ascii: "\"")
  }

  // MARK: words

  private mutating func identifier() {
    let start = position
    while position < text.count, Self.continuesIdentifier(text[position]) { position += 1 }
    let word = text[start..<position]
    if byte(0) == UInt8(ascii: "\""), Self.isRawPrefix(word) {
      meetsRawStrings = true
      if reading.hasRawStrings {
        skipRawString()
        return
      }
    }
    let name = UnsafeBufferPointer(rebasing: word)
    // One of two parts is four letters or longer (`__T` alone is glibc's).
    if Self.isPartOfTimeMacro(name), name.count > 3 { hasPartOfTimeMacro = true }
    if endsPastedName(start) { facts.traits.insert(.pastesUnderscores) }
    if Self.equal(name, "TIME") || Self.equal(name, "DATE") || Self.equal(name, "TIMESTAMP") {
      facts.traits.insert(.bareTimeName)
    }
    if Self.equal(name, "system_header") { facts.traits.insert(.systemHeader) }
    if Self.equal(name, "source_location") {
      facts.traits.formUnion([.columns, .fileName])
    }
    guard word.count > 4, word[start] == UInt8(ascii: "_") else { return }
    noteBuiltIn(name)
    if Self.equal(name, "__TIME__") {
      facts.traits.insert(.time)
    } else if Self.equal(name, "__DATE__") {
      facts.traits.insert(.date)
    } else if Self.equal(name, "__TIMESTAMP__") {
      facts.traits.insert(.timestamp)
    } else if Self.equal(name, "__has_include") || Self.equal(name, "__has_include__")
      || Self.equal(name, "__has_embed")
    {
      probe(isNext: false)
    } else if Self.equal(name, "__has_include_next") || Self.equal(name, "__has_include_next__") {
      probe(isNext: true)
    }
  }

  private mutating func noteBuiltIn(_ name: UnsafeBufferPointer<UInt8>) {
    if Self.equal(name, "__builtin_COLUMN") {
      facts.traits.insert(.columns)
    } else if Self.equal(name, "__builtin_source_location") {
      facts.traits.formUnion([.columns, .fileName])
    } else if Self.equal(name, "__PRETTY_FUNCTION__") {
      facts.traits.insert(.prettyFunction)
    } else if Self.equal(name, "__FILE__") || Self.equal(name, "__BASE_FILE__")
      || Self.equal(name, "__builtin_FILE")
    {
      facts.traits.insert(.fileName)
    }
  }

  /// `## __`: the end of a name that is put together, as in `__ ## name ## __`.
  private func endsPastedName(_ start: Int) -> Bool {
    guard position - start == 2 else { return false }
    var before = start
    while before > 0, Self.isBlank(text[before - 1]) { before -= 1 }
    return before > 1 && text[before - 1] == UInt8(ascii: "#")
      && text[before - 2] == UInt8(ascii: "#")
  }

  /// A beginning or an end of `__TIME__`, `__DATE__`, `__TIMESTAMP__`, or what stands between the
  /// underscores.
  private static func isPartOfTimeMacro(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    guard name.count >= 2, name.count < 13,
      name.first == UInt8(ascii: "_") || name.last == UInt8(ascii: "_")
    else { return false }
    for macro: StaticString in ["__TIME__", "__DATE__", "__TIMESTAMP__"] {
      let whole = UnsafeBufferPointer(start: macro.utf8Start, count: macro.utf8CodeUnitCount)
      guard name.count < whole.count else { continue }
      if whole.starts(with: name) || whole.suffix(name.count).elementsEqual(name) { return true }
    }
    return false
  }

  /// A preprocessing number, with digit separators, so that `1'000` opens no literal.
  private mutating func skipNumber() {
    while position < text.count {
      let current = text[position]
      if Self.continuesIdentifier(current) || current == UInt8(ascii: ".") {
        position += 1
      } else if current == UInt8(ascii: "'"), Self.continuesIdentifier(byte(1)) {
        meetsSeparators = true
        guard reading.hasSeparators else { return }
        position += 2
      } else {
        return
      }
    }
  }

  // MARK: directives

  private mutating func directive() {
    skipBlanks()
    let start = position
    while position < text.count, Self.continuesIdentifier(text[position]) { position += 1 }
    let name = UnsafeBufferPointer(rebasing: text[start..<position])
    if Self.equal(name, "include") || Self.equal(name, "import") {
      header(isNext: false, isProbe: false)
    } else if Self.equal(name, "include_next") {
      header(isNext: true, isProbe: false)
    } else if Self.equal(name, "embed") {
      header(isNext: false, isProbe: true)
    } else if Self.equal(name, "define") || Self.equal(name, "undef") {
      // The macro's own name is no use of it: `#define __has_include(x) 0`.
      skipBlanks()
      while position < text.count, Self.continuesIdentifier(text[position]) { position += 1 }
    }
  }

  private mutating func probe(isNext: Bool) {
    skipBlanks()
    guard byte(0) == UInt8(ascii: "(") else {
      // `#ifdef __has_include`, `defined(__has_include)`: nothing is looked for.
      return
    }
    position += 1
    header(isNext: isNext, isProbe: true)
  }

  private mutating func header(isNext: Bool, isProbe: Bool) {
    skipBlanks()
    let open = byte(0)
    let close: UInt8
    switch open {
    case UInt8(ascii: "\""): close = open
    case UInt8(ascii: "<"): close = UInt8(ascii: ">")
    default:
      if !isProbe, facts.lookups.isEmpty { facts.traits.insert(.computedFirstInclude) }
      facts.traits.insert(isProbe ? .computedProbe : .computedInclude)
      return
    }
    let start = position + 1
    var end = start
    while end < text.count, text[end] != close, text[end] != UInt8(ascii: "\n") { end += 1 }
    let bytes = UnsafeBufferPointer(rebasing: text[start..<end])
    if Self.isOddName(bytes, isAngled: open != close) { hasOddSpelling = true }
    guard end < text.count, text[end] == close else { return }
    position = end + 1
    guard let name = String(validating: bytes, as: UTF8.self) else {
      facts.traits.insert(.computedProbe)
      return
    }
    let form: SourceFacts.Lookup.Form =
      isNext ? .next : open == UInt8(ascii: "\"") ? .quoted : .angled
    let lookup = SourceFacts.Lookup(name: name, form: form, isProbe: isProbe)
    if seen.insert(lookup).inserted { facts.lookups.append(lookup) }
  }

  /// Blanks, comments and joined lines inside a directive.
  private mutating func skipBlanks() {
    while position < text.count {
      if Self.isBlank(text[position]) {
        position += 1
      } else if text[position] == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
        skipBlockComment()
      } else if text[position] == UInt8(ascii: "\\"), byte(1) == UInt8(ascii: "\n") {
        position += 2
      } else if text[position] == UInt8(ascii: "\\"), byte(1) == UInt8(ascii: "\r"),
        byte(2) == UInt8(ascii: "\n")
      {
        position += 3
      } else {
        return
      }
    }
  }

  // MARK: digests

  private func finish() -> Result {
    var result = Result(facts: facts)
    guard !comments.isEmpty else { return result }
    var columns = SHA256()
    var lines = SHA256()
    var start = 0
    for comment in comments {
      let endsLine = endsLine(at: comment.upperBound)
      // White space in front of a comment that ends its line goes with it.
      var end = comment.lowerBound
      if endsLine {
        while end > start, text[end - 1] == UInt8(ascii: " ") || text[end - 1] == UInt8(ascii: "\t")
        {
          end -= 1
        }
      }
      let before = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: text[start..<end]))
      columns.update(before)
      lines.update(before)
      let (wide, narrow) = blanked(comment, endsLine: endsLine)
      wide.withUnsafeBytes { columns.update($0) }
      narrow.withUnsafeBytes { lines.update($0) }
      start = comment.upperBound
    }
    let rest = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: text[start...]))
    columns.update(rest)
    lines.update(rest)
    result.sameColumns = columns.finish()
    result.sameLines = lines.finish()
    return result
  }

  private func endsLine(at index: Int) -> Bool {
    index >= text.count || text[index] == UInt8(ascii: "\n")
      || text[index] == UInt8(ascii: "\r") && index + 1 < text.count
        && text[index + 1] == UInt8(ascii: "\n")
  }

  /// A comment as spaces up to the column where it ends, and as one space; both keep its newlines.
  private func blanked(_ comment: Range<Int>, endsLine: Bool) -> ([UInt8], [UInt8]) {
    // Not bare newlines: in a directive, a newline of a comment doesn't end the line.
    var newlines: [UInt8] = []
    for byte in text[comment] where byte == UInt8(ascii: "\n") { newlines += [1, byte] }
    if endsLine { return (newlines, newlines) }
    let lastLine =
      text[comment].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? comment.lowerBound
    let indent = text[lastLine..<comment.upperBound].map { byte -> UInt8 in
      byte == UInt8(ascii: "\t") ? byte : UInt8(ascii: " ")
    }
    return (newlines + indent, newlines + [UInt8(ascii: " ")])
  }
}
