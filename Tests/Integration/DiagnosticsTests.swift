import Platform
import TestSupport
import Testing

/// Messages are replayed byte for byte, and only to whom they look the same.
@Suite(.blocking) struct DiagnosticsTests {
  private static let source =
    "int f(int n) { int unused; if (n = 1) return 2; }\n#warning \"it's\"\n"

  @Test(arguments: Compilers.c)
  func warnings(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.c", Self.source)
    for options in [
      [], ["-fdiagnostics-color=always"], ["-w"], ["-Wno-unused"], ["-fmessage-length=40"],
    ] {
      try box.agrees([compiler, "-Wall", "-c", "a.c"] + options)
    }
    // These look like the first.
    for option in ["-fdiagnostics-color=never", "-fdiagnostics-color=auto"] {
      try box.agrees([compiler, "-Wall", "-c", "a.c", option], .hit)
    }
  }

  @Test(arguments: Compilers.both)
  func languagesAndColours(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.c", "const char *s = \"é\";\n" + Self.source)
    for environment in [
      ["LC_ALL": "C"], ["LC_ALL": "C.UTF-8"], ["LANG": "de_DE.UTF-8"], ["LANGUAGE": "de"],
      ["GCC_COLORS": "warning=01;33"], ["TERM": "xterm-256color"], ["TERM": "dumb"],
    ] {
      for _ in 0..<2 {
        try box.isRight(
          [compiler, "-Wall", "-c", "a.c", "-o", "a.o"], .any, output: "a.o", with: environment)
      }
    }
  }

  /// At a terminal the compiler's own colours, and no escape in a file.
  @Test(arguments: Compilers.both)
  func terminal(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.c", Self.source)
    _ = try Programs.find("script")
    func atTerminal(_ command: String) throws -> String {
      try box.shell(
        "script -qec '\(command)' /dev/null < /dev/null",
        with: ["TERM": "xterm", "COLUMNS": "80"]
      ).outputText
    }
    // clang breaks lines to a terminal's width, but not behind the wrapper (docs/caching.md).
    let options = compiler.hasPrefix("clang") ? "-Wall -fmessage-length=0" : "-Wall"
    let wanted = try atTerminal("\(compiler) \(options) -c a.c -o a.o")
    #expect(wanted.contains("\u{1b}["))
    for _ in 0..<2 {
      #expect(try atTerminal("$SCCACHE \(compiler) \(options) -c a.c -o a.o") == wanted)
      _ = try box.settled()
      let words = options.split(separator: " ").map(String.init)
      try box.isRight([compiler] + words + ["-c", "a.c", "-o", "a.o"], .any, output: "a.o")
    }
    #expect(try box.statistics().hits > 0)
  }

  /// Both streams stay apart, also when only one of them is a terminal or closed.
  @Test(arguments: Compilers.both)
  func streams(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.c", Self.source)
    for _ in 0..<2 {
      let result = try box.shell(
        """
        $SCCACHE \(compiler) -Wall -c a.c -o a.o >out 2>err; \(compiler) -Wall -c a.c -o p.o 2>perr
        cmp err perr && test ! -s out; $SCCACHE \(compiler) -Wall -c a.c -o b.o >&- 2>&-; cmp a.o b.o
        """)
      #expect(result.isSuccess, "\(result.errorText)")
    }
  }

  @Test(arguments: Compilers.both)
  func muchOutput(compiler: String) throws {
    let box = try Sandbox()
    var text = ""
    for number in 0..<3000 { text += "#warning number \(number)\n" }
    try box.write("a.c", text)
    try box.agrees([compiler, "-c", "a.c"])
  }
}
