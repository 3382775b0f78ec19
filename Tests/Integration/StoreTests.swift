import Glibc
import Platform
import TestSupport
import Testing

/// The cache as a whole: its size, its sharing, its statistics, and the settings of a request.
@Suite(.blocking) struct StoreTests {
  private func used(_ box: Sandbox) -> Int {
    Tree(box.root + "/cache").nodes.reduce(0) { $0 + $1.value.content.count }
  }

  /// The limit holds while several stores run, and the newest stay.
  @Test func sizeLimit() throws {
    let box = try Sandbox(["SCCACHE_CACHE_SIZE": "2M"])
    let result = try box.shell(
      """
      head -c 300000 /dev/urandom | od -An -v -tu1 -w20 | sed 's/  */,/g; s/^,//; s/$/,/' > data
      for i in $(seq 24); do (echo "unsigned char x[] = {$i,"; cat data; echo "};") > a$i.c; done; sleep 0.05
      for i in $(seq 1 2 24); do $SCCACHE gcc -c a$i.c -o o$i.o & $SCCACHE gcc -c a$((i+1)).c -o q$i.o; wait; done
      """)
    #expect(result.isSuccess && result.errorText == "")
    _ = try box.settled()
    pause(milliseconds: 300)
    // One entry more than the limit at most.
    let size = used(box)
    #expect(size < 2 << 20 + 350_000, "\(size) bytes")
    try box.compile(["gcc", "-c", "a24.c", "-o", "o.o"], .hit)
    try box.compile(["gcc", "-c", "a1.c", "-o", "o.o"], .miss)
    let reported = try box.statistics().json["cache_size"].total
    #expect(reported > 0 && reported < 2 << 20 + 350_000)
  }

  @Test func twoDaemonsOneDirectory() throws {
    let box = try Sandbox()
    let other = try Sandbox(["SCCACHE_DIR": box.root + "/cache"])
    for which in [box, other] { try which.write("a.c", "int x;\n") }
    // The same source text; the path is relative and no debug information names the directory.
    try box.compile(["gcc", "-c", "a.c"], .miss)
    try other.compile(["gcc", "-c", "a.c"], .hit)
    try box.write("b.c", "int y;\n")
    try other.write("b.c", "int y;\n")
    try other.compile(["gcc", "-c", "b.c"], .miss)
    try box.compile(["gcc", "-c", "b.c"], .hit)
    // One writes a second result into a manifest that the other knows.
    for which in [box, other] {
      try which.write("h.h", "#define H 1\n")
      try which.write("c.c", "#include \"h.h\"\nint z = H;\n")
    }
    try box.compile(["gcc", "-c", "c.c"], .miss)
    try other.compile(["gcc", "-c", "c.c"], .hit)
    for which in [box, other] { try which.write("h.h", "#define H 2\n") }
    try other.isRight(["gcc", "-c", "c.c"], .miss, output: "c.o")
    try box.isRight(["gcc", "-c", "c.c"], .hit, output: "c.o")
  }

  @Test func statisticsSurviveARestart() throws {
    let box = try Sandbox()
    try box.write("a.c", "int x;\n")
    for expected in [Sandbox.Expectation.miss, .hit, .hit] {
      try box.compile(["gcc", "-c", "a.c"], expected)
    }
    try box.stopServer()
    #expect(try box.statistics().hits == 2)
    try box.compile(["gcc", "-c", "a.c"], .hit)
    #expect(try box.statistics().hits == 3)
    try box.sccache(["--zero-stats"])
    try box.stopServer()
    #expect(try box.statistics().hits == 0)
  }

  @Test func readOnly() throws {
    let box = try Sandbox()
    try box.write("a.c", "int x;\n")
    try box.write("b.c", "int y;\n")
    try box.compile(["gcc", "-c", "a.c"], .miss)
    try box.stopServer()
    box.environment["SCCACHE_LOCAL_RW_MODE"] = "READ_ONLY"
    try box.isRight(["gcc", "-c", "a.c"], .hit, output: "a.o")
    let before = Tree(box.root + "/cache").nodes.count
    for _ in 0..<2 { try box.sccache(["gcc", "-c", "b.c"]) }
    #expect(box.exists("b.o"))
    try box.stopServer()
    #expect(Tree(box.root + "/cache").nodes.count == before)
  }

  @Test func recacheAndNoCache() throws {
    let box = try Sandbox()
    try box.write("a.c", "int x;\n")
    let command = ["gcc", "-c", "a.c"]
    try box.isRight(command, .miss, output: "a.o")
    try box.isRight(command, .miss, output: "a.o", with: ["SCCACHE_RECACHE": "1"])
    try box.isRight(command, .hit, output: "a.o")
    #expect(try box.statistics().count("forced_recaches") == 1)
    let before = try box.settled()
    try box.sccache(command, with: ["SCCACHE_NO_CACHE": "1"])
    let after = try box.settled()
    #expect(after.hits == before.hits && after.misses == before.misses)
    #expect(after.writes == before.writes)
    #expect(after.count("compilations") == before.count("compilations") + 1)
  }

  @Test func cacheBusterAndExtraFiles() throws {
    let box = try Sandbox()
    try box.write("a.c", "int x;\n")
    try box.write("extra", "1")
    let command = ["gcc", "-c", "a.c"]
    try box.compile(command, .miss)
    try box.compile(command, .miss, with: ["SCCACHE_C_CUSTOM_CACHE_BUSTER": "1"])
    try box.compile(command, .hit, with: ["SCCACHE_C_CUSTOM_CACHE_BUSTER": "1"])
    let extra = ["SCCACHE_EXTRAFILES": box.path("extra")]
    try box.compile(command, .miss, with: extra)
    try box.compile(command, .hit, with: extra)
    try box.write("extra", "2")
    try box.compile(command, .miss, with: extra)
    try box.compile(command, .hit)
  }

  /// The preprocessor's way gives the same, and notices what it must.
  @Test(arguments: Compilers.c)
  func preprocessorMode(compiler: String) throws {
    let box = try Sandbox(["SCCACHE_DIRECT": "false"])
    try box.write("inc/h.h", "#define H 1\n")
    try box.write("a.c", "#include \"h.h\"\nint f(void) { int unused; return H; }\n")
    let command = [compiler, "-Iinc", "-c", "a.c", "-o", "a.o"]
    try box.agrees(command)
    try box.agrees(command + ["-Wall"])
    try box.agrees(command + ["-g"])
    try box.agrees(command + ["-MD"], .any, then: .hit)
    try box.agrees(command + ["-MD", "-MP", "-MT", "t", "-MF", "f.d"], .hit)
    try box.agrees(command + ["-MMD"], .any, then: .hit)
    try box.write("inc/h.h", "#define H 2 // comment\n")
    try box.isRight(command, .miss, output: "a.o")
    try box.write("inc/h.h", "#define H 2 // other comment\n")
    try box.isRight(command, .hit, output: "a.o")
    try box.write("h.h", "#define H 3\n")
    try box.isRight(command, .miss, output: "a.o")
    try box.write("a.c", "__asm__(\".incbin \\\"data\\\"\");\n")
    for text in ["one", "two"] {
      try box.write("data", text)
      try box.isRight(command, .any, output: "a.o")
      try box.isRight(command, .any, output: "a.o")
    }
    try box.write("a.c", "const char *d = __DATE__;\n")
    for epoch in ["0", "86400", "0"] {
      try box.isRight(command, .any, output: "a.o", with: ["SOURCE_DATE_EPOCH": epoch])
    }
  }

  /// The result of one way of asking never passes for the other's.
  @Test(arguments: Compilers.both)
  func settingsOfOneRequest(compiler: String) throws {
    let box = try Sandbox()
    try box.write("one/a.c", "const char *f(void) { return __FILE__; }\n")
    try box.write("two/a.c", "const char *f(void) { return __FILE__; }\n")
    let bases = "\(box.work)/one:\(box.work)/two"
    for _ in 0..<2 {
      for name in ["one", "two"] {
        for settings in [
          [:], ["SCCACHE_DIRECT": "false"], ["SCCACHE_BASEDIRS": bases],
          ["SCCACHE_BASEDIRS": bases, "SCCACHE_DIRECT": "false"],
        ] {
          try box.isRight(
            [compiler, "-c", box.path("\(name)/a.c"), "-o", "a.o"], .any, output: "a.o", in: name,
            with: settings)
        }
      }
    }
  }
}
