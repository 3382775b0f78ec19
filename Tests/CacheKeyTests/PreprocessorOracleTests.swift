import TestSupport
import Testing

@testable import CacheKey

/// Texts that the scanner takes for equal must be equal to the preprocessors.
@Suite(.serialized) struct PreprocessorOracleTests {
  private static let pieces = [
    "int a;", "int b = 1;\n", "f(x, y);\n", " ", "\t", "\n", "\n\n", "/* c */", "/* c\n d */",
    "// c\n",
    "/**/", "/* ' */", "/* \" */", "// don't\n", "\"s\"", "\"/* s */\"", "\"// s\"", "\"\\\"//\"",
    "'/'", "'\"'", "'\\''", "1.5e3", "1 / 2", "a//b\n", "x /* c */ y", "#define M 1\n",
    "\n#define M(x) #x /* c */\n", "\nM(a /* c */ b)\n", "\n#define N /* c */ 2 // d\n", "\nN\n",
    "\n#if 0\ndon't /* c */\n#endif\n", "\n#if 1 /* c */\nyes // c\n#else // d\nno\n#endif\n",
    "\n#undef M // c\n", "__LINE__", "__FILE__", "\"a\\\nb\"", "\\\n", "// c \\\nd\n",
    "/* c \\\n */",
    "*", "/", "<", ">", "??", "/* fall through */", "\n#pragma once /* c */\n", "\r\n",
    "/* c */\r\n",
    "\n#line 7 /* c */\n", "@", "`", "$a", "0x1p3", ".5", "...", "u8\"s\"", "L'x'", "/* c **/",
    "/***/",
  ]
  /// Raw strings stand apart: behind a literal their `R` would be its suffix (see `Lie`).
  private static let cxxPieces = [
    "1'000", " R\"(// s)\"", " R\"x(/* )\" */)x\"", " u8R\"(\n// s\n)\"", " LR\"-(\")-\"",
  ]

  /// Pairs of texts that count as equal although a byte or more differs.
  private func pairs(count: Int, seed: UInt64, pieces: [String]) -> [(
    left: [UInt8], right: [UInt8]
  )] {
    var random = SeededGenerator(seed: seed)
    let replacements = "xyz \n*/\"'\\#R(".bytes
    var found: [(left: [UInt8], right: [UInt8])] = []
    for _ in 0..<200_000 where found.count < count {
      var text: [UInt8] = []
      for _ in 0..<Int.random(in: 3...25, using: &random) {
        text += (pieces.randomElement(using: &random) ?? "").bytes
      }
      let version = FileVersion(source: text)
      if version.sameLines == version.exact { continue }
      for _ in 0..<30 {
        var changed = text
        for _ in 0..<Int.random(in: 1...2, using: &random) {
          let at = Int.random(in: 0..<changed.count, using: &random)
          switch Int.random(in: 0...2, using: &random) {
          case 0: changed[at] = replacements.randomElement(using: &random) ?? 0x20
          case 1: changed.insert(replacements.randomElement(using: &random) ?? 0x20, at: at)
          default: changed.remove(at: at)
          }
        }
        guard changed != text, FileVersion(source: changed).sameLines == version.sameLines else {
          continue
        }
        found.append((text, changed))
        break
      }
    }
    return found
  }

  private func check(_ preprocessor: Preprocessor, _ pairs: [(left: [UInt8], right: [UInt8])])
    throws
  {
    let left = try preprocessor.outputs(of: pairs.map(\.left))
    let right = try preprocessor.outputs(of: pairs.map(\.right))
    for index in pairs.indices {
      // What fails is not cached, and its failure is found again.
      guard let before = left[index], let after = right[index] else { continue }
      if before != after {
        Issue.record(
          """
          counted as equal:
          \(String(decoding: pairs[index].left, as: UTF8.self).debugDescription)
          \(String(decoding: pairs[index].right, as: UTF8.self).debugDescription)
          """)
      }
    }
  }

  @Test(arguments: [1] as [UInt64])
  func c(seed: UInt64) throws {
    try check(.c, pairs(count: 100, seed: seed, pieces: Self.pieces))
  }

  @Test(arguments: [3] as [UInt64])
  func cxx(seed: UInt64) throws {
    try check(.cxx, pairs(count: 100, seed: seed, pieces: Self.pieces + Self.cxxPieces))
  }

  @Test(.enabled(if: Preprocessor.clang.isInstalled))
  func clang() throws {
    try check(.clang, pairs(count: 60, seed: 5, pieces: Self.pieces + Self.cxxPieces))
  }

  /// The oracle itself can tell texts apart.
  @Test func theOracleSees() throws {
    let outputs = try Preprocessor.c.outputs(of: [
      "int a;\n".bytes, "int b;\n".bytes, "#error x\n".bytes, "\n\nint a;\n".bytes,
    ])
    #expect(outputs[0] != outputs[1])
    #expect(outputs[0] != outputs[3])
    #expect(outputs[2] == nil)
  }

  @Test(arguments: Lie.all)
  func lies(lie: Lie) throws {
    guard lie.preprocessor.isInstalled else { return }
    let outputs = try lie.preprocessor.outputs(of: [lie.left.bytes, lie.right.bytes])
    // Otherwise the example is none.
    try #require(outputs[0] != nil && outputs[1] != nil && outputs[0] != outputs[1])
    #expect(
      FileVersion(source: lie.left.bytes).sameLines
        != FileVersion(source: lie.right.bytes).sameLines)
  }
}

struct Lie: Sendable, CustomTestStringConvertible {
  var what: String
  var preprocessor: Preprocessor
  var left: String
  var right: String
  var testDescription: String { what }

  /// Texts that count as equal and are not: each a wrong hit.
  static let all = [
    Lie(
      what: "a comment's newline in a directive is no end of it", preprocessor: .c,
      left: "#define P int a; /*\n*/ int b;\nP\n", right: "#define P int a; \n  int b;\nP\n"),
    Lie(
      what: "a backslash before a comment at the end joins no lines", preprocessor: .c,
      left: "#ifdef X\nx \\ // c\n#else\nint a;\n#endif\n",
      right: "#ifdef X\nx \\\n#else\nint a;\n#endif\n"),
    swallowed(
      "blanks between backslash and newline, in a string", .c, "char s[] = \"a \\ \n /* \";"),
    swallowed(
      "an apostrophe in a message of a skipped group", .c, "#if 0\n#error don't /* x\n#endif\n"),
    swallowed("two slashes with a joined line between them", .c, "/\\\n/ x /*\n"),
    swallowed("a trigraph joins lines", .strictC90, "char s[] = \"a ??/\n /* \";"),
    Lie(
      what: "a literal's suffix begins no raw string", preprocessor: .cxx,
      left: "'a'R\"x(/* )\" */)x\"// c\n", right: "'a'R\"x(/* )\" */)x\"// d\n"),
    Lie(
      what: "a lone carriage return ends clang's line", preprocessor: .clang,
      left: "// c\rint a;\n", right: "// c\rint b;\n"),
  ]

  /// The scanner is thought to see a comment begin at the end of `prefix`, and so to swallow code.
  private static func swallowed(_ what: String, _ preprocessor: Preprocessor, _ prefix: String)
    -> Lie
  {
    Lie(
      what: what, preprocessor: preprocessor, left: prefix + " int a; char t[] = \"*/\";\n",
      right: prefix + " int b; char t[] = \"*/\";\n")
  }
}
