import Compilers
import Glibc
import Platform
import Testing

@testable import Toolchains

@Suite struct ContentsTests {
  private let directory = TemporaryDirectory()

  /// What Mozilla's packer takes for gcc 12 of Debian 12, by the reference listing.
  @Test func gccHasAllThatMozillaPacks() throws {
    let names = Set(try contents(of: "/usr/bin/gcc", .gcc).entries.map(\.name))
    let expected = [
      "tmp", "etc/ld.so.conf", "etc/ld.so.conf.d/x86_64-linux-gnu.conf",
      "usr/bin/x86_64-linux-gnu-as", "usr/bin/x86_64-linux-gnu-gcc-12",
      "usr/bin/x86_64-linux-gnu-objcopy", "usr/lib/gcc/x86_64-linux-gnu/12/cc1",
      "usr/lib/gcc/x86_64-linux-gnu/12/cc1plus",
      "usr/lib/gcc/x86_64-linux-gnu/12/liblto_plugin.so",
      "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu/libc.so.6",
      "usr/lib/x86_64-linux-gnu/libm.so.6", "usr/lib/x86_64-linux-gnu/libz.so.1", "lib", "lib64",
      "usr/bin/as", "usr/bin/gcc", "usr/bin/gcc-12", "usr/bin/objcopy",
      "usr/lib64/ld-linux-x86-64.so.2",
    ]
    #expect(expected.filter { !names.contains($0) } == [])
    // Of this machine, not of the compiler.
    #expect(
      names.isDisjoint(with: ["etc/ld.so.cache", "etc/ld.so.conf.d/fakeroot-x86_64-linux-gnu.conf"])
    )
  }

  @Test func clangHasItsHeaders() throws {
    let found = try contents(of: "/usr/bin/clang++-19", .clang)
    let names = Set(found.entries.map(\.name))
    #expect(names.contains("usr/lib/llvm-19/lib/clang/19/include/limits.h"))
    #expect(names.isSuperset(of: ["usr/bin/clang++-19", "usr/lib/llvm-19/bin/clang"]))
    #expect(found.isInPlace)
  }

  @Test func entriesAreSortedAndEachHasItsDirectory() throws {
    let entries = try contents(of: "/usr/bin/clang-14", .clang).entries
    let directories = Set(entries.filter { $0.kind == .directory }.map(\.path))
    for entry in entries {
      let parent = Path.directory(of: entry.path)
      #expect(parent == "/" || directories.contains(parent), "\(entry.path)")
    }
    #expect(Set(entries.map(\.path)).count == entries.count)
  }

  /// A project in C and C++ sends one archive.
  @Test(arguments: InstalledCompiler.all) func siblingsAreOneToolchain(
    _ compiler: InstalledCompiler
  ) throws {
    let c = try contents(of: compiler.c, compiler.family)
    #expect(try contents(of: compiler.cxx, compiler.family) == c)
    #expect(c.programs.sorted() == [compiler.c, compiler.cxx].sorted())
  }

  @Test(arguments: [
    ("gcc", "g++"), ("clang-19", "clang++-19"), ("cc", "c++"),
    ("aarch64-linux-gnu-gcc-12", "aarch64-linux-gnu-g++-12"),
  ])
  func siblingsAreMutual(_ pair: (String, String)) {
    #expect(Driver.siblingName(pair.0) == pair.1)
    #expect(Driver.siblingName(pair.1) == pair.0)
  }

  @Test func othersHaveNoSibling() throws {
    for name in ["", "tcc", "gcc12", "c89", "-"] { #expect(Driver.siblingName(name) == nil) }
    // One that is there, but is another compiler.
    let source = try directory.write("int main(void) { return 0; }", "main.c")
    try run("/usr/bin/gcc-12", [source, "-o", directory("g++")])
    let program = try relocatedGCC()
    try run("/bin/cp", [directory("g++"), directory("bin")])
    #expect(try contents(of: program, .gcc).programs == [program])
  }

  @Test func scriptsAreRefused() throws {
    let script = try directory.write(
      "#!/bin/sh\nexec /usr/bin/gcc-12 \"$@\"\n", "gcc", mode: 0o755)
    let error = ToolchainError.script(path: script, interpreter: "/bin/sh")
    #expect(throws: error) { try contents(of: script, .gcc) }
    #expect(error.description.contains("script for /bin/sh"))
  }

  /// ccache under the name of gcc answers every question about gcc as gcc does.
  @Test(arguments: ["/usr/bin/gcc-12", "/usr/bin/clang-16"])
  func launchersAreRefused(_ compiler: String) throws {
    let source = try directory.write(
      """
      #include <unistd.h>
      int main(int count, char **words) { words[0] = "\(compiler)"; return execv(words[0], words); }
      """, "launcher.c")
    let launcher = directory("cc")
    try run("/usr/bin/gcc-12", [source, "-o", launcher])
    #expect {
      try contents(of: launcher, compiler.contains("clang") ? .clang : .gcc)
    } throws: { error in
      guard case .launcher(launcher, _) = error as? ToolchainError else { return false }
      return true
    }
  }

  @Test func whatIsNoCompilerIsRefused() throws {
    #expect(throws: ToolchainError.self) { try contents(of: "/bin/true", .clang) }
    #expect(throws: ToolchainError.self) { try contents(of: "/bin/cat", .gcc) }
    #expect(throws: ToolchainError.self) { try contents(of: directory("none"), .gcc) }
  }

  /// gcc finds its parts relative to its own place.
  private func relocatedGCC() throws -> String {
    let parts = directory("lib/gcc/x86_64-linux-gnu/12")
    try run("/bin/mkdir", ["-p", directory("bin"), parts])
    try run("/bin/cp", ["/usr/bin/x86_64-linux-gnu-gcc-12", directory("bin/gcc")])
    for name in ["cc1", "as"] {
      let original =
        name == "as" ? "/usr/bin/x86_64-linux-gnu-as" : "/usr/lib/gcc/x86_64-linux-gnu/12/cc1"
      try run("/bin/cp", [original, parts + "/" + name])
    }
    return directory("bin/gcc")
  }

  @Test func whateverChangesGivesAnotherKey() throws {
    let program = try relocatedGCC()
    let parts = directory("lib/gcc/x86_64-linux-gnu/12")
    let digests = StampedDigests()
    func key() throws -> String {
      let contents = try contents(of: program, .gcc)
      return try WeakKey(of: contents, form: .gzip, digests: digests).description
    }
    var keys = [try key()]
    #expect(keys[0].hasPrefix(program + "-"))
    #expect(try key() == keys[0])
    // Another time alone changes nothing.
    try run("/usr/bin/touch", ["-d", "2001-01-01", parts + "/cc1"])
    #expect(try key() == keys[0])
    for name in ["cc1", "as"] {
      try run("/bin/sh", ["-c", "printf x >> \(parts)/\(name)"])
      keys.append(try key())
    }
    try run("/bin/sh", ["-c", "\(program) -dumpspecs > \(parts)/specs"])
    keys.append(try key())
    try run("/bin/sh", ["-c", "printf '*mine:\\n-x\\n\\n' >> \(parts)/specs"])
    keys.append(try key())
    #expect(Set(keys).count == 5)
    let before = try contents(of: program, .gcc)
    #expect(before.isInPlace)
    try run("/bin/rm", [parts + "/as"])
    #expect(!before.isInPlace)
  }

  @Test func aLinkThatLeadsElsewhereIsSeen() throws {
    try run("/bin/ln", ["-s", "/usr/bin/gcc-11", directory("gcc")])
    let before = try contents(of: directory("gcc"), .gcc)
    #expect(before.isInPlace)
    try run("/bin/ln", ["-sf", "/usr/bin/gcc-12", directory("gcc")])
    #expect(!before.isInPlace)
  }
}
