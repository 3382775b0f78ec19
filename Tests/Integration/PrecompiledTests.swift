import Platform
import TestSupport
import Testing

/// Precompiled headers and modules, made and used.
@Suite(.blocking) struct PrecompiledTests {
  @Test(arguments: Compilers.gcc)
  func headersOfGCC(compiler: String) throws {
    let box = try Sandbox()
    try box.write("p.h", "#define P 1\nstatic inline int p(void) { return P; }\n")
    try box.write("a.c", "#include \"p.h\"\nint f(void) { return p(); }\n")
    try box.agrees(
      [compiler, "-O1", "-c", "p.h", "-o", "p.h.gch"], .any, then: .any, ignoring: [".gch"])
    let use = [compiler, "-O1", "-Winvalid-pch", "-c", "a.c", "-o", "a.o"]
    try box.agrees(use, .any, then: .any)
    // The header changes, the precompiled one does not: the compiler goes on using the old one.
    try box.write("p.h", "#define P 2\nstatic inline int p(void) { return P; }\n")
    try box.isRight(use, .any, output: "a.o")
    try box.isRight(use, .any, output: "a.o")
    // Made anew: what was stored for this very header is wrong now.
    try box.compile([compiler, "-O1", "-c", "p.h", "-o", "p.h.gch"], .any)
    pause(milliseconds: 30)
    try box.isRight(use, .any, output: "a.o")
    box.remove("p.h.gch")
    try box.isRight(use, .any, output: "a.o")
    // And one that says something else than its header.
    try box.write("q.h", "#define P 7\nstatic inline int p(void) { return P; }\n")
    try box.plain([compiler, "-O1", "-c", "q.h", "-o", "p.h.gch"])
    pause(milliseconds: 30)
    try box.isRight(use, .any, output: "a.o")
    try box.isRight(use, .any, output: "a.o")
  }

  /// A hit's precompiled header works, also for a header below another directory.
  @Test(arguments: Compilers.c)
  func headersFromTheCacheWork(compiler: String) throws {
    let box = try Sandbox()
    let suffix = compiler.hasPrefix("gcc") ? "gch" : "pch"
    try box.write("p.h", "#define P 1\n")
    try box.write("a.c", "int x = P;\n")
    let make = [compiler, "-x", "c-header", "-c", "p.h", "-o", "p.h.\(suffix)"]
    for _ in 0..<2 {
      box.remove("p.h.\(suffix)")
      try box.compile(make, .any)
      try box.isRight([compiler, "-include", "p.h", "-c", "a.c", "-o", "a.o"], .any, output: "a.o")
    }
    try box.write("p.h", "#define P 2\n")
    try box.compile(make, .any)
    pause(milliseconds: 30)
    try box.isRight([compiler, "-include", "p.h", "-c", "a.c", "-o", "a.o"], .any, output: "a.o")
  }

  @Test(arguments: Compilers.clang)
  func headersOfClang(compiler: String) throws {
    let box = try Sandbox()
    try box.write("p.h", "#define P 1\n")
    try box.write("a.c", "int x = P;\n")
    let make = [
      compiler, "-Xclang", "-emit-pch", "-Xclang", "-fno-pch-timestamp", "-x", "c-header", "-c",
      "p.h", "-o", "p.pch",
    ]
    let use = [compiler, "-include-pch", "p.pch", "-c", "a.c", "-o", "a.o"]
    try box.agrees(make, .any, then: .any)
    try box.agrees(use, .any, then: .any)
    try box.write("p.h", "#define P 2\n")
    try box.compile(make, .any)
    pause(milliseconds: 30)
    try box.isRight(use, .any, output: "a.o")
    try box.isRight(use, .any, output: "a.o")
    let through = [
      compiler, "-Xclang", "-include-pch", "-Xclang", "p.pch", "-c", "a.c", "-o", "a.o",
    ]
    try box.isRight(through, .any, output: "a.o")
  }

  @Test(arguments: Compilers.clangCXX)
  func modules(compiler: String) throws {
    let box = try Sandbox()
    try box.write("m.cppm", "export module m;\nexport int m() { return 1; }\n")
    try box.write("n.cppm", "export module n;\nimport m;\nexport int n() { return m(); }\n")
    try box.write("u.cpp", "import n;\nint f() { return n(); }\n")
    let std = [compiler, "-std=c++20"]
    let m = std + ["--precompile", "m.cppm", "-o", "m.pcm"]
    let n = std + ["-fmodule-file=m=m.pcm", "--precompile", "n.cppm", "-o", "n.pcm"]
    let u = std + ["-fmodule-file=n=n.pcm", "-fmodule-file=m=m.pcm", "-c", "u.cpp", "-o", "u.o"]
    for command in [m, n, u] { try box.agrees(command, .any, then: .any) }
    try box.write("m.cppm", "export module m;\nexport int m() { return 2; }\n")
    for command in [m, n, u] {
      try box.isRight(command, .any, output: command[command.count - 1])
    }
    try box.agrees(std + ["-c", "m.pcm", "-o", "m.o"], .any, then: .any)
    if compiler != "clang++-14" {
      try box.agrees(
        std + ["-c", "m.cppm", "-fmodule-output=x.pcm", "-o", "x.o"], .any, then: .any)
      // The object names the module's file.
      try box.agrees(std + ["-c", "m.cppm", "-fmodule-output", "-o", "y.o"], .any, then: .any)
    }
  }

  /// A module interface, an object and a precompiled header of one file are three things (W8).
  @Test(arguments: Compilers.both)
  func productsDoNotCollide(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.h", "int f(int x);\n")
    for language in ["c", "c-header", "c++", "c++-header", "c"] {
      try box.compile([compiler, "-x", language, "-c", "a.h", "-o", "out"], .any)
      let head = try box.read("out").prefix(4)
      #expect(head.elementsEqual([0x7f, 0x45, 0x4c, 0x46]) == !language.hasSuffix("header"))
    }
  }
}
