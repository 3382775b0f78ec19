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

  /// The options whose outputs are compared; the last ones need objcopy, the assembler, or lists
  /// for sanitizers.
  private static func optionSets(_ family: Compiler.Family) -> [[String]] {
    let common = [["-O2"], ["-g", "-gsplit-dwarf"], ["-O1", "-flto"], ["-fsanitize=address"]]
    return common + (family == .clang ? [["-fno-integrated-as"]] : [["-fsanitize=undefined"]])
  }

  @Test(arguments: InstalledCompiler.all) func compilesAsHere(_ compiler: InstalledCompiler) throws
  {
    for (program, suffix, text) in [
      (compiler.c, "c", Self.cSource), (compiler.cxx, "cc", Self.cxxSource),
    ] {
      let tree = try unpacked(program, compiler.family)
      // Where the paths are the same, so that debug information is.
      let work = directory("work-\(suffix)")
      try directory.write(text, "work-\(suffix)/source.\(suffix)")
      let input = suffix == "c" ? "source.i" : "source.ii"
      try run(program, ["-E", "source.\(suffix)", "-o", input], in: work)
      try run("/bin/mkdir", ["-p", tree + work])
      try run("/bin/cp", [work + "/" + input, tree + work])
      for options in Self.optionSets(compiler.family) {
        let arguments = options + ["-frandom-seed=1", "-c", input, "-o", "source.o"]
        try run(program, arguments, in: work)
        try inside(tree, directory: work, [program] + arguments)
        for name in ["source.o", "source.dwo"] where FileStamp(path: work + "/" + name) != nil {
          let local = try Files.read(work + "/" + name)
          #expect(try Files.read(tree + work + "/" + name) == local, "\(program) \(options)")
        }
      }
      try run("/bin/rm", ["-rf", tree])
    }
  }

  private func unpacked(_ program: String, _ family: Compiler.Family) throws -> String {
    let tree = directory("tree")
    let archive = directory(Path.name(of: program) + ".tar.gz")
    try pack(try contents(of: program, family), to: archive)
    try run("/bin/mkdir", [tree])
    try run("/bin/tar", ["-xzf", archive, "-C", tree])
    return tree
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
