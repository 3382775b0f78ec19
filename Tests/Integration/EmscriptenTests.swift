import Platform
import TestSupport
import Testing

/// `emcc` and `em++`: scripts in Python that start clang.
@Suite(.blocking) struct EmscriptenTests {
  static let compilers = ["emcc", "em++"]

  private func sandbox(_ compiler: String) throws -> (box: Sandbox, source: String) {
    let box = try Sandbox()
    let source = compiler == "em++" ? "a.cc" : "a.c"
    try box.write("inc/h.h", "#define H 2\n")
    try box.write(
      source,
      "#include <stdio.h>\n#include \"h.h\"\nint f(int n) { int unused; return putchar(n * H); }\n")
    return (box, source)
  }

  @Test(arguments: compilers)
  func missThenHit(compiler: String) throws {
    let (box, source) = try sandbox(compiler)
    let call = [compiler, "-Iinc", "-c", source]
    try box.agrees(call + ["-O2", "-MD", "-Wall"])
    try box.agrees(call + ["-g", "-MMD", "-MF", "a.d", "-MT", "x", "-o", "b.o"])
    #expect(try box.compile(call + ["-O2", "-Wall"], .hit).errorText.contains("unused"))
    try box.agrees([compiler, "-Iinc", "-S", source, "-o", "a.s"], .declined, then: .declined)
    try box.agrees([compiler, "-Iinc", "-E", source], .declined, then: .declined)
  }

  @Test(arguments: compilers)
  func changedHeader(compiler: String) throws {
    let (box, source) = try sandbox(compiler)
    let call = [compiler, "-Iinc", "-c", source, "-o", "a.o"]
    try box.isRight(call, .miss, output: "a.o")
    try box.write("inc/h.h", "#define H 3\n")
    try box.isRight(call, .miss, output: "a.o")
    try box.write("inc/h.h", "#define H 2\n")
    try box.isRight(call, .hit, output: "a.o")
    try box.write("h.h", "#define H 4\n")
    try box.isRight(call, .miss, output: "a.o")
  }

  /// The clang that Emscripten itself starts, called with only its target, is another compiler.
  @Test func targetsShareNothing() throws {
    let (box, source) = try sandbox("emcc")
    try box.write(source, "int f(int n) { return n; }\n")
    for expected in [Sandbox.Expectation.miss, .hit] {
      for compiler in [
        ["emcc"], ["em++"], ["clang-14", "--target=wasm32-unknown-emscripten"], ["clang-14"],
      ] {
        try box.isRight(compiler + ["-c", source, "-o", "a.o"], expected, output: "a.o")
      }
    }
  }

  @Test(arguments: compilers)
  func masquerade(compiler: String) throws {
    let (box, source) = try sandbox(compiler)
    try box.masquerades(
      as: compiler, source: source,
      calls: [compiler, "bin/\(compiler)", "$SCCACHE \(compiler)"], seconds: 60)
    let statistics = try box.settled()
    #expect(statistics.misses == 1 && statistics.hits == 2)
  }

  /// Emscripten's own way to a cache: it puts the wrapper in front of clang.
  @Test func asItsCompilerWrapper() throws {
    let (box, source) = try sandbox("emcc")
    let call = ["emcc", "-Iinc", "-c", source, "-o", "a.o"]
    try box.plain(call)
    let wanted = try box.read("a.o")
    for _ in 0..<2 {
      box.remove("a.o")
      let result = try box.plain(call, with: ["EM_COMPILER_WRAPPER": Programs.wrapper])
      #expect(result.isSuccess, "\(result.errorText)")
      #expect(try box.read("a.o") == wanted)
      _ = try box.settled()
    }
    let statistics = try box.settled()
    #expect(statistics.misses == 1 && statistics.hits == 1)
    // Both ways at once: one of them asks the cache.
    try box.isRight(
      call, .miss, output: "a.o", with: ["EM_COMPILER_WRAPPER": Programs.wrapper])
  }

  /// Options in the variable are not those that we looked at; these would leave a `.dwo` file.
  @Test func optionsOfTheEnvironment() throws {
    let (box, source) = try sandbox("emcc")
    try box.agrees(
      ["emcc", "-Iinc", "-c", source, "-o", "a.o"], .declined, then: .declined,
      with: ["EMCC_CFLAGS": "-g -gsplit-dwarf"])
  }
}
