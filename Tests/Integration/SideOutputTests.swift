import Glibc
import Platform
import TestSupport
import Testing

/// What a compilation writes beside its object: a hit writes it alike, or it is not cached (W10).
@Suite(.blocking) struct SideOutputTests {
  private static let source = """
    #include <stdio.h>
    static int g(int n) { int s = 0; for (int i = 0; i < n; i++) s += i * n; return s; }
    int f(int n) { return g(n) + printf("%d", n); }

    """

  private func sandbox() throws -> Sandbox {
    let box = try Sandbox()
    try box.write("a.c", Self.source)
    return box
  }

  @Test(arguments: Compilers.c)
  func debugInformation(compiler: String) throws {
    let box = try sandbox()
    for option in ["-g", "-g1", "-g3", "-ggdb", "-gdwarf-4", "-gdwarf-5", "-gz", "-g0"] {
      try box.agrees([compiler, option, "-O1", "-c", "a.c"])
    }
    try box.agrees([compiler, "-g", "-g0", "-c", "a.c"])
    try box.agrees([compiler, "-g", "-c", "\(box.work)/a.c", "-o", "\(box.work)/x.o"])
  }

  @Test(arguments: Compilers.c)
  func splitDwarf(compiler: String) throws {
    let box = try sandbox()
    try box.agrees([compiler, "-g", "-gsplit-dwarf", "-c", "a.c"])
    try box.makeDirectory("o")
    try box.agrees([compiler, "-g", "-gsplit-dwarf", "-c", "a.c", "-o", "o/b.o"])
    if compiler.hasPrefix("clang") {
      try box.agrees([compiler, "-g", "-gsplit-dwarf=single", "-c", "a.c", "-o", "c.o"])
    }
    try box.agrees([compiler, "-gsplit-dwarf", "-c", "a.c", "-o", "d.o"])
    try box.agrees([compiler, "-gsplit-dwarf", "-g0", "-c", "a.c", "-o", "e.o"])
  }

  /// `--coverage -o o1/b.o`, then `-o o2/b.o`: the second counts into o2 (wrong in 0.16.0).
  @Test(arguments: Compilers.c)
  func coverageCountsBesideItsObject(compiler: String) throws {
    let box = try sandbox()
    try box.write("main.c", "int f(int n);\nint main(void) { return f(3) < 0; }\n")
    for directory in ["o1", "o2"] {
      try box.makeDirectory(directory)
      try box.compile([compiler, "--coverage", "-c", "a.c", "-o", "\(directory)/b.o"], .miss)
    }
    for directory in ["o1", "o2"] {
      try box.compile(
        [compiler, "--coverage", "-c", "a.c", "-o", "\(directory)/b.o"], .hit)
    }
    guard compiler.hasPrefix("gcc") else {
      // Linking would need compiler-rt.
      #expect(String(decoding: try box.read("o2/b.o"), as: UTF8.self).contains("/o2/b.gcda"))
      return
    }
    try box.plain([compiler, "--coverage", "main.c", "o2/b.o", "-o", "main"])
    try box.shell("./main")
    #expect(box.exists("o2/b.gcda"))
    #expect(!box.exists("o1/b.gcda"))
  }

  @Test(arguments: Compilers.c)
  func coverage(compiler: String) throws {
    let box = try sandbox()
    // gcc stamps what it writes with a random number.
    let seed = compiler.hasPrefix("gcc") ? ["-frandom-seed=7"] : []
    for options in [
      ["--coverage"], ["-ftest-coverage", "-fprofile-arcs", "-g", "-o", "b.o"],
      ["-fprofile-arcs", "-o", "c.o"], ["-fprofile-generate", "-o", "d.o"],
    ] {
      try box.agrees([compiler, "-c", "a.c"] + options + seed)
    }
    // Another working directory is another place for the counts.
    try box.write("sub/a.c", Self.source)
    try box.isRight(
      [compiler, "--coverage", "-c", "a.c"] + seed, .miss, output: "a.o", in: "sub")
  }

  @Test(arguments: Compilers.gcc)
  func ofGCC(compiler: String) throws {
    let box = try sandbox()
    for options in [
      ["-fstack-usage"], ["-fcallgraph-info"], ["-fcallgraph-info=su,da"],
      ["-fsave-optimization-record"], ["-fcallgraph-info", "-fstack-usage", "-o", "y.o"],
      ["-Wa,--noexecstack"],
      ["-fno-asynchronous-unwind-tables"], ["-frecord-gcc-switches"], ["-frandom-seed=7"],
      ["-fverbose-asm"], ["-fopenmp"],
    ] {
      // The record is compressed and holds a time.
      try box.agrees(
        [compiler, "-O2", "-c", "a.c"] + options, ignoring: ["opt-record.json.gz"])
    }
  }

  @Test(arguments: Compilers.gcc)
  func refusedOfGCC(compiler: String) throws {
    let box = try sandbox()
    for options in [
      ["-save-temps"], ["-save-temps=obj", "-o", "b.o"], ["-fdump-tree-original"], ["-da"],
      ["-dH", "-fdump-rtl-expand"], ["-Wa,-a=a.lst"], ["-aux-info", "a.aux"],
      ["-fopt-info-vec=vec.txt"], ["-dumpdir", "x"], ["-fdump-passes"],
    ] {
      try box.agrees(
        [compiler, "-O2", "-c", "a.c"] + options, .any, then: .any, ignoring: [""])
    }
  }

  @Test(arguments: Compilers.clang)
  func ofClang(compiler: String) throws {
    let box = try sandbox()
    for options in [
      ["-fstack-usage"], ["-fsave-optimization-record"],
      ["-fsave-optimization-record", "-o", "x.o"],
      ["-foptimization-record-file=f.yaml"],
      ["-emit-llvm"], ["-flto"], ["-flto=thin"], ["-fopenmp", "-fopenmp-version=45"],
      ["--serialize-diagnostics", "a.dia"], ["-grecord-command-line", "-g"],
      ["-frecord-command-line"], ["-fembed-bitcode"], ["-fprofile-instr-generate"],
      ["-fprofile-instr-generate", "-fcoverage-mapping"], ["-mllvm", "-inline-threshold=5"],
      ["-save-temps"], ["-MJ", "a.json"], ["-fcrash-diagnostics-dir=."],
    ] {
      try box.agrees([compiler, "-O2", "-c", "a.c"] + options, .any, then: .any)
    }
  }

  @Test(arguments: Compilers.clang)
  func timeTrace(compiler: String) throws {
    let box = try sandbox()
    try box.agrees(
      [compiler, "-ftime-trace", "-c", "a.c"], .any, then: .any, ignoring: [".json"])
    try box.agrees(
      [compiler, "-ftime-trace", "-c", "a.c", "-o", "b.o"], .any, then: .any, ignoring: [".json"])
  }

  @Test(arguments: Compilers.clang)
  func sanitizerLists(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.c", "int f(int *p) { return *p; }\n")
    try box.write("list.txt", "fun:f\n")
    let command = [
      compiler, "-fsanitize=address", "-fsanitize-ignorelist=list.txt", "-c", "a.c", "-o", "a.o",
    ]
    try box.agrees(command)
    try box.write("list.txt", "fun:g\n")
    try box.isRight(command, .miss, output: "a.o")
    box.remove("list.txt")
    try box.agrees(command, .failure, then: .failure)
  }

  @Test(arguments: Compilers.clang)
  func profileUse(compiler: String) throws {
    let box = try sandbox()
    try box.write("p.txt", "f:1000:1\n 1: 1\ng:1000:1\n 1: 1\n")
    let command = [compiler, "-O2", "-g1", "-fprofile-sample-use=p.txt", "-c", "a.c", "-o", "a.o"]
    try box.agrees(command)
    try box.write("p.txt", "f:9000:1000\n 1: 1000\ng:1000:1\n 1: 900\n")
    try box.isRight(command, .miss, output: "a.o")
    try box.write("p.txt", "f:1000:1\n 1: 1\ng:1000:1\n 1: 1\n")
    try box.isRight(command, .hit, output: "a.o")
  }

  /// gcc's profile lies beside the object; whatever we do with it must be right.
  @Test(arguments: Compilers.gcc)
  func profileUseOfGCC(compiler: String) throws {
    let box = try sandbox()
    try box.write("main.c", "int f(int n);\nint main(int c, char **v) { return f(c) < 0; }\n")
    let command = [compiler, "-O2", "-fprofile-use", "-frandom-seed=7", "-c", "a.c", "-o", "a.o"]
    for arguments in ["", " 1 2 3 4 5 6 7 8"] {
      try box.plain([compiler, "-O2", "-fprofile-generate", "-c", "a.c", "-o", "a.o"])
      try box.plain([compiler, "-fprofile-generate", "a.o", "main.c", "-o", "main"])
      try box.shell("./main\(arguments)")
      pause(milliseconds: 20)
      try box.isRight(command, .any, output: "a.o")
      try box.isRight(command, .any, output: "a.o")
    }
  }

  /// What `-march=native` stands for is in the key, and the result is the compiler's own (W3).
  @Test(arguments: Compilers.c)
  func native(compiler: String) throws {
    let box = try sandbox()
    try box.agrees([compiler, "-O3", "-march=native", "-c", "a.c"])
    try box.agrees([compiler, "-O3", "-mtune=native", "-c", "a.c"])
    try box.isRight([compiler, "-O3", "-c", "a.c"], .miss, output: "a.o")
  }

  /// A column stands in the stack usage file, so a comment's width counts there.
  @Test(arguments: Compilers.gcc)
  func stackUsageAfterAChangedComment(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.c", "/* x */ int f(int n) { return n; }\n")
    let command = [compiler, "-fstack-usage", "-c", "a.c"]
    try box.isRight(command, .miss, output: "a.su")
    try box.write("a.c", "/* longer */ int f(int n) { return n; }\n")
    try box.isRight(command, .any, output: "a.su")
  }
}
