import Testing

@testable import Compilers

@Suite struct PrecompiledHeadersTests {
  @Test(arguments: [
    ("", []), ("int x;\n#include \"a.h\"\n", []),
    ("#include \"a.h\"\nint x;\n#include \"b.h\"", ["\"a.h"]),
    ("// c\n/* d\n */ # /* e */ include /**/ <a/b.h> // x\n#include \"c.h\"", ["<a/b.h", "\"c.h"]),
    ("#if X\n#include <a.h>\n#else\n#import <b.h>\n#endif\n;", ["<a.h", "<b.h"]),
    ("\u{feff}#inc\\\nlude <a.h>", ["<a.h"]), ("#define M \"x.h\"\nM", []),
    ("#pragma once\n\n\n#include_next <a.h>", ["<a.h"]), ("/* open", []), ("#", []),
    ("#includes <a.h>\n", []), ("// line \\\n#include <no.h>\n#include <a.h>", ["<a.h"]),
  ])
  func leading(_ source: String, _ names: [String]) {
    let found = PrecompiledHeaders.leadingIncludes(in: Array(source.utf8))
    #expect(found?.map { ($0.isQuoted ? "\"" : "<") + $0.name } == names)
  }

  @Test(arguments: ["#include MACRO\n", "#include\n", "#include \"open\n"])
  func unknown(_ source: String) {
    #expect(PrecompiledHeaders.leadingIncludes(in: Array(source.utf8)) == nil)
  }

  private func candidates(_ line: String, _ compiler: Compiler, _ source: String) throws
    -> [String]?
  {
    PrecompiledHeaders.candidates(
      for: try parsed(line, compiler), compiler: compiler, source: Array(source.utf8),
      builtInDirectories: ["/usr/include"])
  }

  @Test func ofGCC() throws {
    let source = "#include \"h.h\"\n#include <s.h>\n#include \"/abs.h\"\nint x;"
    #expect(
      try candidates("-c src/a.c -Iinc/ -iquote q -include f.h", .gcc, source) == [
        "f.h.gch", "q/f.h.gch", "inc/f.h.gch", "/usr/include/f.h.gch",
        "src/h.h.gch", "q/h.h.gch", "inc/h.h.gch", "/usr/include/h.h.gch",
        "inc/s.h.gch", "/usr/include/s.h.gch", "/abs.h.gch",
      ])
    #expect(try candidates("-c a.i", .gcc, source) == [])
    #expect(try candidates("-c a.c", .gcc, "#include M") == nil)
  }

  @Test func ofClang() throws {
    #expect(
      try candidates("-c a.c -include f.h -I inc", .clang, "#include \"h.h\"\n")
        == ["f.h.pch", "f.h.gch"])
  }
}
