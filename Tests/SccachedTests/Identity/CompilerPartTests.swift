import CacheKey
import Compilers
import Platform
import TestSupport
import Testing

@testable import sccached

@Suite struct CompilerPartTests {
  private let directory = TemporaryDirectory()

  /// An identity of which `driver` serves all, `cc1` C and `cc1plus` C++.
  private func identity() throws -> CompilerIdentity {
    let files = FileRecords()
    var parts = PartList(files: files)
    for name in ["driver", "cc1", "cc1plus", "library"] { try directory.write(name, name) }
    parts.add(directory("driver"), role: "driver")
    for name in ["cc1", "cc1plus"] {
      parts.proper = name
      parts.add(directory(name), role: name)
      parts.add(directory("library"), role: "library")
    }
    parts.proper = nil
    parts.watch(directory.path + "/later")
    return CompilerIdentity(
      compiler: Compiler(family: .gcc, version: "12", majorVersion: 12, treatsCAsCXX: false),
      digest: parts.digest(), parts: parts.parts, properParts: parts.properParts, variables: [])
  }

  private func holds(_ identity: CompilerIdentity, _ language: Language) -> Bool {
    let environment = RequestEnvironment(variables: [])
    let walk = PathWalk(environment, directory: "/")
    return identity.holds(in: environment, directory: "/", walk: walk)
      && identity.holds(for: language)
  }

  @Test func untouched() throws {
    let identity = try identity()
    for language in Language.allCases { #expect(holds(identity, language)) }
  }

  /// C doesn't care for the compiler proper of C++; what may be either language does.
  @Test func aReplacedCompilerProper() throws {
    let identity = try identity()
    try directory.write("cc1plus", "another")
    #expect(holds(identity, .c))
    #expect(holds(identity, .assemblerWithPreprocessor))
    for language in [Language.cxx, .cxxHeader, .cxxPreprocessed, .cxxModule, .genericHeader] {
      #expect(!holds(identity, language))
    }
  }

  /// Met first by one language, needed by the other just as much.
  @Test func aSharedLibrary() throws {
    let identity = try identity()
    try directory.write("library", "another")
    #expect(!holds(identity, .c))
    #expect(!holds(identity, .cxx))
  }

  @Test(arguments: ["driver", "later"]) func whatServesAll(name: String) throws {
    let identity = try identity()
    try directory.write(name, "another")
    for language in [Language.c, .cxx, .objectiveC, .assembler] {
      #expect(!holds(identity, language))
    }
  }
}
