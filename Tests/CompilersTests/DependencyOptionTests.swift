import Compilers
import Testing

@Suite struct DependencyOptionTests {
  /// path, target, "all" or "user", whether with `-MP`
  @Test(arguments: [
    ("-MD", "a.d", "a.o", "all"), ("-MMD", "a.d", "a.o", "user"),
    ("-MD -MP", "a.d", "a.o", "all P"),
    ("-MD -o dir/b.o", "dir/b.d", "dir/b.o", "all"),
    ("-MD -o dir.x/b", "dir.x/b.d", "dir.x/b", "all"),
    ("-MD -o dir.x/.o", "dir.x/.d", "dir.x/.o", "all"),
    ("-MD -o b.c.obj", "b.c.d", "b.c.obj", "all"),
    ("-MD -MF q.d", "q.d", "a.o", "all"), ("-MD -MFq.d", "q.d", "a.o", "all"),
    ("-MD -MF q.d -MF r.d", "r.d", "a.o", "all"), ("-MD -MT x -MT y", "a.d", "x y", "all"),
    ("-MD -MT $(x)", "a.d", "$(x)", "all"), ("-MD -MQ $(x)", "a.d", "$$(x)", "all"),
    ("-MD -o u$t#.o", "u$t#.d", "u$$t\\#.o", "all"),
    ("-Wp,-MMD,w.d -MP -o k/k.o -MT t", "w.d", "t", "user P"),
    ("-Wp,-MD,w.d,-MP,-MT,t", "w.d", "t", "all P"),
    ("-Xpreprocessor -MD -Xpreprocessor w.d -MT t", "w.d", "t", "all"),
  ])
  func file(_ options: String, _ path: String, _ target: String, _ kind: String) throws {
    for compiler in [Compiler.gcc, .clang] {
      let file = try parsed("-c src/a.c " + options, compiler).dependencyFile
      let found = try #require(file)
      #expect(found.path == path)
      #expect(found.target == target)
      #expect(found.omitsSystemHeaders == kind.hasPrefix("user"))
      #expect(found.hasPhonyTargets == kind.hasSuffix("P"))
    }
  }

  /// The preprocessor of gcc, asked behind the driver's back, knows nothing of `-o`; clang's driver
  /// understands the words itself.
  @Test func behindTheDriver() throws {
    let line = "-c src/a.b.c -Wp,-MD,w.d -o sub/x.o"
    #expect(try parsed(line, .gcc).dependencyFile?.target == "a.b.o")
    #expect(try parsed(line, .clang).dependencyFile?.target == "sub/x.o")
  }

  @Test func gccReordersTargets() throws {
    let line = "-c a.c -MD -MT e -MQ a -MQ b -MT f -MQ c -MQ d"
    #expect(try parsed(line, .gcc).dependencyFile?.targets == ["e", "f", "c", "d", "a", "b"])
    #expect(try parsed(line, .clang).dependencyFile?.targets == ["e", "a", "b", "f", "c", "d"])
  }

  /// gcc 12 fails, clang 19 warns, but for a lone `-MP`.
  @Test(arguments: ["-MF x.d", "-MT x", "-MP -MQ x"])
  func dangling(_ options: String) throws {
    #expect(reason("-c a.c " + options, .gcc) == "-MF")
    #expect(reason("-c a.c " + options, .clang) == "-MF")
  }

  @Test func lonePhony() throws {
    #expect(reason("-c a.c -MP", .gcc) == "-MF")
    #expect(try parsed("-c a.c -MP", .clang).dependencyFile == nil)
  }

  @Test(arguments: ["a.i", "a.s"])
  func noneForPreprocessedLanguages(_ input: String) throws {
    #expect(try parsed("-MD -c " + input).dependencyFile == nil)
  }
}
