import Platform
import Testing

@Suite struct SHA1Tests {
  @Test func digests() {
    #expect(SHA1.hex([]) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
    #expect(SHA1.hex("abc".utf8) == "a9993e364706816aba3e25717850c26c9cd0d89d")
  }

  /// RFC 2202, cases 1, 2 and 6; and a key of no bytes, which OpenSSL has another meaning for.
  @Test func authenticationCodes() {
    func code(_ key: [UInt8], _ message: String) -> String {
      Hexadecimal.encode(SHA1.code(key: key, message: message.utf8))
    }
    #expect(
      code([UInt8](repeating: 0x0b, count: 20), "Hi There")
        == "b617318655057264e28bc0b6fb378c8ef146be00")
    #expect(
      code(Array("Jefe".utf8), "what do ya want for nothing?")
        == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    #expect(
      code(
        [UInt8](repeating: 0xaa, count: 80),
        "Test Using Larger Than Block-Size Key - Hash Key First")
        == "aa4ae5e15272d00e95705637ce8a3b55ed402112")
    #expect(code([], "") == "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d")
  }

  @Test func basicTimes() {
    #expect(UTCTime.basicText(0) == "19700101T000000Z")
    #expect(UTCTime.basicText(1_440_938_160) == "20150830T123600Z")
  }
}
