import Platform
import TestSupport
import Testing

/// `-MMD` leaves system headers out of the dependency file, and they count all the same, without
/// another run of the preprocessor.
@Suite(.blocking) struct UserDependencyTests {
  private static let cHeaders = [
    "stdio.h", "stdlib.h", "string.h", "math.h", "limits.h", "stdint.h", "errno.h", "fcntl.h",
    "pthread.h", "sys/socket.h", "netinet/in.h", "immintrin.h", "signal.h", "unistd.h",
  ]
  private static let cxxHeaders = [
    "iostream", "vector", "map", "unordered_map", "string", "regex", "thread", "memory", "random",
    "filesystem", "chrono", "functional", "algorithm", "variant", "optional", "future", "cmath",
  ]

  /// Every file that the compiler itself names is in the manifest.
  @Test(arguments: Compilers.both)
  func everySystemHeaderIsKnown(compiler: String) throws {
    let box = try Sandbox()
    let isCXX = compiler.contains("++")
    let headers = Self.cHeaders + (isCXX ? Self.cxxHeaders : [])
    try box.write("inc/own.h", "#include <stddef.h>\n#include \"other.h\"\n")
    try box.write("inc/other.h", "#define OTHER 1\n")
    try box.write("forced.h", "#include <ctype.h>\n")
    let source = isCXX ? "a.cc" : "a.c"
    try box.write(
      source,
      headers.map { "#include <\($0)>\n" }.joined() + "#include \"own.h\"\nint x = OTHER;\n")
    let options = ["-O1", "-Iinc", "-include", "forced.h"]
    try box.compile([compiler, "-MMD", "-c", source, "-o", "a.o"] + options, .miss)
    let dump = String(
      decoding: try box.sccache(["--debug-preprocessor-cache"]).output, as: UTF8.self)
    let known = Set(
      dump.split(separator: "\n").filter { $0.hasPrefix("  ") }
        .compactMap { $0.split(separator: " ").last.map(String.init) })
    let listed = try box.plain([compiler, "-M", source] + options).output
    let wanted = String(decoding: listed, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      .filter { $0 != "\\" && !$0.hasSuffix(":") }.map(String.init)
    #expect(wanted.count > 30)
    #expect(wanted.filter { !known.contains($0) } == [])
    try box.compile([compiler, "-MMD", "-c", source, "-o", "b.o"] + options, .hit)
  }

  /// A program in machine code in front of gcc that writes down each call.
  private func counted(_ box: Sandbox, _ compiler: String) throws -> String {
    try box.write(
      "counting.c",
      """
      #include <stdio.h>
      #include <unistd.h>
      int main(int count, char **words) {
        FILE *log = fopen("\(box.path("calls"))", "a");
        for (int i = 1; i < count; i++) fprintf(log, "%s ", words[i]);
        fprintf(log, "\\n");
        fclose(log);
        return execv(words[0] = "\(try Programs.find(compiler))", words);
      }
      """)
    #expect(try box.plain([compiler, "counting.c", "-o", "counting"]).isSuccess)
    return box.path("counting")
  }

  private func dependencyRuns(_ box: Sandbox) throws -> Int {
    try box.text("calls").split(separator: "\n").filter { $0.contains("-M -MF") }.count
  }

  @Test(arguments: ["gcc-12", "clang-16"])
  func nothingIsPreprocessedTwice(compiler: String) throws {
    let box = try Sandbox()
    let counting = try counted(box, compiler)
    try box.write("own.h", "#include <stdio.h>\n")
    try box.write("a.c", "#include \"own.h\"\nint x;\n")
    try box.compile([counting, "-MMD", "-c", "a.c", "-o", "a.o"], .miss)
    #expect(try dependencyRuns(box) == 0)
    try box.compile([counting, "-MMD", "-c", "a.c", "-o", "a.o"], .hit)
  }

  /// Where the headers can't be told from their text, the compiler is asked.
  @Test(arguments: ["gcc-12", "clang-16"])
  func computedIncludes(compiler: String) throws {
    let box = try Sandbox()
    let counting = try counted(box, compiler)
    try box.write("sys/named.h", "#define N 1\n")
    try box.write("a.c", "#include <stddef.h>\n#define NAME <named.h>\n#include NAME\nint x = N;\n")
    let command = [counting, "-MMD", "-isystem", "sys", "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .miss)
    #expect(try dependencyRuns(box) == 1)
    try box.write("sys/named.h", "#define N 2\n")
    try box.compile(command, .miss)
    try box.compile(command, .hit)
  }

  /// A header reached through one that begins with a byte order mark.
  @Test(arguments: ["gcc-12", "clang-16"])
  func byteOrderMarks(compiler: String) throws {
    let box = try Sandbox()
    try box.write("sys/outer.h", "\u{feff}#include \"inner.h\"\n")
    try box.write("sys/inner.h", "#define N 1\n")
    try box.write("a.c", "#include <outer.h>\nint x = N;\n")
    let command = [compiler, "-MMD", "-isystem", "sys", "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .miss)
    try box.compile(command, .hit)
    try box.write("sys/inner.h", "#define N 2\n")
    try box.isRight(command, .miss, output: "a.o")
  }

  /// A directory of the compiler's that comes to be after the compiler was asked for them.
  @Test(arguments: ["gcc", "clang-19"])
  func systemRootThatGrows(compiler: String) throws {
    let box = try Sandbox()
    try box.write("root/usr/local/include/h.h", "#define N 1\n")
    try box.write("a.c", "#include <h.h>\nint x = N;\n")
    let command = [
      compiler, "--sysroot=" + box.path("root"), "-MMD", "-c", "a.c", "-o", "a.o",
    ]
    try box.compile(command, .miss)
    try box.write("root/usr/include/h.h", "#define N 9\n")
    try box.isRight(command, .any, output: "a.o")
    try box.write("root/usr/local/include/h.h", "#define N 2\n")
    try box.isRight(command, .miss, output: "a.o")
  }

  /// clang alone puts such a directory below its root.
  @Test func pathsBelowTheRoot() throws {
    let box = try Sandbox()
    try box.write("a.c", "int x;\n")
    let variables = ["CPATH": "=/i"]
    try box.compile(["clang-19", "-c", "a.c", "-o", "a.o"], .declined, with: variables)
    try box.compile(["gcc", "-c", "a.c", "-o", "a.o"], .miss, with: variables)
  }

  /// What is a raw string in one standard is none in another.
  @Test(arguments: [
    ("gcc", "a.c", "c11"), ("gcc", "a.c", "gnu11"), ("clang-19", "a.c", "gnu11"),
    ("g++", "a.cc", "c++98"), ("g++", "a.cc", "gnu++98"), ("clang++-19", "a.cc", "c++03"),
  ])
  func lookAlikesOfRawStrings(compiler: String, source: String, standard: String) throws {
    let box = try Sandbox()
    try box.write(
      "sys/outer.h",
      """
      #define R
      static const char *s = R"(";
      #include "inner.h"
      static const char *t = ")";
      #ifndef N
      #define N 0
      #endif

      """)
    try box.write("sys/inner.h", "#define N 1\n")
    try box.write(source, "#include <outer.h>\nint x = N;\n")
    let command = [
      compiler, "-std=\(standard)", "-w", "-MMD", "-isystem", "sys", "-c", source, "-o", "a.o",
    ]
    try box.compile(command, .any)
    try box.write("sys/inner.h", "#define N 2\n")
    try box.isRight(command, .any, output: "a.o")
  }

  /// The directories that a variable of another language lists are not searched.
  @Test(arguments: [
    ("gcc", "a.c", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH"),
    ("g++", "a.cc", "CPLUS_INCLUDE_PATH", "C_INCLUDE_PATH"),
    ("gcc", "a.S", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH"),
    ("clang-19", "a.c", "C_INCLUDE_PATH", "OBJC_INCLUDE_PATH"),
    ("clang++-19", "a.cc", "CPLUS_INCLUDE_PATH", "C_INCLUDE_PATH"),
    ("clang-19", "a.m", "OBJC_INCLUDE_PATH", "C_INCLUDE_PATH"),
    ("clang-19", "a.mm", "CPLUS_INCLUDE_PATH", "OBJCPLUS_INCLUDE_PATH"),
    ("clang-19", "a.S", "C_INCLUDE_PATH", "OBJC_INCLUDE_PATH"),
  ])
  func variablesOfLanguages(
    compiler: String, source: String, own: String, other: String
  ) throws {
    let box = try Sandbox()
    let variables = [own: box.path("own"), other: box.path("other")]
    try box.write("own/h.h", "#define N 1\n")
    try box.write("other/h.h", "#define N 9\n")
    let body = source.hasSuffix(".S") ? ".data\n.byte N\n" : "int x = N;\n"
    try box.write(source, "#include <h.h>\n" + body)
    let command = [compiler, "-MMD", "-c", source, "-o", "a.o"]
    try box.compile(command, .miss, with: variables)
    try box.compile(command, .hit, with: variables)
    try box.write("own/h.h", "#define N 2\n")
    try box.isRight(command, .miss, output: "a.o", with: variables)
  }

  /// The lists of what sanitizers leave alone, which clang reads from its own directory.
  @Test(
    arguments: ["clang-14", "clang-19"],
    [["a.c"], ["a.c", "-MD"], ["a.c", "-MMD"], ["a.i"], ["preprocessed.c"]])
  func sanitizerLists(compiler: String, words: [String]) throws {
    let box = try Sandbox(words == ["preprocessed.c"] ? ["SCCACHE_DIRECT": "false"] : [:])
    let resources = try box.plain([compiler, "-print-resource-dir"]).outputText
      .split(separator: "\n").first.map(String.init)
    #expect(
      try box.plain(["cp", "-rL", try #require(resources), box.path("resources")]).isSuccess)
    try box.makeDirectory("resources/share")
    box.remove("resources/share/asan_ignorelist.txt")
    try box.write(words[0], "int f(int *p) { return *p; }\n")
    let command =
      [compiler, "-resource-dir", "resources", "-fsanitize=address", "-c", "-o", "a.o"] + words
    try box.compile(command, .miss)
    try box.compile(command, .hit)
    for function in ["none", "f"] {
      try box.write("resources/share/asan_ignorelist.txt", "fun:\(function)\n")
      try box.isRight(command, .miss, output: "a.o")
      try box.compile(command, .hit)
    }
  }

  /// A script may add an include that no one else sees.
  @Test(arguments: ["gcc-12", "clang-16"])
  func scriptsThatAddIncludes(compiler: String) throws {
    let box = try Sandbox()
    try box.write("sys/hidden.h", "#define N 1\n")
    try box.script(
      "cc",
      "exec \(compiler) -isystem \(box.path("sys")) -include \(box.path("sys/hidden.h")) \"$@\"")
    try box.write("a.c", "#include <stddef.h>\nint x = N;\n")
    let command = [box.path("cc"), "-MMD", "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .miss)
    try box.compile(command, .hit)
    try box.write("sys/hidden.h", "#define N 2\n")
    try box.compile(command, .miss)
  }

  /// A system header that newly stands before the one that was read.
  @Test(arguments: ["gcc-12", "clang-16"])
  func shadowedSystemHeaders(compiler: String) throws {
    let box = try Sandbox()
    try box.makeDirectory("first")
    try box.write("second/outer.h", "#include <inner.h>\n")
    try box.write("second/inner.h", "#define N 1\n")
    try box.write("a.c", "#include <outer.h>\nint x = N;\n")
    let command = [
      compiler, "-MMD", "-isystem", "first", "-isystem", "second", "-c", "a.c", "-o", "a.o",
    ]
    try box.compile(command, .miss)
    try box.compile(command, .hit)
    try box.write("first/inner.h", "#define N 2\n")
    try box.isRight(command, .miss, output: "a.o")
  }
}
