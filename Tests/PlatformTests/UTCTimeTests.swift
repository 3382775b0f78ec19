import Platform
import Testing

@Suite struct UTCTimeTests {
  @Test(
    arguments: [
      (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
      (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
    ] as [(Int64, String)])
  func forHTTP(_ seconds: Int64, _ text: String) {
    #expect(UTCTime.httpText(seconds) == text)
  }

  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1994-11-06T08:49:37Z", 784_111_777),
      ("2024-02-29T00:00:00Z", 1_709_164_800), ("2038-12-31T23:59:59Z", 2_177_452_799),
    ] as [(String, Int64)])
  func forRFC3339(_ text: String, _ seconds: Int64) {
    #expect(UTCTime.text(seconds) == text)
    #expect(UTCTime.seconds(of: text) == seconds)
  }

  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1994-11-06T08:49:37Z", 784_111_777),
      ("2024-02-29T00:00:00.123456Z", 1_709_164_800), ("2024-02-29 01:30:00+01:30", 1_709_164_800),
      ("2024-02-28T19:00:00-05:00", 1_709_164_800),
    ] as [(String, Int64)])
  func readsRFC3339(_ text: String, _ seconds: Int64) {
    #expect(UTCTime.seconds(of: text) == seconds)
  }

  @Test(arguments: [
    "", "2024-02-29", "2024-02-29T00:00:00", "2024-13-29T00:00:00Z", "2024-02-29T00:00:00.Z",
    "2024-02-29T00:00:00+0100", "2024-02-29T00:0a:00Z", "2024-02-29T00:00:00ZZ",
  ])
  func refusesWhatIsNone(_ text: String) {
    #expect(UTCTime.seconds(of: text) == nil)
  }
}

@Suite struct PercentEncodingTests {
  @Test func encodes() {
    #expect(PercentEncoding.encode("a/B9-._~ +ü") == "a%2FB9-._~%20%2B%C3%BC")
    #expect(PercentEncoding.encode("a/b c", keeping: "/") == "a/b%20c")
    #expect(PercentEncoding.form([("a b", "1&2"), ("c", "")]) == "a%20b=1%262&c=")
  }
}
