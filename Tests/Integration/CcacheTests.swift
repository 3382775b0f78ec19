import Platform
import TestSupport
import Testing

/// The real ccache and the wrapper under the same compiler's name: each finds the compiler by
/// passing over the other, so neither calls the other for ever.
@Suite(.blocking) struct CcacheTests {
  /// `ours/NAME` is the wrapper, `theirs/NAME` is ccache; `PATH` has these directories in front.
  private func sandbox(
    _ compiler: String, path directories: [String], way: String = "ln -s"
  ) throws -> Sandbox {
    let box = try Sandbox()
    let ccache = try Programs.find("ccache")
    box.environment["CCACHE_DIR"] = box.root + "/ccache"
    try box.write("a.c", "#include <stddef.h>\nsize_t x;\n")
    try box.plain([compiler, "-g", "-c", "a.c", "-o", "wanted.o"])
    let made = try box.shell(
      """
      mkdir ours theirs; ln -s $SCCACHE ours/\(compiler) && \(way) \(ccache) theirs/\(compiler)
      """)
    try #require(made.isSuccess, "\(made.errorText)")
    box.environment["PATH"] =
      (directories.map { box.path($0) } + [Programs.searchPath]).joined(separator: ":")
    return box
  }

  private func isRight(
    _ box: Sandbox, _ call: String, with extra: [String: String] = [:],
    location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try box.shell("timeout 20 \(call) -g -c a.c -o a.o", with: extra)
    #expect(
      result.exitCode == 0 && result.errorText == "",
      "\(call): \(result.exitCode) \(result.errorText)",
      sourceLocation: location)
    let isSame = (try? box.read("a.o")) == (try? box.read("wanted.o"))
    #expect(isSame, "\(call)", sourceLocation: location)
    box.remove("a.o")
    _ = try box.settled()
  }

  /// The wrapper first: ccache, behind it in PATH, is no compiler.
  @Test(arguments: Compilers.both)
  func behind(compiler: String) throws {
    let box = try sandbox(compiler, path: ["ours", "theirs"])
    for call in [
      compiler, "ours/\(compiler)", "$SCCACHE \(compiler)", "$SCCACHE theirs/\(compiler)",
    ] {
      try isRight(box, call)
    }
    let statistics = try box.settled()
    #expect(statistics.misses == 1 && statistics.hits == 3)
    #expect(!box.exists("../ccache"))
  }

  /// ccache first: it calls the wrapper where it would call the compiler.
  @Test(arguments: Compilers.both)
  func inFront(compiler: String) throws {
    let box = try sandbox(compiler, path: ["theirs", "ours"])
    try isRight(box, compiler)
    try isRight(box, compiler)
    let once = try box.settled()
    #expect(once.misses == 1 && once.hits == 0)
    try isRight(box, compiler, with: ["CCACHE_RECACHE": "1"])
    #expect(try box.settled().hits == 1)
    try isRight(box, "$SCCACHE \(compiler)")
    try isRight(box, "theirs/\(compiler)", with: ["CCACHE_DISABLE": "1"])
  }

  /// One named in front of the other, in every order.
  @Test(arguments: [["ours", "theirs"], ["theirs", "ours"], []])
  func oneCallsTheOther(path: [String]) throws {
    let box = try sandbox("gcc", path: path)
    for _ in 0..<2 {
      for call in [
        "ccache $SCCACHE gcc", "$SCCACHE ccache gcc", "$SCCACHE $SCCACHE gcc", "ccache ours/gcc",
        "$SCCACHE theirs/gcc",
      ] {
        try isRight(box, call)
      }
      try isRight(box, "ccache gcc", with: ["CCACHE_PREFIX": Programs.wrapper])
      try isRight(
        box, "ccache gcc", with: ["CCACHE_PREFIX": Programs.wrapper, "CCACHE_RECACHE": "1"])
    }
    #expect(try box.settled().hits > 0)
  }

  /// A copy tells nobody that it is ccache.
  @Test(arguments: [["ours", "theirs"], ["theirs", "ours"]])
  func copies(path: [String]) throws {
    let box = try sandbox("gcc", path: path, way: "cp")
    for _ in 0..<2 {
      for call in ["gcc", "ours/gcc", "$SCCACHE gcc", "theirs/gcc", "$SCCACHE theirs/gcc"] {
        try isRight(box, call)
      }
    }
  }

  @Test(arguments: [["ours", "theirs"], ["theirs", "ours"]])
  func withoutADaemon(path: [String]) throws {
    let box = try sandbox("gcc", path: path)
    for call in ["gcc", "ours/gcc", "theirs/gcc"] {
      let result = try box.shell(
        "timeout 20 \(call) -g -c a.c -o a.o && cmp a.o wanted.o",
        with: ["SCCACHE_SERVER_UDS": "/proc/no/socket"])
      #expect(result.isSuccess, "\(call): \(result.errorText)")
    }
  }

  /// Nothing but the two of them: an error, and at once.
  @Test(arguments: [["ours", "theirs"], ["theirs", "ours"]])
  func noCompiler(path: [String]) throws {
    let box = try sandbox("gcc", path: path)
    let path = path.map { box.path($0) }.joined(separator: ":")
    for call in ["ours/gcc", "theirs/gcc"] {
      let result = try box.shell(
        "/usr/bin/timeout 20 \(call) -g -c a.c -o a.o", with: ["PATH": path])
      #expect(!result.isSuccess && result.exitCode != 124, "\(call): \(result.errorText)")
    }
  }
}
