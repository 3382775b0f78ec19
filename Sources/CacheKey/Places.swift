package import Platform

/// The directories of one call that may differ between checkouts: the working directory and the base
/// directories (`SCCACHE_BASEDIRS`) under which its paths lie. Paths are stored with a mark instead
/// of a base directory, and get the current one back when they are used.
package struct Places: Sendable, Hashable {
  /// Absolute.
  package let directory: String
  /// Those in use, without a trailing slash, in the order in which the call's paths meet them: two
  /// checkouts with the same layout number theirs alike.
  package let bases: [String]

  /// - Parameter paths: the call's paths in a fixed order, as written.
  package init(directory: String, baseDirectories: [String], paths: [String]) {
    self.directory = directory
    guard !baseDirectories.isEmpty else {
      bases = []
      return
    }
    let candidates = baseDirectories.map { $0.last == "/" ? String($0.dropLast()) : $0 }
      .filter { !$0.isEmpty }
      .sorted { $0.utf8.count > $1.utf8.count }
    var met: [String] = []
    for path in [directory] + paths {
      guard let base = candidates.first(where: { Self.contains($0, path) }) else { continue }
      if !met.contains(base) { met.append(base) }
    }
    bases = met
  }

  /// A byte that no file name starts with in practice marks a base directory in a stored path.
  private static let mark: Character = "\u{1}"

  private static func contains(_ base: String, _ path: String) -> Bool {
    guard path.utf8.count >= base.utf8.count, path.utf8.starts(with: base.utf8) else {
      return false
    }
    return path.utf8.count == base.utf8.count
      || path.utf8[path.utf8.index(path.utf8.startIndex, offsetBy: base.utf8.count)]
        == UInt8(ascii: "/")
  }

  /// `path` with its base directory replaced by a mark.
  package func stored(_ path: String) -> String {
    guard !bases.isEmpty, path.utf8.first == UInt8(ascii: "/") else { return path }
    var best: Int?
    for (index, base) in bases.enumerated() where Self.contains(base, path) {
      if best.map({ bases[$0].utf8.count < base.utf8.count }) ?? true { best = index }
    }
    guard let best else { return path }
    return "\(Self.mark)\(best)" + path.dropFirst(bases[best].count)
  }

  /// The opposite of `stored`; nil when the mark names a base directory that this call has not.
  package func used(_ path: String) -> String? {
    guard path.utf8.first == 1 else { return path }
    let rest = path.dropFirst()
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    guard let index = Int(digits), bases.indices.contains(index) else { return nil }
    return bases[index] + rest.dropFirst(digits.count)
  }

  /// An argument with every base directory in it marked: as a whole, after an option's letters, or
  /// after `=`, `,` or `:`.
  package func storedArgument(_ argument: String) -> String {
    guard !bases.isEmpty else { return argument }
    var result = argument
    for (index, base) in bases.enumerated().sorted(by: {
      $0.element.utf8.count > $1.element.utf8.count
    }) {
      result = Self.replace(base, by: "\(Self.mark)\(index)", in: result)
    }
    return result
  }

  private static func replace(_ base: String, by mark: String, in text: String) -> String {
    let source = Array(text.utf8)
    let pattern = Array(base.utf8)
    guard source.count >= pattern.count else { return text }
    var result: [UInt8] = []
    var index = 0
    var found = false
    while index < source.count {
      let end = index + pattern.count
      if end <= source.count, source[index] == pattern[0],
        source[index..<end].elementsEqual(pattern),
        beginsPath(source, index),
        end == source.count || source[end] == UInt8(ascii: "/") || source[end] == UInt8(ascii: "=")
      {
        result.append(contentsOf: mark.utf8)
        index = end
        found = true
      } else {
        result.append(source[index])
        index += 1
      }
    }
    return found ? String(decoding: result, as: UTF8.self) : text
  }

  /// Whether a path can begin there: at the argument's start, behind a separator, or behind an option's
  /// letters (`-I/base`), but not inside another path (`/other/base`).
  private static func beginsPath(_ text: [UInt8], _ index: Int) -> Bool {
    guard index > 0 else { return true }
    if "=,:;\"' ".utf8.contains(text[index - 1]) { return true }
    return joinedOptions.contains { text[..<index].elementsEqual($0.utf8) }
  }

  /// Options to which a path is joined without a separator.
  private static let joinedOptions = [
    "-I", "-B", "-F", "-L", "-isystem", "-iquote", "-idirafter", "-include", "-imacros",
    "-isysroot",
    "-iframework", "-cxx-isystem", "-iprefix", "-iwithprefix", "-iwithprefixbefore", "-include-pch",
  ]

  /// A text with every base directory in it marked, where paths can begin as in an argument. Nil when the
  /// text has a mark in it already.
  package func storedText(_ text: String) -> String? {
    if text.utf8.contains(1) { return nil }
    return text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { storedArgument(String($0)) }.joined(separator: "\n")
  }

  /// The opposite of `storedText`; nil when a mark names a base directory that this call has not.
  package func usedText(_ text: String) -> String? {
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let mark = rest.firstIndex(of: 1) {
      result += rest[..<mark]
      rest = rest[(mark + 1)...]
      let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      guard let index = Int(String(decoding: digits, as: UTF8.self)), bases.indices.contains(index)
      else { return nil }
      result += bases[index].utf8
      rest = rest.dropFirst(digits.count)
    }
    return String(decoding: result + rest, as: UTF8.self)
  }

  package static func == (left: Places, right: Places) -> Bool {
    left.directory.utf8.elementsEqual(right.directory.utf8)
      && left.bases.map(ExactText.init) == right.bases.map(ExactText.init)
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(ExactText(directory))
    for base in bases { hasher.combine(ExactText(base)) }
  }

  /// Binds a result to exactly these directories, for outputs that name one of them.
  package var digest: Digest {
    var hash = SHA256()
    hash.field(directory)
    hash.field(bases)
    return hash.finish()
  }

  /// The byte strings that make an output belong to these directories alone.
  package func tellTales(includingDirectory: Bool) -> [String] {
    (includingDirectory ? [directory] : []) + bases
  }
}
