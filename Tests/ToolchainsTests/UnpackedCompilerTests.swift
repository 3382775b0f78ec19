import Compilers
import Glibc
import Platform
import Testing

@testable import Toolchains

/// A compiler of this machine, and the one for C++ beside it.
struct InstalledCompiler: Sendable, CustomTestStringConvertible {
  var family: Compiler.Family
  var c: String
  var cxx: String
  var testDescription: String { c }

  static let all = [
    InstalledCompiler(family: .gcc, c: "/usr/bin/gcc-11", cxx: "/usr/bin/g++-11"),
    InstalledCompiler(family: .gcc, c: "/usr/bin/gcc-12", cxx: "/usr/bin/g++-12"),
    InstalledCompiler(
      family: .gcc, c: "/usr/bin/aarch64-linux-gnu-gcc", cxx: "/usr/bin/aarch64-linux-gnu-g++"),
    InstalledCompiler(family: .clang, c: "/usr/bin/clang-14", cxx: "/usr/bin/clang++-14"),
    InstalledCompiler(family: .clang, c: "/usr/bin/clang-16", cxx: "/usr/bin/clang++-16"),
    InstalledCompiler(family: .clang, c: "/usr/bin/clang-19", cxx: "/usr/bin/clang++-19"),
  ]
}

/// An unpacked archive compiles what the local compiler compiles, to the same bytes.
@Suite(.serialized) struct UnpackedCompilerTests {
  private let directory = TemporaryDirectory()

  private static let cSource = """
    #include <stdio.h>
    #include <limits.h>
    int answer(int given) { printf("%d of %d\\n", given, INT_MAX); return given * 42; }
    """
  private static let cxxSource = """
    #include <map>
    #include <string>
    #include <vector>
    std::map<std::string, std::vector<int>> table;
    int add(const std::string &name, int value) { table[name].push_back(value); return value; }
    """

  /// The options whose outputs are compared; some need objcopy, the assembler, or lists for
  /// sanitizers.
  private static func optionSets(_ family: Compiler.Family) -> [[String]] {
    let common = [["-O2"], ["-g", "-gsplit-dwarf"], ["-O1", "-flto"], ["-fsanitize=address"]]
    return common + (family == .clang ? [["-fno-integrated-as"]] : [["-fsanitize=undefined"]])
  }

  /// How text for another machine is made, and what compiling it takes: plainly preprocessed, and
  /// with its macros left.
  private static func texts(
    _ family: Compiler.Family, _ plain: String, _ source: String
  ) -> [(made: [String], name: String, compiled: [String])] {
    let macros =
      family == .gcc
      ? (["-E", "-fdirectives-only"], plain, ["-fpreprocessed", "-fdirectives-only"])
      : (["-E", "-frewrite-includes"], "rewritten-" + source, [])
    return [(["-E"], plain, []), macros]
  }

  @Test(arguments: InstalledCompiler.all)
  func compilesAsHere(_ compiler: InstalledCompiler) throws {
    let contents = try contents(of: compiler.c, compiler.family)
    try pack(contents, to: directory("archive"))
    let tree = directory("tree")
    try run("/bin/mkdir", [tree])
    try run("/bin/tar", ["-xzf", directory("archive"), "-C", tree])
    // At the same path, so that debug information is the same.
    let work = directory("work")
    try run("/bin/mkdir", ["-p", work, tree + work])
    for (program, source, plain, text) in [
      (compiler.c, "source.c", "source.i", Self.cSource),
      (compiler.cxx, "source.cc", "source.ii", Self.cxxSource),
    ] {
      try directory.write(text, "work/" + source)
      for kind in Self.texts(compiler.family, plain, source) {
        try run(program, kind.made + [source, "-o", kind.name], in: work)
        try run("/bin/cp", [work + "/" + kind.name, tree + work])
        let optionSets =
          kind.made == ["-E"] ? Self.optionSets(compiler.family) : [["-O1", "-g"]]
        for options in optionSets {
          let arguments = kind.compiled + options + ["-frandom-seed=1", "-c", kind.name]
          try expectSame(program, arguments + ["-o", "out.o"], in: work, tree)
        }
      }
    }
  }

  private func expectSame(
    _ program: String, _ arguments: [String], in work: String, _ tree: String
  ) throws {
    try run(program, arguments, in: work)
    try inside(tree, directory: work, [program] + arguments)
    for name in ["out.o", "out.dwo"] {
      let local = try? Files.read(work + "/" + name)
      #expect((try? Files.read(tree + work + "/" + name)) == local, "\(program) \(arguments)")
      #expect(local != nil || name == "out.dwo")
      unlink(work + "/" + name)
      unlink(tree + work + "/" + name)
    }
  }

  /// As servers do it: nothing but the tree, /proc and /dev.
  private func inside(_ tree: String, directory: String, _ command: [String]) throws {
    try run(
      "/usr/bin/bwrap",
      [
        "--unshare-all", "--bind", tree, "/", "--proc", "/proc", "--dev", "/dev", "--chdir",
        directory, "--",
      ] + command)
  }
}
