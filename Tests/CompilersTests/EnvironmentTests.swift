import Compilers
import Testing

@Suite struct EnvironmentTests {
  private func names(_ line: String) throws -> Set<String> {
    Set(CompilerEnvironment.relevantVariableNames(for: try parsed(line, .clang)))
  }

  @Test func headerDirectories() throws {
    #expect(try names("-c a.c").isSuperset(of: ["CPATH", "C_INCLUDE_PATH"]))
    #expect(try names("-c a.cc").contains("CPLUS_INCLUDE_PATH"))
    #expect(try !names("-c a.cc").contains("C_INCLUDE_PATH"))
    #expect(try names("-c a.m").contains("OBJC_INCLUDE_PATH"))
    #expect(try !names("-c a.i").contains("CPATH"))
  }

  @Test func directoryAndColour() throws {
    #expect(try names("-g -c a.c").contains("PWD"))
    #expect(try !names("-c a.c").contains("PWD"))
    #expect(try names("-c a.c").contains("GCC_COLORS"))
    #expect(try !names("-c a.c -fno-color-diagnostics").contains("GCC_COLORS"))
  }

  @Test func nothingIsBothRelevantAndForbidding() throws {
    let forbidding = CompilerEnvironment.forbiddingVariables
    #expect(Set(forbidding).count == forbidding.count)
    #expect(try names("-g -c a.h -o a.gch").isDisjoint(with: forbidding))
    #expect(forbidding.contains("DEPENDENCIES_OUTPUT"))
  }
}
