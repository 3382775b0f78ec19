import Platform
import TestSupport
import Testing

/// Results that are found by preprocessed text: what that text does not show counts all the same.
@Suite(.blocking) struct PreprocessedTests {
  /// An edit that leaves the `-E` text as it is and still changes the object or what is printed.
  struct Edit: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var options: [String]
    var old: String
    var new: String
    init(_ name: String, _ options: [String], _ old: String, _ new: String) {
      testDescription = name
      self.options = options
      self.old = old
      self.new = new
    }
  }

  private static let edits = [
    Edit(
      "columns", ["-g"], "int g(void); int f(void) { g();    g();   return 1; }\n",
      "int g(void); int f(void) { g(); g(); return 1; }\n"),
    Edit("digest of the file", ["-g"], "int f; /* old */\n", "int f; /* new */\n"),
    Edit("macros", ["-g3"], "#define Q 1\nint f;\n", "#define Q 2\nint f;\n"),
    Edit("no macros", ["-g3"], "\nint f;\n", "#define Q 2\nint f;\n"),
    Edit(
      "quoted comment", [], "int f(void) { return 1 / 0; /* old */ }\n",
      "int f(void) { return 1 / 0; /* new */ }\n"),
    Edit(
      "quoted macro", [], "#define A 1 / 0\nint f(void) { return A; }\n",
      "#define B 1 / 0\nint f(void) { return B; }\n"),
    Edit("warning directive", [], "\nint f;\n", "#warning new\nint f;\n"),
    Edit("other warning directive", [], "#warning old\nint f;\n", "#warning new\nint f;\n"),
    Edit("comment in a comment", ["-Wall"], "/* a   b */\nint f;\n", "/* a /* b */\nint f;\n"),
    Edit("redefinition", [], "#define A 1\n\nint f;\n", "#define A 1\n#define A 2\nint f;\n"),
    Edit("extra tokens", ["-Wall"], "#ifdef A\n#endif\nint f;\n", "#ifdef A\n#endif A\nint f;\n"),
    Edit(
      "condition", ["-Wundef"], "#if 0\n#endif\nint f;\n", "#if B\n#endif\nint f;\n"),
    Edit(
      "fall through", ["-Wextra"],
      "int f(int a) { switch (a) { case 1: a++; /* fall through */\n default: a += 5; } return a; }\n",
      "int f(int a) { switch (a) { case 1: a++; /* nope, at all */\n default: a += 5; } return a; }\n"
    ),
    Edit(
      "indentation", ["-Wall"],
      "int g(void);int f(int a) {\n if (a)\n  g();\n g();\n return 1; }\n",
      "int g(void);int f(int a) {\n if (a)\n  g();\n  g();\n return 1; }\n"),
    Edit(
      "columns for the sanitizer", ["-fsanitize=undefined"],
      "int f(int x) { return 3 +    x; }\n", "int f(int x) { return 3 + x; }\n"),
  ]

  /// What sends a source to the preprocessor, and the environment for it.
  private static let reasons: [(prefix: String, environment: [String: String])] = [
    ("", ["SCCACHE_DIRECT": "false"]),
    ("const char *date = __DATE__;\n", ["SOURCE_DATE_EPOCH": "0"]),
    ("#define H <stdio.h>\n#if __has_include(H)\n#endif\n", [:]),
  ]

  private func check(
    _ edit: Edit, _ command: [String], source: String, prefix: String,
    environment: [String: String]
  ) throws {
    let box = try Sandbox()
    for place in environment["SCCACHE_DIRECT"] == nil ? [source] : [source, "h.h"] {
      func write(_ text: String) throws {
        try box.write("h.h", place == "h.h" ? text : "#define HEADER\n")
        try box.write(source, prefix + (place == "h.h" ? "#include \"h.h\"\n" : text))
      }
      try write(edit.old)
      try box.compile(command, .any, with: environment)
      try box.isRight(command, .any, output: "a.o", with: environment)
      try box.isRight(command, .hit, output: "a.o", with: environment)
      try write(edit.new)
      for _ in 0..<2 { try box.isRight(command, .any, output: "a.o", with: environment) }
      try write(edit.old)
      try box.isRight(command, .hit, output: "a.o", with: environment)
    }
    #expect(try box.statistics().extra("preprocessed_hits") > 0)
  }

  @Test(arguments: Compilers.both, edits)
  func whatTheTextDoesNotShow(compiler: String, edit: Edit) throws {
    for (prefix, environment) in Self.reasons {
      try check(
        edit, [compiler] + edit.options + ["-c", "a.c", "-o", "a.o"], source: "a.c", prefix: prefix,
        environment: environment)
    }
  }

  private static let clangEdits = [
    Edit(
      "embedded source", ["-g", "-gdwarf-5", "-gembed-source"], "int f; /* old */\n",
      "int f; /* new */\n"),
    Edit(
      "documentation", ["-Wdocumentation"], "/// @param x\nint f(int x) { return x; }\n",
      "/// @param y\nint f(int x) { return x; }\n"),
    Edit(
      "coverage", ["-fprofile-instr-generate", "-fcoverage-mapping"],
      "int f(int x) { return x ?   1 : 2; }\n", "int f(int x) { return x ? 1 : 2; }\n"),
  ]

  @Test(arguments: clangEdits)
  func whatClangSees(edit: Edit) throws {
    for (prefix, environment) in Self.reasons.prefix(2) {
      try check(
        edit, ["clang-16"] + edit.options + ["-c", "a.c", "-o", "a.o"], source: "a.c",
        prefix: prefix, environment: environment)
    }
  }

  private static let cxxEdits = [
    Edit(
      "source_location", ["-std=c++20"],
      "#include <source_location>\nint f() { return    std::source_location::current().column(); }\n",
      "#include <source_location>\nint f() { return std::source_location::current().column(); }\n"),
    Edit(
      "comment before source_location", ["-std=c++20"],
      "#include <source_location>\nint f() { return /* a */ std::source_location::current().column(); }\n",
      "#include <source_location>\nint f() { return /* abcd */ std::source_location::current().column(); }\n"
    ),
    Edit(
      "lambda", [],
      "template <class T> const char *n(T) { return __PRETTY_FUNCTION__; }\nconst char *f() { return    n([] {}); }\n",
      "template <class T> const char *n(T) { return __PRETTY_FUNCTION__; }\nconst char *f() { return n([] {}); }\n"
    ),
  ]

  @Test(arguments: Compilers.bothCXX, cxxEdits)
  func columnsWithoutDebugInformation(compiler: String, edit: Edit) throws {
    for (prefix, environment) in Self.reasons.prefix(2) {
      try check(
        edit, [compiler] + edit.options + ["-c", "a.cc", "-o", "a.o"], source: "a.cc",
        prefix: prefix, environment: environment)
    }
  }

  /// A comment that no compiler looks at is still a hit, unless a message could quote it.
  @Test(arguments: Compilers.both)
  func changedComments(compiler: String) throws {
    let box = try Sandbox(["SCCACHE_DIRECT": "false"])
    for (text, expected) in [
      ("int f(void) { return 1; /* COMMENT */ }\n", Sandbox.Expectation.hit),
      ("int f(void) { return 1 / 0; /* COMMENT */ }\n", .miss),
    ] {
      try box.write("a.c", text.replacing("COMMENT", with: "one"))
      try box.isRight([compiler, "-c", "a.c", "-o", "a.o"], .miss, output: "a.o")
      try box.write("a.c", text.replacing("COMMENT", with: "two and more"))
      try box.isRight([compiler, "-c", "a.c", "-o", "a.o"], expected, output: "a.o")
    }
  }

  /// A file that is only asked for decides on a warning, a macro and a region of coverage.
  @Test(arguments: Compilers.both)
  func filesThatAreOnlyAskedFor(compiler: String) throws {
    var variants = [[], ["-g3"]]
    if compiler.hasPrefix("clang") {
      variants.append(["-fprofile-instr-generate", "-fcoverage-mapping"])
    }
    let box = try Sandbox()
    try box.makeDirectory("inc")
    for options in variants {
      for group in ["#warning there\n", "#define Q 2\n", "#pragma region\n", "\n"] {
        try box.write(
          "a.c", "#define H <asked.h>\n#if __has_include(H)\n\(group)#endif\nint f = 1;\n")
        let command = [compiler, "-Iinc", "-c", "a.c", "-o", "a.o"] + options
        for _ in 0..<3 { try box.isRight(command, .any, output: "a.o") }
        try box.write("inc/asked.h", "\n")
        for _ in 0..<2 { try box.isRight(command, .any, output: "a.o") }
        box.remove("inc/asked.h")
        pause(milliseconds: 15)
        try box.isRight(command, .any, output: "a.o")
      }
    }
  }

  /// `-MMD` and `-MD` have their own lists; both modes agree with the compiler on them.
  @Test(arguments: Compilers.both, ["-MD", "-MMD"])
  func dependencyFiles(compiler: String, option: String) throws {
    let box = try Sandbox(["SCCACHE_DIRECT": "false"])
    try box.write("own.h", "#include <stddef.h>\n")
    try box.write("a.c", "#include <stdio.h>\n#include \"own.h\"\nint x;\n")
    try box.agrees([compiler, option, "-c", "a.c", "-o", "a.o"])
    try box.agrees([compiler, option, "-g", "-c", "a.c", "-o", "b.o"])
  }
}
