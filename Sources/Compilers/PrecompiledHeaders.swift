/// The precompiled headers that a compiler may take instead of headers without being told.
///
/// gcc reads `NAME.gch` (a file or a directory of them) beside a header that is included before the
/// first token of the main file or with `-include`, and then names neither it nor the headers in it
/// in a dependency file, not even with `-fpch-deps` (gcc 12). clang does so for `-include` alone, with
/// `.pch` and `.gch` (14 and 19). It trusts them whatever their headers have become.
package enum PrecompiledHeaders {
  /// Names that, where they exist, the compilation may read: a file's content then belongs to the
  /// key; a directory, or one that comes or goes, makes the call uncacheable. Relative names are
  /// relative to the compilation's directory.
  ///
  /// Nil when the source includes something before its first token whose name can't be told.
  /// - Parameters:
  ///   - source: the content of the input.
  ///   - builtInDirectories: where the compiler looks after all directories of the command line.
  package static func candidates(
    for compilation: Compilation, compiler: Compiler, source: [UInt8], builtInDirectories: [String]
  ) -> [String]? {
    let language = compilation.language
    guard !language.isPreprocessed, !language.isAssembler else { return [] }
    let search = compilation.search
    switch compiler.family {
    case .clang: return search.forced.flatMap { [$0 + ".pch", $0 + ".gch"] }
    case .gcc:
      guard let includes = leadingIncludes(in: source) else { return nil }
      let angled = search.angled + search.system + builtInDirectories + search.after
      let sourceDirectory = FileName(compilation.input).directory
      let fromSource = [sourceDirectory] + search.quote + angled
      let names =
        search.forced.flatMap { beneath([""] + search.quote + angled, $0) }
        + includes.flatMap { beneath($0.isQuoted ? fromSource : angled, $0.name) }
      return names.map { $0 + ".gch" }
    }
  }

  private static func beneath(_ directories: [String], _ name: String) -> [String] {
    if name.begins(with: "/") { return [name] }
    return directories.map { directory in
      directory.isEmpty || directory.utf8.last == UInt8(ascii: "/")
        ? directory + name : directory + "/" + name
    }
  }

  struct IncludeName: Equatable {
    var name: String
    var isQuoted: Bool
  }

  /// The includes in front of the first token, those of branches not taken too; nil when one is
  /// named by a macro.
  static func leadingIncludes(in source: [UInt8]) -> [IncludeName]? {
    var scanner = DirectiveScanner(bytes: source)
    var result: [IncludeName] = []
    while let directive = scanner.next() {
      guard let argument = includeArgument(directive) else { continue }
      guard let name = includeName(argument) else { return nil }
      result.append(name)
    }
    return result
  }

  private static func includeArgument(_ directive: [UInt8]) -> ArraySlice<UInt8>? {
    let text = directive.drop(while: isBlank)
    let word = text.prefix { $0 >= UInt8(ascii: "_") && $0 <= UInt8(ascii: "z") }
    let names = ["include", "import", "include_next"]
    guard names.contains(where: { word.elementsEqual($0.utf8) }) else { return nil }
    return text.dropFirst(word.count).drop(while: isBlank)
  }

  private static func includeName(_ argument: ArraySlice<UInt8>) -> IncludeName? {
    guard let open = argument.first else { return nil }
    let isQuoted = open == UInt8(ascii: "\"")
    guard isQuoted || open == UInt8(ascii: "<") else { return nil }
    let close = isQuoted ? UInt8(ascii: "\"") : UInt8(ascii: ">")
    let rest = argument.dropFirst()
    guard let end = rest.firstIndex(of: close) else { return nil }
    return IncludeName(name: String(decoding: rest[..<end], as: UTF8.self), isQuoted: isQuoted)
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }
}

/// Reads the preprocessor's directives up to the first line that is none; comments are blanks.
private struct DirectiveScanner {
  let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  private func byte(at offset: Int = 0) -> UInt8? {
    position + offset < bytes.count ? bytes[position + offset] : nil
  }

  /// What follows the `#` of the next directive, its comments turned into blanks.
  mutating func next() -> [UInt8]? {
    guard skipBlanksAndComments(acrossLines: true) else { return nil }
    guard byte() == UInt8(ascii: "#") else { return nil }
    position += 1
    var line: [UInt8] = []
    while let byte = byte(), byte != UInt8(ascii: "\n") {
      if byte == UInt8(ascii: "\\"), self.byte(at: 1) == UInt8(ascii: "\n") {
        position += 2
        continue
      }
      let before = position
      guard skipBlanksAndComments(acrossLines: false) else { return line }
      if position > before {
        line.append(UInt8(ascii: " "))
      } else {
        line.append(byte)
        position += 1
      }
    }
    return line
  }

  /// False at the end of the text.
  private mutating func skipBlanksAndComments(acrossLines: Bool) -> Bool {
    while let byte = byte() {
      switch byte {
      case UInt8(ascii: "\n") where !acrossLines: return true
      case 0x20, 0x09...0x0d: position += 1
      case 0xef where position == 0 && bytes.starts(with: [0xef, 0xbb, 0xbf]): position += 3
      case UInt8(ascii: "\\") where self.byte(at: 1) == UInt8(ascii: "\n"): position += 2
      case UInt8(ascii: "/") where self.byte(at: 1) == UInt8(ascii: "*"): skipBlockComment()
      case UInt8(ascii: "/") where self.byte(at: 1) == UInt8(ascii: "/"): skipLineComment()
      default: return true
      }
    }
    return false
  }

  private mutating func skipBlockComment() {
    position += 2
    while let byte = byte() {
      if byte == UInt8(ascii: "*"), self.byte(at: 1) == UInt8(ascii: "/") {
        position += 2
        return
      }
      position += 1
    }
  }

  private mutating func skipLineComment() {
    while let byte = byte(), byte != UInt8(ascii: "\n") {
      position += byte == UInt8(ascii: "\\") ? 2 : 1
    }
  }
}
