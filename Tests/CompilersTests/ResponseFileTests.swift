import Testing

@testable import Compilers

@Suite struct ResponseFileTests {
  /// What gcc 12, clang 14 and clang 19 made of these texts (`-###`).
  @Test(arguments: [
    ("-c a.c", ["-c", "a.c"]),
    (" \t-c\n\r\n a.c\u{0b}\u{0c}", ["-c", "a.c"]),
    (#"-DA='a\\b c'"#, [#"-DA=a\b c"#]),
    (#"-DA='a\b c'"#, ["-DA=ab c"]),
    (#"-DB="x\"yz""#, [#"-DB=x"yz"#]),
    (#"-DC=q\ r"#, ["-DC=q r"]),
    (#"-D'D'E="""#, ["-DDE="]),
    (#""a b""c d""#, ["a bc d"]),
    (#"'it"s' "it's""#, [#"it"s"#, "it's"]),
    ("a\\\nb", ["a\nb"]),
    ("end\\", ["end"]),
    ("'open", ["open"]),
    ("", []),
  ])
  func words(_ text: String, _ words: [String]) {
    #expect(gnuWords(text, keepsEmpty: false) == words)
    #expect(gnuWords(text, keepsEmpty: true) == words)
  }

  @Test func emptyWords() {
    #expect(gnuWords("\"\" a ''", keepsEmpty: true) == ["", "a", ""])
    #expect(gnuWords("\"\" a ''", keepsEmpty: false) == ["a"])
  }

  @Test func nesting() throws {
    let files = Files(texts: ["r": "-c @s", "s": "-O2 a.c"])
    let compilation = try parsed("-DX @r -o b.o", files: files)
    #expect(compilation.keyArguments == ["-DX", "-O2"])
    #expect(compilation.primaryOutput == "b.o")
  }

  @Test func refusals() {
    #expect(reason("@missing -c a.c") == "@")
    #expect(reason("-c @") == "@")
    // gcc and clang differ on what it is.
    for text in ["-O1\\", "-DA=1 \\", "'-DA=\\", "\\"] {
      #expect(reason("@end -c a.c", files: Files(texts: ["end": text])) == "@")
    }
    #expect(reason("-c @self", files: Files(texts: ["self": "@self"])) == "@")
    // Two references in each file double at every level: the number of words is bounded.
    let wide = Files(texts: ["w": String(repeating: "a ", count: 40_000) + "@w @w"])
    #expect(reason("-c @w", files: wide) == "@")
  }

  @Test func deepNestingUpToTheLimit() {
    var texts = ["f10": "-c a.c"]
    for level in 1..<10 { texts["f\(level)"] = "@f\(level + 1)" }
    #expect(reason("@f1", files: Files(texts: texts)) == nil)
    texts["f10"] = "@f11"
    texts["f11"] = "-c a.c"
    #expect(reason("@f1", files: Files(texts: texts)) == "@")
  }
}
