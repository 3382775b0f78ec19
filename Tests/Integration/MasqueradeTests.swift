import Glibc
import Platform
import TestSupport
import Testing

/// The wrapper under a compiler's name (W35): it finds the compiler and never itself.
@Suite(.blocking) struct MasqueradeTests {
  private func sandbox() throws -> Sandbox {
    let box = try Sandbox()
    try box.write("a.c", "int x;\n")
    try box.plain(["gcc", "-c", "a.c", "-o", "wanted.o"])
    return box
  }

  private func expectCached(
    _ box: Sandbox, _ command: String, path: String, location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try box.settled()
    for _ in 0..<2 {
      box.remove("a.o")
      let result = try box.shell("timeout 20 \(command)", with: ["PATH": path])
      #expect(result.isSuccess, "\(result.errorText)", sourceLocation: location)
      #expect(result.errorText == "", sourceLocation: location)
      #expect(try box.read("a.o") == box.read("wanted.o"), sourceLocation: location)
      _ = try box.settled()
    }
    let after = try box.settled()
    #expect(after.hits > before.hits, sourceLocation: location)
  }

  @Test(arguments: ["ln -s", "ln", "cp"])
  func asGCC(way: String) throws {
    let box = try sandbox()
    // A hard link needs the same file system, a copy finds its daemon in PATH.
    let result = try box.shell("mkdir bin; \(way) $SCCACHE bin/gcc || cp $SCCACHE bin/gcc")
    #expect(result.isSuccess)
    let path = "\(box.work)/bin:\(Programs.directory):\(Programs.searchPath)"
    try expectCached(box, "gcc -c a.c", path: path)
    try expectCached(box, "\(box.work)/bin/gcc -c a.c", path: path)
    try expectCached(box, "bin/gcc -c a.c", path: path)
    try expectCached(box, "$SCCACHE gcc -c a.c", path: path)
    try expectCached(box, "$SCCACHE \(box.work)/bin/gcc -c a.c", path: path)
    try expectCached(box, "$SCCACHE $SCCACHE gcc -c a.c", path: path)
    try expectCached(box, "$SCCACHE sccache gcc -c a.c", path: path)
  }

  /// Two directories of links, and every other caching wrapper in front.
  @Test func severalWrappersInPath() throws {
    let box = try sandbox()
    try box.shell("mkdir one two cc sc; ln -s $SCCACHE one/gcc; cp $SCCACHE two/gcc")
    // Another ccache and sccache would call each other for ever.
    try box.script("other/ccache", "echo ccache ran >&2; exec gcc \"$@\"")
    try box.script("other/sccache", "echo sccache ran >&2; exec \"$@\"")
    box.link("../other/ccache", at: "cc/gcc")
    box.link("../other/sccache", at: "sc/gcc")
    let path =
      ["one", "two", "cc", "sc"].map { box.path($0) }.joined(separator: ":")
      + ":\(Programs.directory):\(Programs.searchPath)"
    try expectCached(box, "gcc -c a.c", path: path)
    try expectCached(box, "$SCCACHE gcc -c a.c", path: path)
    // Also when the daemon can't be had.
    let result = try box.shell(
      "timeout 20 gcc -c a.c && cmp a.o wanted.o",
      with: ["PATH": path, "SCCACHE_SERVER_UDS": "/proc/no/socket"])
    #expect(result.isSuccess, "\(result.errorText)")
  }

  /// A script of the compiler's name that calls the wrapper with the compiler's name, first in PATH.
  @Test(arguments: ["-c a.c", "-c a.c -save-temps", "-fsyntax-only a.c"])
  func scriptOfTheCompilersName(arguments: String) throws {
    let box = try sandbox()
    for name in ["one", "two"] { try box.script("\(name)/gcc", "exec sccache gcc \"$@\"") }
    try box.makeDirectory("ours")
    box.link(Programs.wrapper, at: "ours/gcc")
    box.link(Programs.wrapper, at: "ours/sccache")
    for order in [["one", "two", "ours"], ["ours", "one", "two"]] {
      let path = (order.map { box.path($0) } + [Programs.searchPath]).joined(separator: ":")
      for compiler in ["gcc", "sccache gcc", "one/gcc"] {
        let result = try box.shell("timeout 20 \(compiler) \(arguments)", with: ["PATH": path])
        #expect(result.exitCode == 0 && result.errorText == "", "\(result.errorText)")
        if arguments.hasPrefix("-c") { #expect(try box.read("a.o") == box.read("wanted.o")) }
      }
      // Without a compiler it ends, too.
      let none = try box.shell(
        "/usr/bin/timeout 20 one/gcc \(arguments)",
        with: ["PATH": order.map { box.path($0) }.joined(separator: ":")])
      #expect(none.exitCode == 2 && none.errorText.contains("cannot find gcc in PATH"))
    }
  }

  @Test func onlyTheWrapperIsInPath() throws {
    let box = try sandbox()
    try box.shell("mkdir bin; ln -s $SCCACHE bin/gcc")
    let result = try box.shell(
      "/usr/bin/timeout 20 \(box.work)/bin/gcc -c a.c", with: ["PATH": box.path("bin")])
    #expect(result.exitCode == 2 || result.exitCode == 127)
  }

  @Test func ownNameInAnySpelling() throws {
    let box = try sandbox()
    try box.shell("cp $SCCACHE SCCACHE.foo; cp $SCCACHE sccache-1.0")
    let result = try box.shell(
      "./SCCACHE.foo -V", with: ["PATH": "\(Programs.directory):/usr/bin:/bin"])
    #expect(result.outputText == "sccache 0.16.0\n")
  }

  /// A nested wrapper does not wait for a second token, nor count twice.
  @Test func nestedCallWithOneToken() throws {
    let box = try sandbox()
    box.environment["SCCACHE_JOBS"] = "1"
    try box.script("mycc", "exec \(Programs.wrapper) gcc \"$@\"")
    let result = try box.shell("timeout 20 $SCCACHE ./mycc -c a.c && cmp a.o wanted.o")
    #expect(result.isSuccess, "\(result.errorText)")
  }
}
