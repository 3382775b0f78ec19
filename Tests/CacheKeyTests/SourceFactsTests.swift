import Testing

@testable import CacheKey

@Suite struct SourceFactsTests {
  private func facts(_ text: String) -> SourceFacts { FileVersion(source: text.bytes).facts }

  private func lookups(_ text: String) -> [String] {
    facts(text).lookups.map { lookup in
      switch lookup.form {
      case .quoted: "\"\(lookup.name)\""
      case .angled: "<\(lookup.name)>"
      case .next: "next \(lookup.name)"
      }
    }
  }

  @Test(arguments: [
    ("#include \"a.h\"\n", ["\"a.h\""]),
    ("#include <a.h>\n", ["<a.h>"]),
    ("#include_next <a.h>\n", ["next a.h"]),
    ("#import \"a.h\"\n", ["\"a.h\""]),
    ("#embed <data.bin>\n", ["<data.bin>"]),
    ("  #  include  <a.h>\n", ["<a.h>"]),
    ("\t#\tinclude\t<a.h>\n", ["<a.h>"]),
    ("#include<a.h>\n", ["<a.h>"]),
    ("#include\"a.h\"", ["\"a.h\""]),
    ("/* x */ # /* y */ include /* z */ <a.h> // w\n", ["<a.h>"]),
    ("/* x\n*/#include <a.h>\n", ["<a.h>"]),
    ("#include \\\n <a.h>\n", ["<a.h>"]),
    ("# \\\ninclude <a.h>\n", ["<a.h>"]),
    ("#include <a.h>\r\n#include <b.h>\r\n", ["<a.h>", "<b.h>"]),
    ("#include <sys/a.h>\n#include <sys/a.h>\n", ["<sys/a.h>"]),
    ("#include <a.h>\n#include \"a.h\"\n", ["<a.h>", "\"a.h\""]),
    ("#include <it's>\n#include <b.h>\n", ["<it's>", "<b.h>"]),
    ("#include \"a\\b.h\"\n", ["\"a\\b.h\""]),
    ("#include \"\u{e4}.h\"\n", ["\"\u{e4}.h\""]),
    ("#if 0\n#include <a.h>\n#endif\n", ["<a.h>"]),
    ("#if __has_include(<a.h>)\n", ["<a.h>"]),
    ("#if __has_include ( \"a.h\" ) && __has_include(<b.h>)\n", ["\"a.h\"", "<b.h>"]),
    ("#if __has_include_next(<a.h>)\n", ["next a.h"]),
    ("#if __has_include__(<a.h>)\n", ["<a.h>"]),
    ("#if __has_embed(<a.bin>)\n", ["<a.bin>"]),
    ("#if defined(__has_include) && __has_include(<a.h>)\n", ["<a.h>"]),
    ("\0#include <a.h>\n", ["<a.h>"]),
    (" \0 # \0 include \0 <a.h>\n", ["<a.h>"]),
    ("\u{feff}#include <a.h>\n", ["<a.h>"]),
    ("\u{feff}// x\n#include <a.h>\n", ["<a.h>"]),
    // No directives.
    ("int a;\n\u{feff}#include <a.h>\n", []),
    ("// #include <a.h>\n", []),
    ("/*\n#include <a.h>\n*/\n", []),
    ("\"\\\n#include <a.h>\"\n", []),
    // No raw string in C11, and no number there.
    ("R\"(\n#include <a.h>\n)\"\n", ["<a.h>"]),
    ("R\"(\";\n#include <a.h>\n\")\"", ["<a.h>"]),
    ("u8R\"(\";\n#include <a.h>\n//)\"\n#include <b.h>\n", ["<b.h>", "<a.h>"]),
    ("1'a' \"' /* \"\n#include <a.h>\n/* */", ["<a.h>"]),
    ("R\"(1'a'\n\"' /* \"\n#include <a.h>\n/* */", ["<a.h>"]),
    ("R\"(\n\"a\" // b\n)\"\n", []),
    ("x #include <a.h>\n", []),
    ("#define X #include <a.h>\n", []),
    ("// \\\n#include <a.h>\n", []),
    ("#includes <a.h>\n", []),
    ("#ifdef __has_include\n#endif\n", []),
    // Not closed.
    ("#include <a.h\n#include <b.h>\n", ["<b.h>"]),
    ("#include \"a.h", []),
    // What a quote in a message does not hide.
    ("#if 0\n#error it's\n#endif\n#include <a.h>\n", ["<a.h>"]),
    ("#warning \"open\n#include <a.h>\n", ["<a.h>"]),
    ("int a = 1'000;\n#include <a.h>\n", ["<a.h>"]),
    ("char a = '\\\\';\n#include <a.h>\n", ["<a.h>"]),
  ])
  func findsLookups(text: String, expected: [String]) {
    #expect(lookups(text) == expected)
  }

  @Test(
    arguments: [
      ("__TIME__", .time), ("x = __DATE__;", .date), ("f(__TIMESTAMP__)", .timestamp),
      ("#define T __TIME__\n", .time),
      ("#include MACRO\n", [.computedInclude, .computedFirstInclude]),
      ("#include /* x */ MACRO(a)\n", [.computedInclude, .computedFirstInclude]),
      ("#include <a.h>\n#include MACRO\n", .computedInclude),
      ("#if __has_include(MACRO)\n", .computedProbe),
      ("#define HAS(x) __has_include(x)\n", .computedProbe),
      ("#embed MACRO\n", .computedProbe),
      ("#include \"s/\\\na.h\"\n", .computedProbe),
      ("#include <s/\\\r\na.h>\n", .computedProbe),
      ("#if 0\n#include <a/*b.h>\n#endif */\n", .computedProbe),
      ("#include \"a\0.h\"\n", .computedProbe),
      ("#include <a??-.h>\n", .computedProbe),
      ("??=include <a.h>\n", .computedProbe),
      ("int a = b ???=\n", .computedProbe),
      ("char a = '??'';\n", .computedProbe),
      ("int a = b ??' c;\n", .computedProbe),
      ("// ??=include, ??'\n/* ??= */ char *a = \"what?\";\n", []),
      ("asm(\".incbin \\\"f\\\"\");", .assemblerInclude),
      ("asm(\".INCBIN \\\"f\\\"\");", .assemblerInclude),
      ("asm(\".include \\\"f\\\"\");", .assemblerInclude),
      ("asm(R\"(.incbin \"f\")\");", .assemblerInclude),
      ("std::source_location::current()", [.columns, .fileName]),
      ("f(__builtin_source_location())", [.columns, .fileName]),
      ("int a = __builtin_COLUMN();", .columns), ("__PRETTY_FUNCTION__", .prettyFunction),
      ("f(__FILE__)", .fileName), ("f(__BASE_FILE__)", .fileName),
      ("f(__builtin_FILE())", .fileName), ("#define F __FILE__\n", .fileName),
      // Left to the preprocessor.
      ("%:define X\n", .computedProbe), ("int a??/\nb;\n", .computedProbe),
      ("int a; \\ \nint b;\n", .computedProbe), ("int a;\rint b;\n", .computedProbe),
      ("int ab\\\ncd;\n", .computedProbe), ("/\\\n/ x\n", .computedProbe),
      // Nothing of the kind.
      ("// __TIME__\n", []), ("/* __DATE__ */", []), ("\"__TIME__\"", []), ("'__TIME__'", []),
      ("R\"(__TIME__)\"", []), ("x__TIME__", []), ("__TIME__x", []), ("__TIME___", []),
      ("1__TIME__", []),
      ("// .incbin\n", []), (".inc", []), ("\".inc\"", []), ("__has_include", []),
      ("#ifndef __has_include\n", []), ("// %:z\r\n", []), ("f(\"%:\");\n", []),
      ("#define A 1 \\\n  + 2\n", []), ("int a;\r\nint b;\r\n", []), ("\"__FILE__\"", []),
      ("// source_location\n", []), ("#define P(a, b) a##b\n", []), ("__DA TE__", []),
    ] as [(String, SourceFacts.Traits)])
  func findsTraits(text: String, expected: SourceFacts.Traits) {
    // Whether `//` begins a comment anywhere has a test of its own.
    #expect(facts(text).traits.subtracting(.lineComments) == expected)
  }

  @Test(arguments: [
    ("int x; // c\n", true), ("int x; /* // */\n", false), ("char *s = \"//\";\n", false),
    ("int a = 4 //**/ 2\n;", true), ("int a = 4 / 2;\n", false),
  ])
  func findsLineComments(text: String, has: Bool) {
    #expect(facts(text).traits.contains(.lineComments) == has)
  }

  /// Assembler's content counts as it is, and its own includes are looked for in all of it.
  @Test func opaqueFiles() {
    let version = FileVersion(opaque: ".incbin \"f\" // x\n#include \"a.h\"\n".bytes)
    #expect(version.sameLines == version.exact)
    #expect(version.facts.traits == [.assemblerInclude, .lineComments])
    #expect(version.facts.lookups.map(\.name) == ["a.h"])
    #expect(FileVersion(opaque: "# .inc\n".bytes).facts.traits.isEmpty)
  }

  /// Of what is not looked at, nothing is taken for granted.
  @Test func largeFiles() {
    let text = "#include <a.h>\n".bytes + [UInt8](repeating: UInt8(ascii: "\n"), count: 1 << 20)
    #expect(FileVersion(opaque: text).facts.traits.contains(.computedProbe))
    let large = FileVersion(large: FileVersion(source: text).exact)
    #expect(large.facts.traits == [.computedProbe, .unread])
    #expect(large.sameLines == large.exact)
  }

  /// Each of these looks for a header or uses the time: that is seen, or it is left to the
  /// preprocessor and every byte counts.
  @Test(arguments: [
    "%:include <a.h>\n", "#inc\\\nlude <a.h>\n", "#\\\r\ninclude <a.h>\n",
    "char s[] = \"x \\ \n /* \";\n#include <a.h>\n/* \" */\n",
  ])
  func hiddenLookups(text: String) {
    let version = FileVersion(source: text.bytes)
    #expect(lookups(text) == ["<a.h>"] || facts(text).traits.contains(.computedProbe))
    #expect(version.sameLines == version.exact || lookups(text) == ["<a.h>"])
  }

  @Test(arguments: [
    "__TI\\\nME__", "asm(\".inc\" \"bin \\\"f\\\"\");",
    "#define CAT(a, b) a##b\nCAT(__TI, ME__)\n",
    "#define S(x) #x\nasm(S(.incbin \"f\"));\n",
    "\"a \\ \n /* \"; __TIME__ /* \" */",
  ])
  func hiddenTraits(text: String) {
    let traits: SourceFacts.Traits = [.time, .computedProbe, .assemblerInclude]
    #expect(!facts(text).traits.isDisjoint(with: traits))
  }
}
