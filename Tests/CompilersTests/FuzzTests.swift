import TestSupport
import Testing

@testable import Compilers

/// The parser takes any list of words.
@Suite struct FuzzTests {
  private static let odd = [
    "", "@", "-", "--", "a.c", "b.cc", "c.S", "h.h", "-c", "-o", "o.o", "-x", "c++", "none", "=",
    ",",
    "-Wp,", "-Wp,-MD,x", "-Wa,", "-Xclang", "-Xpreprocessor", "-Xassembler", "@r", "@s", "\u{301}",
    "-I\u{301}", "a.", ".c", "..", "/", "-g", "-gsplit-dwarf", "-MD", "-MMD", "-MP", "-MF", "-MT",
    "-ffile-prefix-map=/w=.", "-ffile-prefix-map==", "-fdebug-prefix-map=/w/d=", "--coverage",
    "-fprofile-use=", "-march=native", "-arch", "\u{0}", "\u{1f600}", "-include", "-load",
    "-plugin-arg-x", "-fmodule-file=", "-fsave-optimization-record=", "-ftime-trace=",
    String(repeating: "x", count: 5000), String(repeating: "-", count: 300),
  ]

  private static let files = Files(
    texts: ["r": "-DX 'a b' \\", "s": "@r @s"], directories: ["", "x"])

  private func words(_ table: OptionTable, _ random: inout SeededGenerator) -> [String] {
    (0..<Int.random(in: 0...9, using: &random)).map { _ in
      switch Int.random(in: 0...3, using: &random) {
      case 0:
        let name = table.rows.randomElement(using: &random)?.name ?? ""
        let tail = ["", "=", "=x", "x", ",x", "/w/d"].randomElement(using: &random) ?? ""
        return name + tail
      case 1: return ["-c", "a.c"].randomElement(using: &random) ?? ""
      default: return Self.odd.randomElement(using: &random) ?? ""
      }
    }
  }

  private func outcome(_ words: [String], _ compiler: Compiler) -> Result<Compilation, Rejection> {
    do throws(Rejection) {
      return .success(
        try parse(
          Invocation(arguments: words, directory: "/w/d"), for: compiler, files: Self.files))
    } catch {
      return .failure(error)
    }
  }

  @Test func anyWords() {
    var random = SeededGenerator(seed: 20)
    var compilations = 0
    for (compiler, table) in [(Compiler.gcc, OptionTable.gcc), (.clang, .clang), (.gxx, .gcc)] {
      for _ in 0..<4000 {
        let words = words(table, &random)
        let first = outcome(words, compiler)
        #expect(first == outcome(words, compiler))
        guard case .success(let compilation) = first else { continue }
        compilations += 1
        check(compilation, compiler, words)
      }
    }
    #expect(compilations > 300)
  }

  private func check(_ compilation: Compilation, _ compiler: Compiler, _ words: [String]) {
    #expect(compilation.outputs.first?.path == compilation.primaryOutput)
    #expect(!compilation.input.isEmpty)
    #expect(
      dependencyCapture(for: compilation, compiler: compiler, temporaryFile: "/t") != nil,
      "\(words)")
    // Outputs that fall on one another, or on the input, can't be put back.
    #expect(Set(compilation.outputs.map(\.name)).count == compilation.outputs.count, "\(words)")
  }
}
