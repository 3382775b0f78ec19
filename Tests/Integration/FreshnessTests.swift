import Glibc
import Platform
import TestSupport
import Testing

/// Changes that a look at size and time would miss, and times that must not be cached.
@Suite(.blocking) struct FreshnessTests {
  @Test(arguments: Compilers.both)
  func sameSizeAndTime(compiler: String) throws {
    let box = try Sandbox()
    try box.write("h.h", "#define H 1\n")
    try box.write("a.c", "#include \"h.h\"\nint x = H;\n")
    let command = [compiler, "-c", "a.c", "-o", "a.o"]
    try box.isRight(command, .miss, output: "a.o")
    for value in 2...5 {
      try box.shell("touch -r h.h stamp; echo '#define H \(value)' > h.h; touch -r stamp h.h")
      pause(milliseconds: 20)
      try box.isRight(command, .miss, output: "a.o")
      try box.shell("touch -r a.c stamp; sed -i s/x/\(value)/ a.c; touch -r stamp a.c")
      try box.shell("printf '#include \"h.h\"\\nint x\(value) = H;\\n' > a.c; touch -r stamp a.c")
      pause(milliseconds: 20)
      try box.isRight(command, .miss, output: "a.o")
    }
  }

  /// Edited in place right before each compilation, without a pause.
  @Test(arguments: Compilers.both)
  func editedJustNow(compiler: String) throws {
    let box = try Sandbox()
    let result = try box.shell(
      """
      printf '#include "d/h.h"\\nint x = H;\\n' > a.c; mkdir d
      for i in 1 2 3 4 5 6 7 8 9; do for j in 1 2 3; do
        echo "#define H $i$j" > d/h.h
        $SCCACHE \(compiler) -c a.c -o a.o
        \(compiler) -c a.c -o p.o; cmp a.o p.o || echo "header $i$j"
        printf '#include "d/h.h"\\nint y%s = H;\\n' $i$j > a.c
        $SCCACHE \(compiler) -c a.c -o a.o
        \(compiler) -c a.c -o p.o; cmp a.o p.o || echo "source $i$j"
      done; done
      """)
    #expect(result.outputText + result.errorText == "")
  }

  @Test(arguments: Compilers.both)
  func touchedWithTheSameContent(compiler: String) throws {
    let box = try Sandbox()
    try box.write("h.h", "#define H 1\n")
    try box.write("a.c", "#include \"h.h\"\nint x = H;\n")
    let command = [compiler, "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .miss)
    try box.write("h.h", "#define H 1\n")
    try box.shell("touch a.c")
    pause(milliseconds: 20)
    try box.isRight(command, .hit, output: "a.o")
  }

  /// A comment that no compiler reads may change.
  @Test(arguments: Compilers.c)
  func changedComment(compiler: String) throws {
    let box = try Sandbox()
    try box.write("h.h", "/* one */\n#define H 1 // one\n")
    try box.write("a.c", "// first\n#include \"h.h\"\nint x = H; /* tail */ int y;\n")
    let command = [compiler, "-c", "a.c", "-o", "a.o"]
    try box.isRight(command, .miss, output: "a.o")
    try box.write("h.h", "/* two and more */\n#define H 1 // two and more\n")
    try box.isRight(command, .hit, output: "a.o")
    try box.write("a.c", "// second, longer\n#include \"h.h\"\nint x = H; /* another */ int y;\n")
    try box.isRight(command, .hit, output: "a.o")
    // Debug information has columns (and clang's a digest of the file).
    let debug = command + ["-g"]
    try box.isRight(debug, .miss, output: "a.o")
    try box.write(
      "a.c", "// third, longer\n#include \"h.h\"\nint x = H; /* longer another */ int y;\n")
    try box.isRight(debug, .miss, output: "a.o")
    try box.write("h.h", "/* 2wo and more */\n#define H 1 // two and mor\n")
    try box.isRight(debug, compiler.hasPrefix("gcc") ? .hit : .miss, output: "a.o")
    // A line more moves everything.
    try box.write("h.h", "/* two\nand more */\n#define H 1 + __LINE__\n")
    try box.isRight(command, .miss, output: "a.o")
  }

  /// Columns that reach the object without debug information.
  @Test(arguments: Compilers.bothCXX)
  func commentsBeforeSourceLocation(compiler: String) throws {
    let box = try Sandbox()
    let command = [compiler, "-std=c++20", "-c", "a.cpp", "-o", "a.o"]
    let text =
      "#include <source_location>\nunsigned f() { COMMENT return std::source_location::current().column(); }\n"
    try box.write("a.cpp", text.replacing("COMMENT", with: "/* a */"))
    try box.isRight(command, .miss, output: "a.o")
    try box.write("a.cpp", text.replacing("COMMENT", with: "/* abcd */"))
    try box.isRight(command, .any, output: "a.o")
  }

  @Test(arguments: Compilers.bothCXX)
  func commentsBeforeLambdas(compiler: String) throws {
    let box = try Sandbox()
    let command = [compiler, "-std=c++17", "-c", "a.cpp", "-o", "a.o"]
    let text =
      "template <class T> const char *n(T) { return __PRETTY_FUNCTION__; }\nconst char *f() { COMMENT return n([] {}); }\n"
    try box.write("a.cpp", text.replacing("COMMENT", with: "/* a */"))
    try box.isRight(command, .miss, output: "a.o")
    try box.write("a.cpp", text.replacing("COMMENT", with: "/* abcd */"))
    try box.isRight(command, .any, output: "a.o")
  }

  /// Both take a lone carriage return for the end of a line.
  @Test(arguments: Compilers.both)
  func carriageReturns(compiler: String) throws {
    let box = try Sandbox()
    let command = [compiler, "-c", "a.c", "-o", "a.o"]
    try box.write("a.c", "// comment\rint x = 1;\r\nint y;\n")
    try box.isRight(command, .any, output: "a.o")
    try box.write("a.c", "// comment\rint x = 2;\r\nint y;\n")
    try box.isRight(command, .any, output: "a.o")
  }

  // MARK: time

  private static let macros = ["__DATE__", "__TIME__", "__TIMESTAMP__"]

  @Test(arguments: Compilers.both, ["source", "header"])
  func timeInCode(compiler: String, place: String) throws {
    let box = try Sandbox()
    for macro in Self.macros {
      let line = "const char *x = \(macro);\n"
      try box.write("h.h", place == "header" ? line : "\n")
      try box.write("a.c", "#include \"h.h\"\n" + (place == "source" ? line : ""))
      for epoch in ["0", "86400", "86401", "86400"] {
        for _ in 0..<2 {
          try box.isRight(
            [compiler, "-c", "a.c", "-o", "a.o"], .any, output: "a.o",
            with: ["SOURCE_DATE_EPOCH": epoch, "TZ": "UTC"])
        }
      }
    }
  }

  /// The running second counts: the object has a time between before and after.
  @Test(arguments: Compilers.both)
  func timePasses(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.c", "const char x[] = \"at=\" __TIME__;\n")
    var seen: Set<String> = []
    for _ in 0..<4 {
      let before = try box.plain(["date", "+%T"]).outputText.prefix(8)
      try box.compile([compiler, "-c", "a.c", "-o", "a.o"], .any)
      let after = try box.plain(["date", "+%T"]).outputText.prefix(8)
      let found = String(decoding: try box.read("a.o"), as: UTF8.self)
      let start = try #require(found.range(of: "at="))
      let time = found[start.upperBound...].prefix(8)
      #expect(before <= time && time <= after)
      seen.insert(String(time))
      pause(milliseconds: 600)
    }
    #expect(seen.count > 1)
  }

  @Test(arguments: Compilers.both)
  func timeInCommentsAndStrings(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.c", "/* __TIME__ */ const char *x = \"__DATE__\"; // __TIMESTAMP__\n")
    try box.isRight([compiler, "-c", "a.c", "-o", "a.o"], .miss, output: "a.o")
    let result = try box.statistics()
    try box.isRight([compiler, "-c", "a.c", "-o", "a.o"], .hit, output: "a.o")
    #expect(try box.statistics().extra("direct_hits") > result.extra("direct_hits"))
  }

  /// In strict C90 two slashes begin no comment.
  @Test(
    arguments: Compilers.both, ["-std=c90", "-ansi", "-std=iso9899:199409", "--std=c89", "--ansi"])
  func slashesInC90(compiler: String, standard: String) throws {
    let box = try Sandbox()
    let command = [compiler, standard, "-c", "a.c", "-o", "a.o"]
    for divisor in ["2", "3"] {
      try box.write("a.c", "int x = 12 //* comment */ \(divisor)\n;\n")
      try box.isRight(command, .any, output: "a.o")
    }
    for word in ["b", "c"] {
      try box.write(
        "a.c",
        "#define X a // \(word)\n#define S(x) #x\n#define T(x) S(x)\nconst char *x = T(X);\n")
      try box.isRight(command, .any, output: "a.o")
    }
    try box.write("a.c", "int f(void) { return 99999 //**/ __DATE__[5]\n; }\n")
    for epoch in ["0", "86400"] {
      try box.isRight(command, .any, output: "a.o", with: ["SOURCE_DATE_EPOCH": epoch])
    }
  }

  @Test(arguments: Compilers.both)
  func timeOnTheCommandLine(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.c", "const char *x = D;\n")
    for form in [
      ["-DD=__DATE__"], ["-D", "D=__DATE__"], ["--define-macro", "D=__DATE__"],
      ["-Wp,-DD=__DATE__"],
    ] {
      for epoch in ["0", "86400"] {
        try box.isRight(
          [compiler] + form + ["-c", "a.c", "-o", "a.o"], .any, output: "a.o",
          with: ["SOURCE_DATE_EPOCH": epoch])
      }
    }
  }

  @Test(arguments: Compilers.both)
  func pastedAndSplicedMacros(compiler: String) throws {
    let box = try Sandbox()
    let texts = [
      "#define P(a, b) a##b\nconst char *x = P(__DA, TE__);\n",
      "const char *x = __DA\\\nTE__;\n", "%:define D __DATE__\nconst char *x = D;\n",
    ]
    for text in texts {
      try box.write("a.c", text)
      for epoch in ["0", "86400"] {
        try box.isRight(
          [compiler, "-c", "a.c", "-o", "a.o"], .any, output: "a.o",
          with: ["SOURCE_DATE_EPOCH": epoch])
      }
    }
  }

  /// With `ignore_time_macros` the first object is as good as any later one.
  @Test(arguments: Compilers.both, ["__DATE__", "__TIME__", "__TIMESTAMP__"])
  func ignoredTimes(compiler: String, macro: String) throws {
    let box = try Sandbox()
    try box.write(
      "config",
      """
      [cache.disk]
      dir = "\(box.root)/cache"
      [cache.disk.preprocessor_cache_mode]
      use_preprocessor_cache_mode = true
      ignore_time_macros = true
      """)
    box.environment["SCCACHE_CONF"] = box.path("config")
    box.environment["SCCACHE_DIR"] = nil
    try box.write("h.h", "static const char *const made = \(macro);\n")
    try box.write("a.c", "#include \"h.h\"\nconst char *f(void) { return made; }\nint x = 1;\n")
    let command = [compiler, "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .miss, with: ["SOURCE_DATE_EPOCH": "0"])
    let first = try box.read("a.o")
    pause(milliseconds: 1100)
    try box.shell("touch a.c h.h")
    pause(milliseconds: 15)
    try box.compile(command, .hit, with: ["SOURCE_DATE_EPOCH": "0"])
    #expect(try box.read("a.o") == first)
    #expect(try box.statistics().extra("direct_hits") == 1)
    // Everything else counts as ever.
    try box.write("a.c", "#include \"h.h\"\nconst char *f(void) { return made; }\nint x = 2;\n")
    try box.compile(command, .miss, with: ["SOURCE_DATE_EPOCH": "0"])
  }

  // MARK: files that the assembler reads

  @Test(arguments: Compilers.c)
  func incbin(compiler: String) throws {
    let sources = [
      ("a.c", "__asm__(\".incbin \\\"data\\\"\");\n"),
      ("b.c", "#define I \".incbin\"\n__asm__(I \" \\\"data\\\"\");\n"),
      ("c.s", ".incbin \"data\"\n"), ("d.S", "#define F \"data\"\n.incbin F\n"),
      ("e.s", ".include \"data.inc\"\n"), ("f.c", "__asm__(\".inc\" \"bin \\\"data\\\"\");\n"),
      ("g.c", "__asm__(R\"(.incbin \"data\")\");\n"),
      ("h.i", "__asm__(\".incbin \\\"data\\\"\");\n"),
    ]
    let box = try Sandbox()
    for (name, text) in sources {
      try box.write(name, text)
      for value in 1...3 {
        try box.write("data", "version \(value)")
        try box.write("data.inc", ".byte \(value)\n")
        try box.isRight([compiler, "-c", name, "-o", "o"], .any, output: "o")
        try box.isRight([compiler, "-c", name, "-o", "o"], .any, output: "o")
      }
    }
  }
}

extension String {
  fileprivate func range(of text: String) -> Range<String.Index>? {
    firstRange(of: text)
  }
}
