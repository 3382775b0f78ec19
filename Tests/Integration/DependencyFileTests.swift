import Platform
import TestSupport
import Testing

/// Dependency files, on a miss and on a hit, are what the compiler writes for this very call (W5).
@Suite(.blocking) struct DependencyFileTests {
  private func sandbox() throws -> Sandbox {
    let box = try Sandbox()
    try box.write("inc/deep.h", "#define DEEP 1\n")
    try box.write("inc/top.h", "#include \"deep.h\"\n#include <stddef.h>\n")
    try box.write("inc/a long name with blanks in it.h", "\n")
    for number in 1...9 { try box.write("inc/quite-a-long-name-\(number).h", "\n", settle: false) }
    try box.write("sys/system.h", "#define SYSTEM 1\n")
    var source = "#include \"inc/top.h\"\n#include <system.h>\n#include <stdio.h>\n"
    source += "#include \"inc/a long name with blanks in it.h\"\n"
    for number in 1...9 { source += "#include \"inc/quite-a-long-name-\(number).h\"\n" }
    try box.write("a.c", source + "int x = DEEP + SYSTEM;\n")
    return box
  }

  private static let forms: [[String]] = [
    ["-MD"], ["-MMD"], ["-MD", "-MP"], ["-MMD", "-MP"], ["-MD", "-MF", "x.dep"],
    ["-MMD", "-MF", "x.dep"], ["-MMD", "-MFx.dep", "-MP"], ["-MD", "-MT", "target"],
    ["-MD", "-MQ", "tar get$"], ["-MD", "-MT", "one", "-MT", "two"],
    ["-MD", "-MT", "one", "-MQ", "two"], ["-MD", "-MQ", "t$o", "-MT", "t$o"],
    ["-MD", "-MT", "a b c"], ["-MD", "-MTjoined", "-MF", "x.dep"], ["-Wp,-MD,x.dep"],
    ["-Wp,-MMD,x.dep"], ["-MMD", "-MT", "x", "-MT", "y", "-MP", "-MF", "x.dep"], ["-MP"],
    ["-MD", "-o", "out.o"], ["-MMD", "-o", "out.x.o"],
    ["-MD", "-MT", String(repeating: "t", count: 90)],
  ]

  /// Each form first by itself, then when all others are stored already.
  @Test(arguments: Compilers.c)
  func everyForm(compiler: String) throws {
    let box = try sandbox()
    for form in Self.forms {
      try box.agrees(
        [compiler, "-isystem", "sys", "-c", "a.c", "-o", "a.o"] + form, .any, then: .any)
    }
  }

  /// `-MMD` wins, whichever comes first.
  @Test(arguments: Compilers.c, [["-MD", "-MMD"], ["-MMD", "-MD"]])
  func bothForms(compiler: String, form: [String]) throws {
    let box = try sandbox()
    let command = [compiler, "-isystem", "sys", "-c", "a.c", "-o", "a.o"] + form
    try box.agrees(command, .any, then: .any)
    try box.write("sys/system.h", "#define SYSTEM 2\n")
    try box.isRight(command, .any, output: "a.o")
  }

  /// clang warns of an unused `-MD`, also when a call without it was stored before.
  @Test(arguments: Compilers.clang)
  func unusedForm(compiler: String) throws {
    let box = try sandbox()
    let command = [compiler, "-isystem", "sys", "-c", "a.c", "-o", "a.o"]
    try box.agrees(command + ["-MMD"])
    try box.agrees(command + ["-MD", "-MMD"], .any, then: .any)
  }

  /// A compilation without any dependency option serves all of `-MD`'s forms; one with `-MMD` needs
  /// nothing else either.
  @Test(arguments: Compilers.c)
  func formsShareTheirResult(compiler: String) throws {
    let box = try sandbox()
    let command = [compiler, "-isystem", "sys", "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .miss)
    try box.agrees(command + ["-MD"], .hit)
    try box.agrees(command + ["-MD", "-MP", "-MT", "other", "-MF", "y.d"], .hit)
    try box.agrees(command + ["-MMD"])
    try box.agrees(command + ["-MMD", "-MP", "-MQ", "an other", "-MF", "y.d"], .hit)
    try box.agrees(command, .hit)
  }

  /// A change of a header that `-MMD` does not list is noticed.
  @Test(arguments: Compilers.c)
  func systemHeadersCountWithMMD(compiler: String) throws {
    let box = try sandbox()
    let command = [compiler, "-isystem", "sys", "-MMD", "-c", "a.c", "-o", "a.o"]
    try box.agrees(command)
    try box.write("sys/system.h", "#define SYSTEM 2\n")
    try box.isRight(command, .miss, output: "a.o")
    try box.write("sys/system.h", "#define SYSTEM 1\n")
    try box.isRight(command, .hit, output: "a.o")
  }

  @Test(arguments: Compilers.both)
  func assemblerAndPreprocessed(compiler: String) throws {
    let box = try Sandbox()
    try box.write("n.h", "\n")
    try box.write("a.S", "#include \"n.h\"\nnop\n")
    try box.write("b.s", "nop\n")
    try box.write("c.i", "int x;\n")
    for source in ["a.S", "b.s", "c.i"] {
      for form in [["-MD"], ["-MMD", "-MP"], ["-MD", "-MF", "f.d", "-MT", "t"]] {
        try box.agrees([compiler, "-c", source, "-o", "o.o"] + form, .any, then: .any)
      }
    }
  }

  /// Where the two differ: another checkout's dependency file names its own files.
  @Test(arguments: Compilers.both)
  func ownPathsUnderBaseDirectories(compiler: String) throws {
    let box = try Sandbox()
    box.environment["SCCACHE_BASEDIRS"] = box.work + "/one:" + box.work + "/two"
    for name in ["one", "two"] {
      try box.write("\(name)/inc/h.h", "#define H 1\n")
      try box.write("\(name)/a.c", "#include \"h.h\"\nint x = H;\n")
    }
    for (name, expected) in [("one", Sandbox.Expectation.miss), ("two", .hit)] {
      let base = box.work + "/" + name
      try box.agrees(
        [compiler, "-I\(base)/inc", "-MD", "-MP", "-c", "\(base)/a.c", "-o", "\(base)/a.o"],
        expected, in: name)
    }
  }
}
