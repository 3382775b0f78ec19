import TestSupport
import Testing

@testable import CacheKey

/// Which texts count as equal. What the scanner finds in a text is tested with `SourceFactsTests`,
/// and the real preprocessor judges in `PreprocessorOracleTests`.
@Suite struct SourceScannerTests {
  private func version(_ text: String) -> FileVersion { FileVersion(source: text.bytes) }

  @Test(arguments: [
    // Words of comments.
    ("int a; /* one */ int b;\n", "int a; /* two! */ int b;\n"),
    ("int a; // one\nint b;\n", "int a; // another\nint b;\n"),
    ("/* head */\nint a;\n", "// head\nint a;\n"),
    ("/* a\n b */ int a;\n", "/* cc\n dddddd */ int a;\n"),
    // A comment at a line's end may come and go, with the blanks before it.
    ("int a;\n/**/\n", "int a;\n/* x */\n"),
    ("int a; // x\n// y\n", "int a;\n// z\n"),
    ("int a; /* x */\n// y\n", "int a;\t  // y\n// y\n"),
    // A comment in a directive, and one that is a directive's last thing.
    ("#define A /* one */ 1\n", "#define A /* two */ 1\n"),
    ("#define A 1 // one\n", "#define A 1 /* two */\n"),
    // Quotes in comments open nothing.
    ("// don't\nint a; // x\n", "// \"\nint a; // y\n"),
    ("/* ' */ int a; /* \" */ int b;\n", "/* x */ int a; /* y */ int b;\n"),
    // Comments after literals that look like more.
    ("char a[] = \"/*\"; /* x */ int b;\n", "char a[] = \"/*\"; /* yy */ int b;\n"),
    ("int a = '\"'; /* x */ int b;\n", "int a = '\"'; /* yy */ int b;\n"),
    ("int a = '\\''; /* x */ int b;\n", "int a = '\\''; /* yy */ int b;\n"),
    ("int a = 1'000'000; /* x */ int b;\n", "int a = 1'000'000; /* yy */ int b;\n"),
    ("auto s = R\"x(() )x\"; /* x */ int b;\n", "auto s = R\"x(() )x\"; /* yy */ int b;\n"),
    ("auto s = R\"(\n\"\n)\";\n/* x */ int b;\n", "auto s = R\"(\n\"\n)\";\n/* yy */ int b;\n"),
    ("#if 0\ndon't\n#endif\nint a; // x\n", "#if 0\ndon't\n#endif\nint a; // y\n"),
    ("#if 0\n#error don't\n#endif\nint a; // x\n", "#if 0\n#error don't\n#endif\nint a; // y\n"),
    ("int a;\r\n// x\r\nint b;\r\n", "int a;\r\n// yy\r\nint b;\r\n"),
    ("int a; // no newline", "int a; // at the end"),
  ])
  func equalOnLines(left: String, right: String) {
    #expect(version(left).exact != version(right).exact)
    #expect(version(left).sameLines == version(right).sameLines)
  }

  @Test(arguments: [
    ("int a; /* one */ int b;\n", "int a; /* two */ int b;\n"),
    ("int a; // one\n", "int a; // another\n"),
    ("/* a\n b */ int a;\n", "/* cccc\n d */ int a;\n"),
  ])
  func equalOnColumns(left: String, right: String) {
    #expect(version(left).sameColumns == version(right).sameColumns)
    #expect(version(left).sameLines == version(right).sameLines)
  }

  @Test(arguments: [
    ("int a; /* one */ int b;\n", "int a; /* three */ int b;\n"),
    ("/* one\n two */ int b;\n", "/* one\n three */ int b;\n"),
    ("/*\tx*/ int b;\n", "/* x */ int b;\n"),
  ])
  func columnsMatter(left: String, right: String) {
    #expect(version(left).sameColumns != version(right).sameColumns)
  }

  @Test(arguments: [
    // Tokens and lines.
    ("int a; // x\n", "int b; // x\n"),
    ("// x\nint a;\n", "/* x\n*/\nint a;\n"),
    ("/* x */ int a;\n", "\n/* x */ int a;\n"),
    // Not comments.
    ("char a[] = \"/* one */\"; // x\n", "char a[] = \"/* two */\"; // x\n"),
    ("char a[] = \"// one\"; // x\n", "char a[] = \"// two\"; // x\n"),
    ("char a[] = \"\\\"// one\"; // x\n", "char a[] = \"\\\"// two\"; // x\n"),
    ("auto s = R\"(// one\n/* a */)\"; // x\n", "auto s = R\"(// one\n/* b */)\"; // x\n"),
    ("auto s = u8R\"d()\" // a\n)d\"; // x\n", "auto s = u8R\"d()\" // b\n)d\"; // x\n"),
    ("auto s = LR\"(\n// a\n)\"; // x\n", "auto s = LR\"(\n// b\n)\"; // x\n"),
    ("#include <a//b.h> // x\n", "#include <a//c.h> // x\n"),
    ("#include \"a//b.h\" // x\n", "#include \"a//c.h\" // x\n"),
    (
      "int a = '\"'; char s[] = \"/* a */\"; // x\n", "int a = '\"'; char s[] = \"/* b */\"; // x\n"
    ),
    ("char s[] = \"a \\\n // b\"; // x\n", "char s[] = \"a \\\n // c\"; // x\n"),
    ("char s[] = \"a \\\r\n // b\"; // x\n", "char s[] = \"a \\\r\n // c\"; // x\n"),
    // Comments to C++11 and strings to C11, or the other way.
    ("char a[] = R\"(\"; // one\n/* )\"\n*/", "char a[] = R\"(\"; // two\n/* )\"\n*/"),
    ("auto s = R\"x()\" )x\"; // one\n", "auto s = R\"x()\" )x\"; // two\n"),
    ("1'a' \"/* one */\"; // x\n", "1'a' \"/* two */\"; // x\n"),
    // A compiler reads these.
    ("case 1: /* fall through */\n", "case 1: /* all through */\n"),
    ("case 1: // FALLTHROUGH\n", "case 1: // nothing\n"),
    ("case 1: /*-fallthrough*/\n", "case 1: /* nothing */\n"),
    ("/* a /* b */ int a;\n", "/* a b */ int a;\n"),
    ("// a /* b\n", "// a b\n"),
    ("// \u{202e} hidden\n", "// hidden\n"),
    ("/* \u{e4} */\n", "/* a */\n"),
    ("// what??/ now\n", "// what now\n"),
    ("// goes on \\\nint a;\n", "// goes on\nint a;\n"),
    ("// goes on \\\n here\n", "// goes on \\\n there\n"),
    // Not closed.
    ("int a; /* open", "int a; /* opened"),
    // A NUL byte.
    ("// a\0b\n", "// ab\n"),
  ])
  func different(left: String, right: String) {
    #expect(version(left).sameLines != version(right).sameLines)
    #expect(version(left).sameColumns != version(right).sameColumns)
  }

  @Test func textsWithoutCommentsAreExact() {
    for text in [
      "", "\n", "int a;\n", "\"//\"", "R\"(//)\"", "1'0'0", "'", "\"", "\\", "/", "#", "'\\",
    ] {
      let version = version(text)
      #expect(version.sameColumns == version.exact)
      #expect(version.sameLines == version.exact)
    }
  }

  @Test func longLines() {
    let long = String(repeating: "x = x + 1; /* c */ ", count: 20_000)
    let other = String(repeating: "x = x + 1; /* d */ ", count: 20_000)
    #expect(version(long).sameColumns == version(other).sameColumns)
    let stars = "/*" + String(repeating: "*", count: 300_000) + "/ int a;"
    #expect(version(stars).sameLines == version("/* */ int a;").sameLines)
    let open = String(repeating: "/*", count: 200_000)
    #expect(version(open).sameLines == version(open).exact)
  }

  /// A scan of whatever bytes ends, and equals itself.
  @Test func randomBytes() {
    var random = SeededGenerator(seed: 1)
    let alphabet = "/*\\\n\r'\"#R(x) <>?%:.inc1_".bytes + [0, 0xff]
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        alphabet.randomElement(using: &random) ?? 0
      }
      let first = FileVersion(source: bytes)
      let second = FileVersion(source: bytes)
      #expect(first.sameLines == second.sameLines && first.facts == second.facts)
    }
  }
}
