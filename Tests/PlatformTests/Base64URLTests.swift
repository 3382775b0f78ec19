import Platform
import Testing

@Suite struct Base64URLTests {
  @Test func bytesAndTheirText() {
    for (bytes, text) in [
      ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"),
    ] {
      #expect(Base64URL.encode(bytes.utf8) == text)
      #expect(Base64URL.decode(text) == Array(bytes.utf8))
    }
    #expect(Base64URL.encode([0xfb, 0xff]) == "-_8")
    for bad in ["Z", "Zg=", "Zg==", "Zh", "Z+", "Z/8", "Zm9vY", "é"] {
      #expect(Base64URL.decode(bad) == nil, "\(bad)")
    }
  }
}
