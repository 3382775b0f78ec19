import Compilers
import Testing

/// Each row was checked by compiling in two directories, to two names, and with a comment of
/// another length: gcc 12.2, clang 14.0.6 and 19.1.7.
@Suite struct SensitivityTests {
  typealias Sensitivity = Compilation.Sensitivity

  private static let concerns: Sensitivity = [.directory, .outputName, .columns, .commandLine]

  @Test(
    arguments: [
      ("", []), ("-O2", []), ("-g0", []), ("-g -g0", []), ("-ggdb0", []), ("-gz", []),
      ("-fstack-usage", []), ("-flto", []), ("-gno-column-info", []), ("-grecord-gcc-switches", []),
      ("-frecord-gcc-switches", []), ("-ffile-prefix-map=/home/u/dir=.", []),
      ("-g", [.directory, .columns]), ("-g1", [.directory, .columns]),
      ("-ggdb3", [.directory, .columns]), ("-gdwarf-5", [.directory, .columns]),
      ("-g0 -g", [.directory, .columns]), ("-Wa,-gdwarf-5", [.directory, .columns]),
      ("-gsplit-dwarf", [.directory, .outputName, .columns]),
      ("--coverage", [.directory, .outputName, .columns]),
      ("-fprofile-arcs", [.directory, .outputName, .columns]),
      ("-fprofile-generate", [.directory, .outputName, .columns]),
      ("-fsanitize=undefined", [.columns]), ("-fcallgraph-info", [.columns]),
      ("-fsave-optimization-record", [.columns, .directory]),
    ] as [(String, Sensitivity)])
  func gcc(_ options: String, _ expected: Sensitivity) throws {
    let sensitivity = try parsed("-c a.c " + options).sensitivity
    #expect(sensitivity.intersection(Self.concerns) == expected)
  }

  @Test(
    arguments: [
      ("", []), ("-gsplit-dwarf", []), ("-fprofile-generate", []), ("-fprofile-instr-generate", []),
      ("-fcs-profile-generate", []), ("-fxray-instrument", []), ("-emit-llvm", []),
      ("-g", [.directory, .columns]), ("-gline-tables-only", [.directory, .columns]),
      ("-gmlt", [.directory, .columns]), ("-g -gsplit-dwarf", [.directory, .outputName, .columns]),
      ("-g -fdebug-compilation-dir=.", [.columns]), ("-g -fdebug-compilation-dir .", [.columns]),
      ("-g -ffile-compilation-dir=.", [.columns]),
      ("-frecord-command-line", [.commandLine, .outputName, .directory]),
      ("-grecord-gcc-switches", [.commandLine, .outputName, .directory]),
      ("-frecord-gcc-switches", [.commandLine, .outputName, .directory]),
      ("-fembed-bitcode", [.commandLine, .outputName, .directory]),
      ("-fprofile-instr-generate -fcoverage-mapping", [.directory, .columns]),
      ("-fcoverage-mapping -fcoverage-compilation-dir=.", [.columns]),
      ("-fcoverage-mapping -fcoverage-prefix-map=/home/u/dir=.", [.columns]),
      ("--coverage", [.directory, .outputName, .columns]),
      ("-fsave-optimization-record", [.columns, .directory]),
    ] as [(String, Sensitivity)])
  func clang(_ options: String, _ expected: Sensitivity) throws {
    let sensitivity = try parsed("-c a.c " + options, .clang).sensitivity
    #expect(sensitivity.intersection(Self.concerns) == expected)
  }

  @Test(arguments: [
    "-Wdocumentation", "-Wdocumentation-html", "-Werror=documentation", "-Weverything", "-C", "-CC",
    "-traditional-cpp",
  ])
  func comments(_ option: String) throws {
    #expect(try parsed("-c a.c " + option).sensitivity.contains(.comments))
    #expect(try !parsed("-c a.c -Wshadow").sensitivity.contains(.comments))
  }

  @Test func othersOfGCC() throws {
    #expect(try parsed("-c a.c -g -gz").sensitivity.contains(.compressedDebug))
    #expect(try parsed("-c a.c -g").sensitivity.contains(.producer))
    #expect(try parsed("-c a.c -frecord-gcc-switches").sensitivity.contains(.producer))
    let old = Compiler(family: .gcc, version: "10.2", majorVersion: 10, treatsCAsCXX: false)
    #expect(try parsed("-c a.c -frecord-gcc-switches", old).sensitivity.contains(.commandLine))
  }
}

@Suite struct PrefixMapTests {
  private func key(_ line: String, _ directory: String) throws -> [String] {
    try parsed("-g -c a.c " + line, directory: directory).keyArguments
  }

  /// Objects were compared too: gcc 12, clang 14 and 19, C and C++, both options, the directory
  /// itself and its parent.
  @Test(arguments: ["-ffile-prefix-map", "-fdebug-prefix-map"])
  func checkoutsShareAKey(_ option: String) throws {
    #expect(try key("\(option)=/a=.", "/a") == ["-g", "\(option)=<DIR>=."])
    #expect(try key("\(option)=/a=.", "/a") == key("\(option)=/b/c=.", "/b/c"))
    #expect(try key("\(option)=/a=.", "/a/x/y") == key("\(option)=/b/c=.", "/b/c/x/y"))
    #expect(try key("\(option)=/a=.", "/a/x") != key("\(option)=/b=.", "/b/y"))
    #expect(try key("\(option)=/a=.", "/a/x") == ["-g", "\(option)=<DIR-/x>=."])
    #expect(try key("\(option)=/a=/p", "/a") != key("\(option)=/a=/q", "/a"))
    #expect(
      try !parsed("-g -c a.c \(option)=/a=.", directory: "/a/x").sensitivity.contains(.directory))
  }

  /// Elsewhere the same word would not be mapped.
  @Test(arguments: ["-I/a/inc", "-include /a/x.h", "-DROOT=/a/", "-fplugin=/a/p.so"])
  func otherWordsBeneathTheDirectory(_ word: String) throws {
    let compilation = try parsed("-g -c a.c -ffile-prefix-map=/a=. " + word, directory: "/a/b")
    #expect(compilation.sensitivity.contains(.directory))
    #expect(compilation.keyArguments.contains("-ffile-prefix-map=/a=."))
  }

  @Test func inputBeneathTheDirectory() throws {
    let compilation = try parsed("-g -c /a/b/a.c -ffile-prefix-map=/a=.", directory: "/a/b")
    #expect(compilation.sensitivity.contains(.directory))
  }

  @Test(arguments: [
    "-ffile-prefix-map=/b=.", "-fmacro-prefix-map=/a=.", "-ffile-prefix-map=/=.", "",
    "-ffile-prefix-map=/a=. -fdebug-prefix-map=/a=/x", "-ffile-prefix-map==.",
  ])
  func notCovered(_ options: String) throws {
    let compilation = try parsed("-g -c a.c " + options, directory: "/a/b")
    #expect(compilation.sensitivity.contains(.directory))
  }

  /// Nobody measured what assemblers make of a map.
  @Test func assemblerIsNotTrusted() throws {
    let compilation = try parsed("-g -c a.S -ffile-prefix-map=/a=.", directory: "/a")
    #expect(compilation.sensitivity.contains(.directory))
  }

  @Test func listOfMaps() throws {
    let compilation = try parsed(
      "-c a.c -ffile-prefix-map=/a=1 -fdebug-prefix-map=/b=2 -fmacro-prefix-map=/c=3")
    #expect(compilation.prefixMaps == [.init(from: "/a", to: "1"), .init(from: "/b", to: "2")])
  }
}
