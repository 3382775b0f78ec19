import Platform
import TestSupport
import Testing

/// Compilers for other machines, by their prefixed names.
@Suite(.blocking) struct CrossCompilerTests {
  /// A source with a header and a use of something that the compiler warns about.
  private func sandbox(_ compiler: String) throws -> (box: Sandbox, source: String) {
    let box = try Sandbox()
    let source = compiler.hasSuffix("++") ? "a.cc" : "a.c"
    try box.write("inc/h.h", "#define H 2\n")
    try box.write(
      source,
      "#include <stddef.h>\n#include \"h.h\"\nint f(int n) { int unused; return n * H + (int) sizeof(size_t); }\n"
    )
    return (box, source)
  }

  @Test(arguments: Compilers.cross + Compilers.crossCXX)
  func missThenHit(compiler: String) throws {
    let (box, source) = try sandbox(compiler)
    let call = [compiler, "-Iinc", "-c", source]
    try box.agrees(call + ["-O2", "-MD"])
    try box.agrees(
      call + ["-g", "-MMD", "-MF", "deps/a.d", "-MT", "x", "-MP"], .failure, then: .failure)
    try box.makeDirectory("deps")
    try box.agrees(call + ["-g", "-MMD", "-MF", "deps/a.d", "-MT", "x", "-MP"])
    try box.agrees(
      [compiler, "-Iinc", "-O1", "-S", source, "-o", "a.s"], .declined, then: .declined)
    try box.agrees([compiler, "-Iinc", "-E", source], .declined, then: .declined)
  }

  @Test(arguments: Compilers.cross + Compilers.crossCXX)
  func warningsAreRepeated(compiler: String) throws {
    let (box, source) = try sandbox(compiler)
    let call = [compiler, "-Wall", "-Iinc", "-c", source]
    #expect(try box.plain(call).errorText.contains("unused"))
    try box.agrees(call)
  }

  @Test(arguments: Compilers.cross + Compilers.crossCXX)
  func changedHeader(compiler: String) throws {
    let (box, source) = try sandbox(compiler)
    let call = [compiler, "-Iinc", "-c", source, "-o", "a.o"]
    try box.isRight(call, .miss, output: "a.o")
    try box.write("inc/h.h", "#define H 3\n")
    try box.isRight(call, .miss, output: "a.o")
    try box.write("h.h", "#define H 4\n")
    try box.isRight(call, .miss, output: "a.o")
    box.remove("h.h")
    try box.write("inc/h.h", "#define H 2\n")
    try box.isRight(call, .hit, output: "a.o")
  }

  /// The same call for each target, the native one too, into one cache: nobody gets another's object.
  @Test(arguments: [Compilers.cross + ["gcc"], Compilers.crossCXX + ["g++"]])
  func targetsShareNothing(compilers: [String]) throws {
    let (box, source) = try sandbox(compilers[0])
    for expected in [Sandbox.Expectation.miss, .hit] {
      for compiler in compilers {
        try box.isRight(
          [compiler, "-Iinc", "-c", source, "-o", "a.o"], expected, output: "a.o")
      }
    }
  }

  /// One name that in turn leads to each target: the answer follows the program, not the name.
  @Test func oneNameForSeveralTargets() throws {
    let (box, source) = try sandbox("gcc")
    try box.makeDirectory("bin")
    let call = ["bin/cc", "-Iinc", "-c", source, "-o", "a.o"]
    for expected in [Sandbox.Expectation.miss, .hit] {
      for compiler in Compilers.cross {
        box.remove("bin/cc")
        box.link(try Programs.find(compiler), at: "bin/cc")
        pause(milliseconds: 20)
        try box.isRight(
          call.map { $0 == "bin/cc" ? box.path($0) : $0 }, expected, output: "a.o")
      }
    }
  }

  @Test(arguments: Compilers.cross)
  func versionedName(compiler: String) throws {
    let (box, source) = try sandbox(compiler)
    let version = try box.plain([compiler, "-dumpversion"]).outputText.prefix { $0.isNumber }
    let candidates = ["\(compiler)-\(version)", "\(compiler)-win32", "\(compiler)-posix"]
    let versioned = try #require(
      candidates.first { (try? Programs.find($0)) != nil }, "no versioned \(compiler)")
    try box.isRight(
      [versioned, "-Iinc", "-c", source, "-o", "a.o"], .miss, output: "a.o")
    try box.isRight([versioned, "-Iinc", "-c", source, "-o", "a.o"], .hit, output: "a.o")
  }

  /// Links to the wrapper under the prefixed names.
  @Test(arguments: Compilers.cross + Compilers.crossCXX)
  func masquerade(compiler: String) throws {
    let (box, source) = try sandbox(compiler)
    let calls = [compiler, "bin/\(compiler)"]
    try box.masquerades(as: compiler, source: source, calls: calls + calls, seconds: 20)
    let statistics = try box.settled()
    #expect(statistics.misses == 1 && statistics.hits == 3)
  }

  /// A toolchain script that adds options, and then other options, and then calls another target.
  @Test func script() throws {
    let (box, source) = try sandbox("gcc")
    let call = [box.path("cross-cc"), "-Iinc", "-c", source, "-o", "a.o"]
    let bodies = Compilers.cross + Compilers.cross.map { "\($0) -DEXTRA -O2" }
    for expected in [Sandbox.Expectation.miss, .hit] {
      for body in bodies {
        try box.script("cross-cc", "exec \(body) \"$@\"")
        try box.isRight(call, expected, output: "a.o")
      }
    }
  }

  /// The target comes from the script's own name, as in toolchains of one script and many links.
  @Test func scriptThatReadsItsName() throws {
    let (box, source) = try sandbox("gcc")
    try box.script("bin/generic", "exec \"/usr/bin/$(basename \"$0\")\" \"$@\"")
    for compiler in Compilers.cross { box.link("generic", at: "bin/\(compiler)") }
    for expected in [Sandbox.Expectation.miss, .hit] {
      for compiler in Compilers.cross {
        try box.isRight(
          [box.path("bin/\(compiler)"), "-Iinc", "-c", source, "-o", "a.o"], expected,
          output: "a.o")
      }
    }
  }
}
