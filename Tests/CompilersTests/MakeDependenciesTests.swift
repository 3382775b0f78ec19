import Compilers
import TestSupport
import Testing

@Suite struct MakeDependenciesTests {
  private func text(
    _ compiler: Compiler, _ targets: [String], _ names: [String], phony: Bool = false
  ) -> String {
    let file = DependencyFile(
      path: "", omitsSystemHeaders: false, hasPhonyTargets: phony, targets: targets)
    return MakeDependencies.render(file: file, prerequisites: names, compiler: compiler)
  }

  /// Written by gcc 12.2.
  @Test func gcc() {
    let names = [
      "t.c", "d e/a\tt.h", "d e/a b.h", "d e/a#b.h", "d e/a$b.h", "d e/a%b.h", "d e/a&b.h",
      "d e/a:b.h", "d e/a\\ b.h", "d e/a\\#b.h", "d e/a\\\\ c.h", "d e/a\\\\b.h", "d e/a\\b.h",
    ]
    let expected = ##"""
      t.o: t.c d\ e/a\	t.h d\ e/a\ b.h d\ e/a\#b.h d\ e/a$$b.h d\ e/a%b.h \
       d\ e/a&b.h d\ e/a:b.h d\ e/a\\\ b.h d\ e/a\\#b.h d\ e/a\\\\\ c.h \
       d\ e/a\\b.h d\ e/a\b.h

      """##
    #expect(text(.gcc, ["t.o"], names) == expected)
    #expect(MakeDependencies.prerequisites(in: expected) == names)
  }

  /// Written by clang 19.1; 14.0 puts an empty line before each phony rule.
  @Test func clang() {
    let names = ["q.c", "d e/a b.h", "d e/a#b.h", "d e/a$b.h", "d e/a%b.h", "d e/a&b.h", "e/a'b.h"]
    let expected = ##"""
      o\ u$$t\#:.o: q.c d\ e/a\ b.h d\ e/a\#b.h d\ e/a$$b.h d\ e/a%b.h d\ e/a&b.h \
        e/a'b.h

      """##
    #expect(text(.clang, [##"o\ u$$t\#:.o"##], names) == expected)
    #expect(MakeDependencies.prerequisites(in: expected) == names)
    let phony = ["a.c", "b.h", "c d.h"]
    #expect(text(.clang, ["a.o"], phony, phony: true) == "a.o: a.c b.h c\\ d.h\nb.h:\nc\\ d.h:\n")
    #expect(
      text(.clang14, ["a.o"], phony, phony: true)
        == "a.o: a.c b.h c\\ d.h\n\nb.h:\n\nc\\ d.h:\n")
    #expect(text(.gcc, ["a.o"], phony, phony: true) == "a.o: a.c b.h c\\ d.h\nb.h:\nc\\ d.h:\n")
  }

  @Test func longTargets() {
    let targets = [String(repeating: "T", count: 40), String(repeating: "U", count: 40)]
    #expect(text(.gcc, targets, ["a.c"]) == "\(targets[0]) \\\n \(targets[1]): a.c\n")
    #expect(text(.clang, targets, ["a.c"]) == "\(targets[0]) \\\n  \(targets[1]): a.c\n")
  }

  @Test(arguments: [
    ("a.o: a.c", ["a.c"]), ("a.o:\n", []), ("a.o: a.c \\\n b.h\nb.h:\n", ["a.c", "b.h"]),
    ("C:/a.o: a.c\n", ["a.c"]), ("a\\ b.o: a\\ b.c\n", ["a b.c"]), ("a.o: \\\r\n a.c\r\n", ["a.c"]),
    ("a.o b.o: a.c\n\nb.h:\n", ["a.c"]), ("a.o: $$x c:d\n", ["$x", "c:d"]),
    ("a.o: a.c\\\n b.h", ["a.c", "b.h"]), ("a.o:\\\n a.c\n", ["a.c"]),
  ])
  func reads(_ text: String, _ names: [String]) {
    #expect(MakeDependencies.prerequisites(in: text) == names)
  }

  @Test(arguments: ["", "a.c b.c\n", "nothing", ":", "\\"])
  func noRule(_ text: String) {
    let names = MakeDependencies.prerequisites(in: text)
    #expect(names == nil || names == [])
  }

  /// What is written is read back, whatever the names are.
  @Test func roundTrip() {
    var random = SeededGenerator(seed: 7)
    let alphabet = Array("ab/. $#:%~\\\u{e4}")
    for _ in 0..<2000 {
      let names = (0..<Int.random(in: 1...12, using: &random)).map { index in
        let count = Int.random(in: 0...30, using: &random)
        let letters = (0..<count).map { _ in alphabet.randomElement(using: &random) ?? "a" }
        // A name that ends in a backslash can't be written in make's syntax.
        return "n\(index)" + String(letters) + ".h"
      }
      for compiler in [Compiler.gcc, .clang, .clang14] {
        let text = text(compiler, ["x"], names, phony: Bool.random(using: &random))
        #expect(MakeDependencies.prerequisites(in: text) == names)
      }
    }
  }

  @Test func readingNeverFails() {
    var random = SeededGenerator(seed: 11)
    let bytes = Array(": \\\n\r\t$#ab".utf8) + [0, 0xff]
    for _ in 0..<5000 {
      let count = Int.random(in: 0...40, using: &random)
      _ = MakeDependencies.prerequisites(
        in: (0..<count).map { _ in bytes.randomElement(using: &random) ?? 0 })
    }
  }
}
