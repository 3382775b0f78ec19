import Testing

@testable import FarmServices

@Suite struct FreeMemoryTests {
  @Test(
    arguments: [
      ("MemTotal:       24683520 kB\nMemAvailable:   23506812 kB\nBuffers: 1 kB\n", 24_070_975_488),
      ("MemAvailable: 0 kB", 0), ("MemAvailable:", nil), ("MemAvailable: 5 MB", nil),
      ("MemAvailable: -5 kB", nil), ("MemAvailable: 18446744073709551615 kB", nil),
      ("XMemAvailable: 5 kB", nil), ("", nil),
    ] as [(String, UInt64?)])
  func table(text: String, bytes: UInt64?) {
    #expect(FreeMemory.bytes(in: Array(text.utf8)) == bytes)
  }

  @Test func thisMachineTells() throws {
    #expect(try #require(FreeMemory.bytes) > 0)
  }
}
