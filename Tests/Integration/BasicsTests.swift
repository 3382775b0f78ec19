import Platform
import TestSupport
import Testing

/// One compilation of each kind: what a miss and a hit leave is what the compiler itself leaves.
@Suite(.blocking) struct BasicsTests {
  @Test(arguments: Compilers.c + Compilers.cross)
  func c(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.h", "#define ANSWER 42\n")
    try box.write(
      "a.c",
      "#include <stdio.h>\n#include \"a.h\"\nint f(void) { return printf(\"%d\", ANSWER); }\n")
    try box.agrees([compiler, "-c", "a.c"])
    try box.agrees([compiler, "-O2", "-Wall", "-c", "a.c", "-o", "other.o"])
  }

  @Test(arguments: Compilers.cxx)
  func cxx(compiler: String) throws {
    let box = try Sandbox()
    try box.write(
      "a.cpp",
      "#include <vector>\nint f() { std::vector<int> v{1, 2}; return static_cast<int>(v.size()); }\n"
    )
    try box.agrees([compiler, "-std=c++17", "-O1", "-c", "a.cpp", "-o", "a.o"])
  }

  @Test(arguments: Compilers.clang)
  func objectiveC(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.m", "@interface A\n@end\n@implementation A\n@end\nint x;\n")
    try box.write("b.mm", "@interface B\n@end\nnamespace n { int y; }\n")
    try box.agrees([compiler, "-c", "a.m"])
    try box.agrees([compiler, "-c", "b.mm"])
  }

  @Test(arguments: Compilers.c)
  func assembler(compiler: String) throws {
    let box = try Sandbox()
    try box.write("n.h", "#define NUMBER 7\n")
    try box.write("a.s", "# comment\n.globl f\nf:\n  ret\n")
    try box.write("b.S", "#include \"n.h\"\n.globl g\ng:\n  mov $NUMBER, %eax\n  ret\n")
    try box.agrees([compiler, "-c", "a.s"])
    try box.agrees([compiler, "-c", "b.S", "-o", "b.o", "-MD", "-MF", "b.d"])
    try box.write("n.h", "#define NUMBER 8\n")
    try box.isRight([compiler, "-c", "b.S", "-o", "b.o"], .miss, output: "b.o")
  }

  @Test(arguments: Compilers.bothCXX)
  func preprocessed(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.i", "# 1 \"a.c\"\nint f(void) { return 1; }\n")
    try box.write("b.ii", "# 1 \"b.cc\"\nnamespace n { int f() { return 1; } }\n")
    try box.agrees([compiler, "-c", "b.ii"])
    try box.agrees([compiler, "-c", "-x", "cpp-output", "a.i", "-o", "a.o"], .any, then: .any)
  }

  @Test(arguments: Compilers.c)
  func otherLanguage(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.txt", "int f(void) { return 1; }\n")
    try box.agrees([compiler, "-x", "c", "-c", "a.txt", "-o", "a.o"])
    try box.agrees([compiler, "-x", "c++", "-c", "a.txt", "-o", "a.o"])
  }

  /// A C source and the same bytes as C++ are two things (W8).
  @Test(arguments: Compilers.both)
  func languagesDoNotCollide(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.h", "int f(int x);\n")
    try box.isRight([compiler, "-x", "c", "-c", "a.h", "-o", "o"], .miss, output: "o")
    try box.isRight([compiler, "-x", "c++", "-c", "a.h", "-o", "o"], .miss, output: "o")
    try box.isRight([compiler, "-x", "assembler", "-c", "/dev/null", "-o", "o"], .any, output: "o")
  }

  @Test(arguments: Compilers.c)
  func responseFiles(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a b.c", "#ifndef X\n#error X\n#endif\nconst char *x = X;\n")
    try box.write("inner.rsp", "\"-DX=\\\"a b\\\"\" -O1\n")
    try box.write("outer.rsp", "@inner.rsp\n-c 'a b.c'\n-o a\\ b.o\n")
    try box.agrees([compiler, "@outer.rsp"])
    try box.write("inner.rsp", "\"-DX=\\\"a c\\\"\" -O1\n")
    try box.isRight([compiler, "@outer.rsp"], .miss, output: "a b.o")
  }

  @Test(arguments: Compilers.both)
  func definitions(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.c", "const char *x = X;\n")
    for value in ["\"a  b\"", "\"a b\"", "\"a'b\"", "\"$HOME\"", "\"a\\\\b\"", "\"é\""] {
      try box.agrees([compiler, "-DX=\(value)", "-c", "a.c"])
    }
    try box.agrees([compiler, "-D", "X=\"a b\"", "-c", "a.c"], .hit)
  }

  @Test(arguments: Compilers.both, ["000", "022", "077", "027"])
  func modesFollowTheUmask(compiler: String, mask: String) throws {
    let box = try Sandbox()
    try box.write("a.c", "int x;\n")
    for round in ["miss", "hit"] {
      try box.shell("umask \(mask); $SCCACHE \(compiler) -c a.c -o \(round).o -MD -MF \(round).d")
      _ = try box.settled()
    }
    try box.shell("umask \(mask); \(compiler) -c a.c -o plain.o -MD -MF plain.d")
    let tree = Tree(box.work)
    #expect(tree.nodes["hit.o"]?.mode == tree.nodes["plain.o"]?.mode)
    #expect(tree.nodes["miss.o"]?.mode == tree.nodes["plain.o"]?.mode)
    #expect(tree.nodes["hit.d"]?.mode == tree.nodes["plain.d"]?.mode)
    #expect(try box.statistics().hits == 1)
  }

  @Test(arguments: Compilers.both)
  func unusualNames(compiler: String) throws {
    let box = try Sandbox()
    for name in ["a b.c", "a#b.c", "a$b.c", "a:b.c", "é.c", "a%b.c", "a'b.c", "a;b.c"] {
      try box.write(name, "int x;\n")
      try box.agrees([compiler, "-c", name, "-o", name + ".o", "-MD", "-MP"])
    }
    // clang writes such a name into its dependency file so that nobody can read it again.
    try box.write("a\\b.c", "int x;\n")
    try box.agrees([compiler, "-c", "a\\b.c", "-o", "b.o", "-MD"], .any, then: .any)
  }

  @Test(arguments: Compilers.both)
  func namesThatAreNotUTF8(compiler: String) throws {
    let box = try Sandbox()
    let line = """
      n=$(printf 'a\\377b'); echo 'int x;' > "$n.c"; sleep 0.05
      $SCCACHE \(compiler) -c "$n.c" && mv "$n.o" 1.o; $SCCACHE \(compiler) -c "$n.c" && mv "$n.o" 2.o
      \(compiler) -c "$n.c" && cmp "$n.o" 1.o && cmp "$n.o" 2.o
      """
    let result = try box.shell(line)
    #expect(result.isSuccess, "\(result.errorText)")
  }

  @Test(arguments: Compilers.both)
  func outputThroughALink(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.c", "int x;\n")
    try box.makeDirectory("elsewhere")
    try box.write("elsewhere/a.o", "old\n")
    box.link("elsewhere/a.o", at: "a.o")
    try box.agrees([compiler, "-c", "a.c"])
    box.remove("elsewhere/a.o")
    box.remove("a.o")
    box.link("elsewhere/new.o", at: "a.o")
    // gcc's assembler makes the file at its end; a file in the link's place is as good.
    for _ in 0..<2 { try box.isRight([compiler, "-c", "a.c"], .any, output: "a.o") }
  }

  @Test(arguments: Compilers.c)
  func failuresAreTheCompilersOwn(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.c", "int x = ;\n")
    try box.write("b.c", "int x;\n")
    try box.write("c.c", "#include \"missing.h\"\n")
    try box.agrees([compiler, "-c", "a.c"], .failure, then: .failure)
    try box.agrees([compiler, "-c", "nothing.c"], .failure, then: .failure)
    try box.agrees([compiler, "-c", "c.c"], .failure, then: .failure)
    try box.agrees([compiler, "-c", "b.c", "-o", "no/where.o"], .failure, then: .failure)
    try box.agrees([compiler, "-c", "b.c", "-fno-such-option"], .failure, then: .failure)
    try box.agrees([compiler, "-c", "b.c"])
    try box.agrees([compiler, "-c", "b.c", "-o", "no/where.o"], .failure, then: .failure)
    try box.agrees([compiler, "-c"], .failure, then: .failure)
  }
}
