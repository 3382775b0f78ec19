import Compilers
import Testing

@Suite struct LanguageTests {
  @Test(arguments: [
    ("a.c", Language.c), ("a.i", .cPreprocessed), ("a.h", .genericHeader), ("a.C", .cxx),
    ("d.x/a.cc", .cxx), ("a.c++", .cxx), ("a.cppm", .cxxModule), ("a.ixx", .cxxModule),
    ("a.hpp", .cxxHeader), ("a.H", .cxxHeader), ("a.tcc", .cxxHeader), ("a.ii", .cxxPreprocessed),
    ("a.s", .assembler), ("a.S", .assemblerWithPreprocessor), ("a.sx", .assemblerWithPreprocessor),
    ("a.m", .objectiveC), ("a.mm", .objectiveCXX), ("a.M", .objectiveCXX),
    ("a.mi", .objectiveCPreprocessed), ("a.mii", .objectiveCXXPreprocessed), ("a.b.c", .c),
  ])
  func suffix(_ path: String, _ language: Language) {
    #expect(Language(path: path, treatsCAsCXX: false) == language)
  }

  @Test(arguments: ["a", "a.o", "a.cu", "a.rs", "a.c/b", ".", "", "a.", "a.f90"])
  func unknownSuffix(_ path: String) {
    #expect(Language(path: path, treatsCAsCXX: false) == nil)
  }

  @Test func suffixOfCXXDriver() {
    #expect(Language(path: "a.c", treatsCAsCXX: true) == .cxx)
    #expect(Language(path: "a.h", treatsCAsCXX: true) == .cxxHeader)
    #expect(Language(path: "a.i", treatsCAsCXX: true) == .cxxPreprocessed)
    #expect(Language(path: "a.m", treatsCAsCXX: true) == .objectiveC)
  }

  @Test(arguments: Language.allCases)
  func names(_ language: Language) {
    if language != .genericHeader {
      #expect(Language(driverName: language.driverName) == language)
    }
    #expect(language.statisticsName == (language.isAssembler ? "Assembler" : "C/C++"))
    #expect(!language.advancedName.isEmpty)
    #expect(!(language.isHeader && language.isPreprocessed))
  }

  @Test(arguments: ["none", "cuda", "f95", "", "C", "objc"])
  func unknownDriverName(_ name: String) {
    #expect(Language(driverName: name) == nil)
  }
}
