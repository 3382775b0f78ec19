import Testing

@testable import Settings

@Suite struct TOMLScannerTests {
  private let text =
    #"""
    # a = 1
    a = 1
      "b c".'d' = 2

    [ t . u ] # a comment
    x = """
    y = 1
    [other]
    """
    y = '''one line'''
    z = { deep = 1 }
    text = ["[x"]
    [[list]]
    n = 1
    [[list]]
    n = 2
    [list.inner]
    m = 3
    """#

  private static let places: [([String], Int, Int)] = [
    (["a"], 2, 1), (["b c", "d"], 3, 3), (["t", "u"], 5, 1), (["t", "u", "x"], 6, 1),
    (["t", "u", "y"], 10, 1), (["t", "u", "z", "deep"], 11, 1), (["t", "u", "unknown"], 5, 1),
    (["list", "0", "n"], 14, 1), (["list", "1", "n"], 16, 1), (["list", "inner", "m"], 18, 1),
    (["list", "1"], 15, 1),
  ]

  @Test(arguments: places)
  func found(key: [String], line: Int, column: Int) {
    #expect(
      TOMLScanner.position(of: key, in: text) == TOMLScanner.Position(line: line, column: column))
  }

  @Test func notFound() {
    #expect(TOMLScanner.position(of: ["nothing"], in: text) == nil)
    #expect(TOMLScanner.position(of: [], in: text) == nil)
    #expect(TOMLScanner.position(of: ["a"], in: "") == nil)
  }

  /// toml++ would end the program at these.
  @Test(arguments: [
    "[.a]", "[=", "[[.a]]", "[ # a", "[\n", "[ \t(a)]", "[[ ,", "[ä]", "a = [\n[1], # [.\n]\n[.]",
    "a = \"\"\"\n[a]\n\"\"\"\"\"\n[.a]", "a = '''[.'''\n[.a]", "\u{feff}[.a]",
  ])
  func misbegottenHeaders(text: String) {
    let error = failure(file: text)
    #expect(error.causes.last?.contains("a name must follow the bracket") == true)
  }

  /// Here too.
  @Test(arguments: [
    ("[}", 6), ("[\"}\", }", 11), ("[ # }\n }", 2), ("{ b = [}", 12), ("[{ b = 1 } }", 16),
    ("[\u{2028}", 6), ("[1, \u{85}2]", 9), ("[é]", 6),
  ])
  func misbegottenValues(value: String, column: Int) {
    let last = failure(file: "a = \(value)").causes.last ?? ""
    #expect(last.contains(":\(column): not valid TOML: here neither"), "\(last)")
  }

  /// They look like it, but stand in a value.
  @Test(arguments: [
    "[\n[.5,\n", "\"\"\"\n[.a]\"\"\"", "'''\n[.a]'''", "[ # [.\n\"]\",\n[\n]]", "\"\\\"\" #\n#[.a]",
    "[\"}é\", '}', {}, {b = [{}]}] # }é",
  ])
  func noHeaders(value: String) {
    var scanner = TOMLScanner("a = \(value)")
    #expect(scanner.next()?.statement == .assignment(["a"]))
    #expect(scanner.next() == nil)
  }

  /// An earlier mistake is named first.
  @Test func firstError() {
    let last = failure(file: "a = = 1\n[.a]").causes.last
    #expect(last?.contains("/config:1:5: ") == true)
  }
}
