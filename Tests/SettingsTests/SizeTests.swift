import Testing

@testable import Settings

@Suite struct SizeTests {
  private static let sizes: [(String, Int)] = [
    ("0", 0), ("1", 1), ("1024", 1024), ("5k", 5120), ("5K", 5120), ("3m", 3 << 20),
    ("3M", 3 << 20), ("10g", 10 << 30), ("10G", 10 << 30), ("2t", 2 << 40), ("2T", 2 << 40),
    ("0T", 0), (" 7 ", 7), ("7 G", 7 << 30), ("\t7\tg ", 7 << 30), ("007", 7),
    ("9223372036854775807", Int.max), ("8388607T", 8_388_607 << 40),
  ]

  @Test(arguments: sizes)
  func accepted(text: String, bytes: Int) { #expect(ByteCount.parse(text) == bytes) }

  @Test(arguments: [
    "", " ", "G", " G", "5X", "5GB", "5GiB", "-1", "+1", "1.5G", "1e3", "0x10", "5 5", "٣", "5Ｇ",
    "9223372036854775808", "8388608T", "99999999999999999999", "1_000", "1\n",
  ])
  func refused(text: String) { #expect(ByteCount.parse(text) == nil) }

  @Test(arguments: ["5X", "10 apples", "-1", "1.5G"])
  func slipInVariable(text: String) throws {
    let settings = try load(["SCCACHE_CACHE_SIZE": text], file: "[cache.disk]\nsize = 77")
    #expect(settings.disk.sizeLimit == 77)
    #expect(settings.warnings.count == 1)
    #expect(settings.warnings.first?.contains("SCCACHE_CACHE_SIZE=\(text)") == true)
  }

  private static let values: [(String, Int)] = [
    ("5", 5), ("\"5\"", 5), ("\"5G\"", 5 << 30), ("0x10", 16), ("1_000", 1000),
    ("\" 5 g \"", 5 << 30),
  ]

  @Test(arguments: values)
  func file(text: String, bytes: Int) throws {
    #expect(try load(file: "[cache.disk]\nsize = \(text)").disk.sizeLimit == bytes)
    #expect(
      try load(file: "[dist]\ntoolchain_cache_size = \(text)").distribution.toolchainCacheSize
        == bytes)
  }
}
