import Compilers
import Testing

@Suite struct DependencyCaptureTests {
  private func capture(_ line: String, _ compiler: Compiler) throws -> DependencyCapture {
    let compilation = try parsed(line, compiler)
    return try #require(
      dependencyCapture(for: compilation, compiler: compiler, temporaryFile: "/t/x"))
  }

  @Test(arguments: [Compiler.gcc, .clang])
  func addsToAPlainCall(_ compiler: Compiler) throws {
    let added = DependencyCapture(
      addedArguments: ["-MD", "-MF", "/t/x", "-MT", "x"], report: .makeFile("/t/x"))
    for line in ["-c a.c", "-g -c a.c", "-c a.S", "-x c++ -c a", "-c a.h -o a.gch"] {
      #expect(try capture(line, compiler) == added)
    }
  }

  @Test(arguments: [Compiler.gcc, .clang])
  func usesTheCallersFile(_ compiler: Compiler) throws {
    for line in ["-c a.c -MD -MF q.d", "-c a.c -Wp,-MD,q.d"] {
      #expect(
        try capture(line, compiler)
          == DependencyCapture(addedArguments: [], report: .makeFile("q.d"))
      )
    }
  }

  @Test(arguments: [Compiler.gcc, .clang])
  func nothingForPreprocessedLanguages(_ compiler: Compiler) throws {
    for line in ["-c a.i", "-c a.s", "-MD -c a.ii"] {
      #expect(
        try capture(line, compiler) == DependencyCapture(addedArguments: [], report: .none))
    }
  }

  @Test(arguments: [Compiler.gcc, .clang])
  func runsSeparatelyForUserHeaders(_ compiler: Compiler) throws {
    let capture = try capture(
      "-O2 -I inc -DX -g -fstack-usage -MMD -MP -MF q.d -MT t -x c++ -c a.c -o a.o", compiler)
    #expect(capture.addedArguments.isEmpty)
    #expect(capture.report == .makeFile("/t/x"))
    #expect(
      capture.separateRun
        == words("-O2 -I inc -DX -g -x c++ -M -MF /t/x -MT x a.c"))
  }

  @Test func runsSeparatelyWhenTheCommandLineIsRecorded() throws {
    let capture = try capture("-c a.c -frecord-command-line", .clang)
    #expect(capture.addedArguments.isEmpty)
    #expect(capture.separateRun == words("-frecord-command-line -M -MF /t/x -MT x a.c"))
  }
}
