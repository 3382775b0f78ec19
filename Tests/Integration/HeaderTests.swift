import Glibc
import Platform
import TestSupport
import Testing

/// Direct mode never gives the result of other headers (W4), and finds what it may find.
@Suite(.blocking) struct HeaderTests {
  /// Two search directories; the header is in the second.
  private func sandbox() throws -> Sandbox {
    let box = try Sandbox()
    try box.makeDirectory("one")
    try box.write("two/h.h", "#define H 2\n")
    try box.write("a.c", "#include \"h.h\"\nint x = H;\n")
    return box
  }

  @Test(arguments: Compilers.c)
  func changedHeader(compiler: String) throws {
    let box = try sandbox()
    let command = [compiler, "-Itwo", "-c", "a.c", "-o", "a.o"]
    try box.agrees(command)
    try box.write("two/h.h", "#define H 3\n")
    try box.isRight(command, .miss, output: "a.o")
    try box.write("two/h.h", "#define H 2\n")
    try box.isRight(command, .hit, output: "a.o")
    try box.write("two/h.h", "#define H 3\n")
    try box.isRight(command, .hit, output: "a.o")
    box.remove("two/h.h")
    try box.agrees(command, .failure, then: .failure)
  }

  /// The daemon forgets nothing that is on disk.
  @Test(arguments: Compilers.both)
  func severalVersionsAfterARestart(compiler: String) throws {
    let box = try sandbox()
    let command = [compiler, "-Itwo", "-c", "a.c", "-o", "a.o"]
    for value in 1...20 {
      try box.write("two/h.h", "#define H \(value)\n")
      try box.compile(command, .miss)
    }
    box.killDaemon()
    for value in [20, 15, 10, 6] {
      try box.write("two/h.h", "#define H \(value)\n")
      try box.isRight(command, .hit, output: "a.o")
    }
  }

  /// In the source, `#include_next` is an `#include`; behind a line marker even without a warning.
  @Test(arguments: Compilers.both, ["-MD", "-MMD"])
  func nextInTheSource(compiler: String, dependencies: String) throws {
    let box = try sandbox()
    try box.write("a.c", "# 1 \"z.h\" 1 3\n#include_next \"h.h\"\n# 5 \"a.c\" 2\nint x = H;\n")
    let command = [compiler, dependencies, "-Itwo", "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .any)
    for value in 3...4 {
      try box.write("h.h", "#define H \(value)\n")
      try box.isRight(command, .any, output: "a.o")
    }
  }

  /// Assembler that is too large to be scanned is served by its preprocessed text, and without a
  /// preprocessor as it is.
  @Test(arguments: Compilers.both)
  func largeAssembler(compiler: String) throws {
    let box = try sandbox()
    let padding = String(repeating: "/* \(String(repeating: "x", count: 1000)) */\n", count: 1100)
    try box.write("a.S", "#include <h.h>\n.data\n.byte H\n" + padding)
    let command = [compiler, "-Ione", "-Itwo", "-c", "a.S", "-o", "a.o"]
    try box.compile(command, .unstored)
    try box.compile(command, .miss)
    try box.compile(command, .hit)
    try box.write("one/h.h", "#define H 7\n")
    try box.isRight(command, .miss, output: "a.o")
    try box.write("b.s", ".data\n.byte 1\n" + padding)
    try box.compile([compiler, "-c", "b.s", "-o", "b.o"], .miss)
    try box.compile([compiler, "-c", "b.s", "-o", "b.o"], .hit)
  }

  /// A source that is too large to be held in memory, too.
  @Test func largeSource() throws {
    let box = try sandbox()
    let line = "// " + String(repeating: "x", count: 65_536) + "\n"
    try box.write("b.c", "const char *d = __DATE__;\n" + String(repeating: line, count: 1030))
    let command = ["gcc", "-c", "b.c", "-o", "b.o"]
    let then = ["SOURCE_DATE_EPOCH": "1000000000"]
    try box.compile(command, .unstored, with: then)
    try box.compile(command, .miss, with: then)
    try box.compile(command, .hit, with: then)
    try box.isRight(
      command, .miss, output: "b.o", with: ["SOURCE_DATE_EPOCH": "1500000000"])
  }

  /// Compilers warn, if asked, of a search directory that is missing, and of a file in its place.
  @Test(arguments: [
    ["gcc", "-Wmissing-include-dirs"], ["clang-19", "-Wmissing-include-dirs"],
    ["clang-19", "-Weverything"],
  ])
  func directoriesThatVanish(words: [String]) throws {
    let box = try sandbox()
    let command = words + ["-Ione", "-Itwo", "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .miss)
    try box.compile(command, .hit)
    rmdir(box.path("one"))
    try box.isRight(command, .miss, output: "a.o")
    try box.compile(command, .hit)
    try box.makeDirectory("one")
    try box.isRight(command, .hit, output: "a.o")
  }

  @Test func directoryThatBecomesAFile() throws {
    let box = try sandbox()
    try box.write("a.c", "#include <h.h>\nint x = H;\n")
    let command = ["gcc", "-Ione", "-Itwo", "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .miss)
    rmdir(box.path("one"))
    try box.write("one", "")
    try box.isRight(command, .any, output: "a.o")
  }

  /// What gcc includes by itself may newly stand in a directory of the caller's, and change there.
  @Test(arguments: [["-Ione"], ["-isystem", "one"]], ["-MD", "-MMD"])
  func ownPredefinitions(options: [String], dependencies: String) throws {
    for (compiler, source) in [("gcc", "b.c"), ("g++", "b.cc"), ("gcc-11", "b.c")] {
      let box = try sandbox()
      try box.write(source, "#ifndef V\n#define V 0\n#endif\nint x = V;\n")
      let command = [compiler] + options + [dependencies, "-c", source, "-o", "b.o"]
      try box.compile(command, .miss)
      try box.compile(command, .hit)
      for value in 1...2 {
        try box.write("one/stdc-predef.h", "#define V \(value)\n")
        try box.isRight(command, .miss, output: "b.o")
        try box.compile(command, .hit)
      }
    }
  }

  /// clang includes nothing by itself.
  @Test(arguments: Compilers.clang)
  func noPredefinitions(compiler: String) throws {
    let box = try sandbox()
    let command = [compiler, "-Ione", "-Itwo", "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .miss)
    try box.write("one/stdc-predef.h", "#define H 9\n")
    try box.isRight(command, .hit, output: "a.o")
  }

  /// A header that newly appears where it comes first, in each place where it can.
  @Test(arguments: Compilers.both)
  func newHeaderShadows(compiler: String) throws {
    let cases: [(name: String, options: [String], new: String)] = [
      ("-I order", ["-Ione", "-Itwo"], "one/h.h"),
      ("beside the source", ["-Itwo"], "h.h"),
      ("-iquote", ["-iquote", "one", "-Itwo"], "one/h.h"),
      ("-I before -isystem", ["-isystem", "two", "-Ione"], "one/h.h"),
      ("-isystem order", ["-isystem", "one", "-isystem", "two"], "one/h.h"),
      ("-idirafter", ["-isystem", "one", "-idirafter", "two"], "one/h.h"),
      ("missing directory", ["-Inew", "-Itwo"], "new/h.h"),
      ("deep missing directory", ["-Inew/deep/er", "-Itwo"], "new/deep/er/h.h"),
      ("doubled directory", ["-Itwo", "-Ione", "-isystem", "two"], "one/h.h"),
      ("precompiled", ["-Itwo", "-DX"], "two/h.h"),
    ]
    for shadow in cases {
      let box = try sandbox()
      let command = [compiler] + shadow.options + ["-c", "a.c", "-o", "a.o"]
      try box.isRight(command, .miss, output: "a.o")
      try box.isRight(command, .hit, output: "a.o")
      try box.write(shadow.new, "#define H 77\n")
      try box.isRight(command, .miss, output: "a.o")
      #expect(try box.plain(command).isSuccess, "\(shadow.name)")
    }
  }

  /// Directories from the environment stand between `-I` and `-isystem`.
  @Test(arguments: Compilers.both, ["CPATH", "C_INCLUDE_PATH"])
  func environmentDirectories(compiler: String, variable: String) throws {
    let box = try sandbox()
    let command = [compiler, "-c", "a.c", "-o", "a.o"]
    let both = [variable: "one:two"]
    try box.isRight(command, .miss, output: "a.o", with: both)
    try box.isRight(command, .hit, output: "a.o", with: both)
    try box.write("one/h.h", "#define H 1\n")
    try box.isRight(command, .miss, output: "a.o", with: both)
    try box.isRight(command, .any, output: "a.o", with: [variable: "two:one"])
    try box.isRight(command, .any, output: "a.o", with: [variable: "two"])
    box.remove("one/h.h")
    // Nothing there yet.
    let missing = [variable: "new:two"]
    try box.isRight(command, .any, output: "a.o", with: missing)
    try box.write("new/h.h", "#define H 5\n")
    try box.isRight(command, .miss, output: "a.o", with: missing)
  }

  @Test(arguments: Compilers.both)
  func environmentBeforeSystemDirectories(compiler: String) throws {
    let box = try sandbox()
    let command = [compiler, "-isystem", "two", "-c", "a.c", "-o", "a.o"]
    try box.isRight(command, .miss, output: "a.o", with: ["CPATH": "one"])
    try box.write("one/h.h", "#define H 1\n")
    try box.isRight(command, .miss, output: "a.o", with: ["CPATH": "one"])
  }

  @Test(arguments: Compilers.c)
  func hasInclude(compiler: String) throws {
    let box = try sandbox()
    try box.write(
      "a.c",
      "#if __has_include(\"opt.h\")\nint x = 1;\n#elif __has_include(<sub/opt.h>)\nint x = 2;\n#else\nint x = 3;\n#endif\n"
    )
    let command = [compiler, "-Ione", "-Itwo", "-c", "a.c", "-o", "a.o"]
    try box.isRight(command, .miss, output: "a.o")
    try box.isRight(command, .hit, output: "a.o")
    try box.write("one/opt.h", "\n")
    try box.isRight(command, .miss, output: "a.o")
    box.remove("one/opt.h")
    try box.isRight(command, .hit, output: "a.o")
    try box.write("two/sub/opt.h", "\n")
    try box.isRight(command, .miss, output: "a.o")
  }

  @Test(arguments: Compilers.both)
  func hasIncludeOfAMacro(compiler: String) throws {
    let box = try sandbox()
    try box.write(
      "a.c", "#define O \"opt.h\"\n#if __has_include(O)\nint x = 1;\n#else\nint x = 3;\n#endif\n")
    let command = [compiler, "-Ione", "-c", "a.c", "-o", "a.o"]
    for _ in 0..<3 { try box.isRight(command, .any, output: "a.o") }
    try box.write("one/opt.h", "\n")
    for _ in 0..<3 { try box.isRight(command, .any, output: "a.o") }
    box.remove("one/opt.h")
    try box.isRight(command, .any, output: "a.o")
  }

  @Test(arguments: Compilers.c)
  func includeNext(compiler: String) throws {
    let box = try Sandbox()
    try box.write("one/h.h", "#include_next <h.h>\n#define A 1\n")
    try box.makeDirectory("mid")
    try box.write("two/h.h", "#define H 2\n")
    try box.write("a.c", "#include <h.h>\nint x = H;\n")
    let command = [compiler, "-Ione", "-Imid", "-Itwo", "-c", "a.c", "-o", "a.o"]
    try box.agrees(command)
    try box.write("mid/h.h", "#define H 9\n")
    try box.isRight(command, .miss, output: "a.o")
    box.remove("mid/h.h")
    try box.isRight(command, .hit, output: "a.o")
  }

  @Test(arguments: Compilers.both)
  func computedInclude(compiler: String) throws {
    let box = try sandbox()
    try box.write(
      "a.c", "#define Q(x) #x\n#define S(x) Q(x)\n#include S(NAME.h)\nint x = H;\n")
    let command = [compiler, "-DNAME=h", "-Ione", "-Itwo", "-c", "a.c", "-o", "a.o"]
    for _ in 0..<2 { try box.isRight(command, .any, output: "a.o") }
    try box.write("two/h.h", "#define H 3\n")
    for _ in 0..<2 { try box.isRight(command, .any, output: "a.o") }
    try box.write("one/h.h", "#define H 4\n")
    for _ in 0..<2 { try box.isRight(command, .any, output: "a.o") }
    box.remove("one/h.h")
    try box.isRight(command, .any, output: "a.o")
    try box.write("h.h", "#define H 5\n")
    try box.isRight(command, .any, output: "a.o")
  }

  @Test(arguments: Compilers.c)
  func forcedInclude(compiler: String) throws {
    let box = try sandbox()
    try box.write("b.c", "int x = H;\n")
    for option in ["-include", "-imacros"] {
      let command = [compiler, option, "h.h", "-Ione", "-Itwo", "-c", "b.c", "-o", "b.o"]
      try box.isRight(command, .miss, output: "b.o")
      try box.isRight(command, .hit, output: "b.o")
      try box.write("one/h.h", "#define H 8\n")
      try box.isRight(command, .miss, output: "b.o")
      try box.write("h.h", "#define H 9\n")
      try box.isRight(command, .miss, output: "b.o")
      box.remove("h.h")
      box.remove("one/h.h")
      try box.isRight(command, .hit, output: "b.o")
    }
  }

  /// The same absolute source and relative `-Iinc`, in two directories (wrong in 0.16.0).
  @Test(arguments: Compilers.both)
  func relativeDirectoriesBelongToTheWorkingDirectory(compiler: String) throws {
    let box = try Sandbox()
    let source = try box.write("a.c", "#include <h.h>\nint x = H;\n")
    for (name, value) in [("one", 1), ("two", 2)] {
      try box.write("\(name)/inc/h.h", "#define H \(value)\n")
      try box.isRight([compiler, "-Iinc", "-c", source], .miss, output: "a.o", in: name)
    }
    for name in ["one", "two"] {
      try box.isRight([compiler, "-Iinc", "-c", source], .hit, output: "a.o", in: name)
    }
  }

  @Test(arguments: Compilers.both)
  func symbolicLinks(compiler: String) throws {
    let box = try Sandbox()
    for value in 1...2 {
      try box.write("v\(value)/h.h", "#include \"i.h\"\n")
      try box.write("v\(value)/i.h", "#define H \(value)\n")
    }
    box.link("v1", at: "current")
    try box.write("a.c", "#include \"h.h\"\nint x = H;\n")
    let command = [compiler, "-Icurrent", "-c", "a.c", "-o", "a.o"]
    try box.isRight(command, .miss, output: "a.o")
    box.remove("current")
    box.link("v2", at: "current")
    pause(milliseconds: 20)
    try box.isRight(command, .miss, output: "a.o")
    box.remove("current")
    box.link("v1", at: "current")
    pause(milliseconds: 20)
    try box.isRight(command, .hit, output: "a.o")
  }

  /// What a probe found may be a link, whose target goes.
  @Test(arguments: Compilers.both)
  func hasIncludeOfALink(compiler: String) throws {
    let box = try sandbox()
    try box.write("elsewhere/opt.h", "")
    try box.makeDirectory("one")
    box.link("../elsewhere/opt.h", at: "one/opt.h")
    try box.write("a.c", "#if __has_include(<opt.h>)\nint x = 1;\n#else\nint x = 2;\n#endif\n")
    let command = [compiler, "-Ione", "-c", "a.c", "-o", "a.o"]
    try box.isRight(command, .any, output: "a.o")
    box.remove("elsewhere/opt.h")
    pause(milliseconds: 20)
    try box.isRight(command, .any, output: "a.o")
    try box.write("elsewhere/opt.h", "")
    try box.isRight(command, .any, output: "a.o")
  }

  /// A link that leads nowhere is no header until it does.
  @Test(arguments: Compilers.both)
  func danglingLink(compiler: String) throws {
    let box = try sandbox()
    box.link("../later/h.h", at: "one/h.h")
    pause(milliseconds: 20)
    let command = [compiler, "-Ione", "-Itwo", "-c", "a.c", "-o", "a.o"]
    try box.isRight(command, .any, output: "a.o")
    try box.isRight(command, .any, output: "a.o")
    try box.write("later/h.h", "#define H 6\n")
    try box.isRight(command, .any, output: "a.o")
  }
}
