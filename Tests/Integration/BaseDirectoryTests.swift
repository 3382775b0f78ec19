import Glibc
import Platform
import TestSupport
import Testing

/// Checkouts share results under `SCCACHE_BASEDIRS`, and no object names a foreign one.
@Suite(.blocking) struct BaseDirectoryTests {
  private static let checkouts = ["alpha", "bravo-checkout"]

  /// Two checkouts of the same sources, which are base directories.
  private func sandbox(_ source: String, name: String = "a.c") throws -> Sandbox {
    let box = try Sandbox()
    box.environment["SCCACHE_BASEDIRS"] = Self.checkouts.map { box.work + "/" + $0 }
      .joined(separator: ":")
    for checkout in Self.checkouts {
      try box.write("\(checkout)/inc/h.h", "#define H 1\n")
      try box.write("\(checkout)/src/\(name)", source)
    }
    return box
  }

  private static let source = "#include \"h.h\"\nint f(void) { return H; }\n"

  @Test(arguments: Compilers.c)
  func relativePaths(compiler: String) throws {
    let box = try sandbox(Self.source)
    for (checkout, expected) in zip(Self.checkouts, [Sandbox.Expectation.miss, .hit]) {
      try box.agrees(
        [compiler, "-O1", "-Iinc", "-c", "src/a.c", "-o", "a.o"], expected, in: checkout)
    }
  }

  @Test(arguments: Compilers.c)
  func absolutePaths(compiler: String) throws {
    let box = try sandbox(Self.source)
    for (checkout, expected) in zip(Self.checkouts, [Sandbox.Expectation.miss, .hit]) {
      let root = box.work + "/" + checkout
      try box.isRight(
        [compiler, "-I\(root)/inc", "-c", "\(root)/src/a.c", "-o", "\(root)/a.o"], expected,
        output: "\(root)/a.o")
    }
  }

  /// With `-g` the working directory is in the object: each checkout its own, unless it is mapped.
  @Test(arguments: Compilers.c)
  func debugInformation(compiler: String) throws {
    let box = try sandbox(Self.source)
    for checkout in Self.checkouts {
      try box.isRight(
        [compiler, "-g", "-Iinc", "-c", "src/a.c", "-o", "a.o"], .miss, output: "a.o", in: checkout)
    }
    for (checkout, expected) in zip(Self.checkouts, [Sandbox.Expectation.miss, .any]) {
      let map = "-fdebug-prefix-map=\(box.work)/\(checkout)=."
      try box.isRight(
        [compiler, "-g", map, "-Iinc", "-c", "src/a.c", "-o", "a.o"], expected, output: "a.o",
        in: checkout)
      try box.isRight(
        [compiler, "-g", map, "-Iinc", "-c", "src/a.c", "-o", "a.o"], .hit, output: "a.o",
        in: checkout)
    }
  }

  /// A map to another directory in each checkout.
  @Test(arguments: Compilers.both)
  func mapsThatDiffer(compiler: String) throws {
    let box = try sandbox("#include \"h.h\"\nconst char *f(void) { return __FILE__; }\n")
    for option in ["-fdebug-prefix-map", "-ffile-prefix-map", "-fmacro-prefix-map"] {
      for (checkout, target) in zip(Self.checkouts, ["/x", "/y"]) {
        let root = box.work + "/" + checkout
        for debug in [["-g"], []] {
          try box.isRight(
            [compiler, "\(option)=\(root)=\(target)", "-I\(root)/inc", "-c", "\(root)/src/a.c"]
              + debug, .any, output: "a.o", in: checkout)
        }
      }
    }
  }

  /// `__FILE__` in the forms in which a search for the path's bytes does not see it.
  @Test(
    arguments: Compilers.bothCXX,
    [
      "const char *f() { return __FILE__; }",
      "#include <cassert>\nvoid f(int x) { assert(x); }",
      "#define W2(x) L##x\n#define W(x) W2(x)\nconst wchar_t *f() { return W(__FILE__); }",
      "void g(char *); void f() { char b[] = __FILE__; g(b); }",
      "unsigned long f() { return sizeof __FILE__; }",
      "constexpr unsigned h(const char *s) { unsigned r = 7; while (*s) r = r * 31 + *s++; return r; }\nconstexpr unsigned v = h(__FILE__); unsigned f() { return v; }",
      "const char *f() { return __builtin_FILE(); }",
      "char f() { return __FILE__[sizeof __FILE__ / 2]; }",
    ])
  func fileName(compiler: String, text: String) throws {
    let box = try sandbox(text + "\n", name: "a.cpp")
    for options in [["-O2"], ["-O2", "-g"], ["-O0"]] {
      for checkout in Self.checkouts {
        let root = box.work + "/" + checkout
        try box.isRight(
          [compiler] + options + ["-c", "\(root)/src/a.cpp", "-o", "a.o"], .any, output: "a.o",
          in: checkout)
      }
    }
  }

  /// Outputs that are compressed or packed in bits.
  @Test(arguments: Compilers.both)
  func packedOutputs(compiler: String) throws {
    let box = try sandbox(Self.source)
    let options =
      compiler == "gcc"
      ? [["-flto"], ["-g", "-gz"], ["-flto", "-g"], ["-O2", "-g3"]]
      : [
        ["-emit-llvm"], ["-flto"], ["-flto=thin"], ["-g", "-gz"], ["-emit-llvm", "-g"],
        ["-fembed-bitcode"],
      ]
    for some in options {
      for checkout in Self.checkouts {
        let root = box.work + "/" + checkout
        let seed = compiler == "gcc" ? ["-frandom-seed=7"] : []
        try box.isRight(
          [compiler, "-I\(root)/inc", "-c", "\(root)/src/a.c", "-o", "a.o"] + some + seed, .any,
          output: "a.o", in: checkout)
      }
    }
  }

  /// gcc's record is compressed; its content is compared unpacked.
  @Test(arguments: Compilers.gcc)
  func optimisationRecord(compiler: String) throws {
    let box = try sandbox(
      "static int g(int n) { int s = 0; for (int i = 0; i < n; i++) s += i; return s; }\nint f(int n) { return g(n); }\n"
    )
    for checkout in Self.checkouts {
      let root = box.work + "/" + checkout
      let command = [
        compiler, "-O2", "-fsave-optimization-record", "-c", "\(root)/src/a.c", "-o", "a.o",
      ]
      try box.compile(command, .any, in: checkout)
      let text = try box.shell("zcat a.c.opt-record.json.gz", in: checkout).outputText
      let other = try #require(Self.checkouts.first { $0 != checkout })
      let namesOwn = text.contains(root + "/src/a.c")
      let namesOther = text.contains("/\(other)/")
      #expect(namesOwn && !namesOther)
    }
  }

  /// Messages name the caller's own paths.
  @Test(arguments: Compilers.both)
  func warnings(compiler: String) throws {
    let box = try sandbox("#include \"h.h\"\nint f(void) { int unused; return H; }\n")
    for checkout in Self.checkouts {
      let root = box.work + "/" + checkout
      try box.isRight(
        [compiler, "-Wall", "-I\(root)/inc", "-c", "\(root)/src/a.c", "-o", "a.o"], .any,
        output: "a.o", in: checkout)
      try box.isRight(
        [compiler, "-Wall", "-Iinc", "-c", "src/a.c", "-o", "a.o"], .any, output: "a.o",
        in: checkout)
    }
  }

  @Test(arguments: Compilers.both)
  func coverage(compiler: String) throws {
    let box = try sandbox(Self.source)
    let seed = compiler == "gcc" ? ["-frandom-seed=7"] : []
    for checkout in Self.checkouts {
      let root = box.work + "/" + checkout
      for options in [["--coverage"], ["-fprofile-generate"], ["-gsplit-dwarf", "-g"]] {
        try box.isRight(
          [compiler, "-I\(root)/inc", "-c", "\(root)/src/a.c", "-o", "\(root)/a.o"] + options
            + seed,
          .any, output: "\(root)/a.o", in: checkout)
      }
    }
  }

  /// Without base directories and without `-g`, the working directory does not matter unless a
  /// header is another one there.
  @Test(arguments: Compilers.both)
  func workingDirectory(compiler: String) throws {
    let box = try Sandbox()
    for (name, value) in [("one", 1), ("two", 2), ("three", 1)] {
      try box.write("\(name)/inc/h.h", "#define H \(value)\n")
      try box.write("\(name)/a.c", Self.source)
    }
    for (name, expected) in [
      ("one", Sandbox.Expectation.miss), ("two", .miss), ("three", .hit), ("one", .hit),
    ] {
      try box.isRight([compiler, "-Iinc", "-c", "a.c"], expected, output: "a.o", in: name)
    }
    for name in ["one", "three", "one"] {
      try box.isRight([compiler, "-g", "-Iinc", "-c", "a.c"], .any, output: "a.o", in: name)
    }
    // The preprocessor's way: the text is equal, the directory is not (wrong in 0.16.0).
    for name in ["one", "three", "one"] {
      try box.isRight(
        [compiler, "-g", "-Iinc", "-c", "a.c"], .any, output: "a.o", in: name,
        with: ["SCCACHE_DIRECT": "false"])
    }
  }

  /// `PWD` names the directory in debug information, where it is a link to it.
  @Test(arguments: Compilers.both)
  func workingDirectoryThroughALink(compiler: String) throws {
    let box = try Sandbox()
    try box.write("real/a.c", "int x;\n")
    box.link("real", at: "link")
    for name in ["real", "link", "real"] {
      try box.isRight(
        [compiler, "-g", "-c", "a.c"], .any, output: "a.o", in: "real",
        with: ["PWD": box.path(name)])
    }
  }
}
