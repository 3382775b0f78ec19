import Platform
import TestSupport
import Testing

/// The headers that everybody includes must never send a source out of direct mode: the scanner's
/// caution has to stop before them.
@Suite(.blocking) struct OrdinaryHeadersTests {
  private static let c = [
    "assert", "ctype", "errno", "fcntl", "inttypes", "limits", "locale", "math", "pthread",
    "setjmp",
    "signal", "stdatomic", "stdint", "stdio", "stdlib", "string", "sys/mman", "sys/socket",
    "sys/stat",
    "sys/time", "time", "unistd", "wchar",
  ]

  private static let cxx = [
    "algorithm", "atomic", "chrono", "filesystem", "functional", "future", "iostream", "map",
    "memory",
    "mutex", "numeric", "optional", "random", "regex", "sstream", "string", "thread",
    "unordered_map",
    "variant", "vector",
  ]

  @Test(arguments: Compilers.c)
  func ofC(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.c", Self.c.map { "#include <\($0).h>\n" }.joined() + "int x;\n")
    try box.compile([compiler, "-c", "a.c", "-o", "a.o"], .miss)
    try box.isRight([compiler, "-c", "a.c", "-o", "a.o"], .hit, output: "a.o")
  }

  @Test(arguments: ["g++", "clang++-16"])
  func ofCXX(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.cc", Self.cxx.map { "#include <\($0)>\n" }.joined() + "int x;\n")
    let command = [compiler, "-std=c++17", "-c", "a.cc", "-o", "a.o"]
    try box.compile(command, .miss)
    try box.isRight(command, .hit, output: "a.o")
  }
}
