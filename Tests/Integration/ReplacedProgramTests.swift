import Glibc
import Platform
import TestSupport
import Testing

/// Programs that stand elsewhere than a moment ago, and names that only look alike.
@Suite(.blocking) struct ReplacedProgramTests {
  /// Debian's gcc finds its assembler in PATH.
  @Test(arguments: ["gcc-12", "gcc-11"])
  func anAssemblerInFrontInThePath(compiler: String) throws {
    let box = try Sandbox()
    try box.makeDirectory("bin")
    box.environment["PATH"] = box.path("bin") + ":" + Programs.searchPath
    try box.write("a.c", "int f(void) { return 1; }\n")
    let command = [try Programs.find(compiler), "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .miss)
    try box.compile(command, .hit)
    try box.script("bin/as", "exec \(try Programs.find("as")) --defsym marker=1 \"$@\"")
    try box.isRight(command, .miss, output: "a.o")
    try box.isRight(command, .hit, output: "a.o")
    box.remove("bin/as")
    try box.isRight(command, .hit, output: "a.o")
  }

  @Test func anAssemblerForClang() throws {
    let box = try Sandbox()
    try box.makeDirectory("bin")
    box.environment["PATH"] = box.path("bin") + ":" + Programs.searchPath
    try box.write("a.c", "int f(void) { return 1; }\n")
    let command = [
      try Programs.find("clang-16"), "-fno-integrated-as", "-c", "a.c", "-o", "a.o",
    ]
    try box.compile(command, .miss)
    try box.script("bin/as", "exec \(try Programs.find("as")) --defsym marker=1 \"$@\"")
    // Whether it looks beside itself first depends on the version and on how it was called.
    try box.isRight(command, .any, output: "a.o")
    try box.isRight(["clang-16"] + command.dropFirst(), .any, output: "a.o")
  }

  /// One letter composed, the other one decomposed: two names.
  @Test func namesThatUnicodeTakesForEqual() throws {
    let box = try Sandbox()
    let names = ["caf\u{e9}", "cafe\u{301}"]
    for (name, compiler) in zip(names, ["gcc-11", "gcc-12"]) {
      try box.makeDirectory(name)
      box.link(try Programs.find(compiler), at: name + "/cc")
    }
    try box.write("a.c", "int f(void) { return 1; }\n")
    for name in names {
      try box.isRight([box.path(name) + "/cc", "-c", "a.c", "-o", "a.o"], .miss, output: "a.o")
    }
    for name in names {
      try box.isRight([box.path(name) + "/cc", "-c", "a.c", "-o", "a.o"], .hit, output: "a.o")
      let found = ["PATH": box.path(name) + ":" + Programs.searchPath]
      let plain = try box.plain(
        ["/bin/sh", "-c", "PATH=\(box.path(name)):$PATH cc -c a.c -o p.o"])
      #expect(plain.isSuccess)
      try box.compile(["cc", "-c", "a.c", "-o", "a.o"], .any, with: found)
      #expect(try box.read("a.o") == box.read("p.o"))
    }
  }

  /// What one call's options make of a compiler says nothing of another call's.
  @Test func aCompilerThatOneCallMakesUnknown() throws {
    let box = try Sandbox()
    try box.write("a.c", "int f(void) { return 1; }\n")
    let windows = ["clang-19", "--target=x86_64-pc-windows-msvc", "-c", "a.c", "-o", "w.o"]
    try box.compile(windows, .any)
    try box.makeDirectory("bin")
    let path = ["PATH": box.path("bin") + ":" + Programs.searchPath]
    let command = ["clang-19", "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .miss, with: path)
    try box.compile(command, .hit, with: path)
  }

  /// A dependency file that is there is written through, as compilers do: its mode and the link to it stay.
  @Test(arguments: ["gcc-12", "clang-16"])
  func dependencyFilesKeepTheirPlace(compiler: String) throws {
    let box = try Sandbox()
    try box.write("a.h", "")
    try box.write("a.c", "#include \"a.h\"\n")
    let command = [compiler, "-MD", "-MF", "a.d", "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .miss)
    let text = try box.text("a.d")
    try box.write("a.d", "old and longer than what comes " + text)
    chmod(box.path("a.d"), 0o600)
    try box.compile(command, .hit)
    #expect(try box.text("a.d") == text)
    #expect(FileStamp(path: box.path("a.d"))?.permissions == 0o600)
    box.remove("a.d")
    try box.makeDirectory("elsewhere")
    box.link("elsewhere/real.d", at: "a.d")
    for _ in 0..<2 {
      try box.compile(command, .hit)
      #expect(FileStamp.ofLink(path: box.path("a.d"))?.isLink == true)
      #expect(try box.text("elsewhere/real.d") == text)
    }
  }
}
