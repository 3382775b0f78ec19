import Testing

@testable import Settings

@Suite struct JSONTests {
  private static let values: [(String, ConfigurationValue)] = [
    ("0", .integer(0)), ("-0", .integer(0)), ("-12", .integer(-12)), ("1.5", .number(1.5)),
    ("1e3", .number(1000)), ("-2.5E-1", .number(-0.25)), ("1e999", .number(.infinity)),
    ("true", .boolean(true)), ("false", .boolean(false)), ("null", .other("null")),
    ("\"\"", .string("")), (#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{c}\n\r\t")),
    (#""\u00e4\ud83d\ude42""#, .string("ä🙂")), ("\"ä🙂\"", .string("ä🙂")),
    ("[ ]", .array([])), ("[1 , [2]]", .array([.integer(1), .array([.integer(2)])])),
    ("{ }", .table([:])), ("{\"b\":\r\n{}}", .table(["b": .table([:])])),
    ("9223372036854775807", .integer(Int.max)),
  ]

  @Test(arguments: values)
  func accepted(text: String, value: ConfigurationValue) throws {
    #expect(try JSONDocument.parse(" {\"a\" :\t\(text) }\n") == ["a": value])
  }

  @Test(arguments: [
    "", "01", "+1", "1.", ".5", "1e", "-", "--1", "tru", "True", "nulll", "\"", "\"\\x\"", "\"\n\"",
    "\"\\u12\"", "\"\\u00g0\"", "\"\\ud83d\"", "\"\\ude42\"", "\"\\ud83d\\u0041\"", "\"\\u0000\"",
    "[1,]", "[1 2]", "[", "{\"b\"}", "{\"b\":1,}", "{b:1}", "{\"b\":1,\"b\":2}", "'a'", "1 2",
    "NaN",
    "9223372036854775808", "\"\\u+123\"",
  ])
  func refused(text: String) {
    #expect(throws: DocumentError.self) { try JSONDocument.parse("{\"a\": \(text)}") }
  }

  @Test func depth() throws {
    let opening = String(repeating: "{\"a\":", count: 64)
    let closing = String(repeating: "}", count: 64)
    #expect(throws: DocumentError.self) { try JSONDocument.parse(opening + "1" + closing) }
    _ = try JSONDocument.parse(String(opening.dropLast(5)) + "1" + String(closing.dropLast()))
  }

  @Test func places() {
    let last = failure(["SCCACHE_CONF": "/x.json"], file: "{\n  \"jobs\": ,\n}", path: "/x.json")
      .causes.last
    #expect(last == "/x.json:2:11: not valid JSON: a value is missing")
  }
}
