import Platform
import Testing

@Suite struct JSONWriterTests {
  @Test func strings() {
    var writer = JSONWriter()
    writer.array { writer in
      writer.string("\"\\/\n\r\t\u{8}\u{c}\u{1}\u{1f}\u{7f}é🦉")
      writer.string("")
      writer.array { _ in }
      writer.bool(false)
      writer.null()
    }
    #expect(
      writer.text == #"["\"\\/\n\r\t\b\f\u0001\u001f"# + "\u{7f}é🦉" + #"","",[],false,null]"#)
  }

  @Test func numbers() {
    var writer = JSONWriter()
    writer.array { writer in
      writer.number(UInt64.max)
      writer.number(-7)
      writer.number(0.5)
      writer.number(Double.infinity)
    }
    #expect(writer.text == "[18446744073709551615,-7,0.5,null]")
  }
}
