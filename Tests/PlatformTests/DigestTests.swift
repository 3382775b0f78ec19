import TestSupport
import Testing

@testable import Platform

@Suite struct DigestTests {
  /// From FIPS 180-4's examples and the empty message.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func knownVectors(text: String, hex: String) throws {
    let digest = Digest.of(Array(text.utf8))
    #expect(digest.description == hex)
    #expect(Digest(hex: hex) == digest)
    #expect(Digest(bytes: digest.bytes) == digest)
    #expect(digest.withBytes { Array($0) } == digest.bytes)
  }

  @Test func aMillionLetters() {
    var hash = SHA256()
    let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000)
    for _ in 0..<1_000 { piece.withUnsafeBytes { hash.update($0) } }
    #expect(
      hash.finish().description
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test(arguments: [
    "", "ba78", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
    String(repeating: "g", count: 64), String(repeating: "A", count: 64),
    String(repeating: "é", count: 32), String(repeating: " ", count: 64),
  ])
  func whatIsNoDigest(hex: String) {
    #expect(Digest(hex: hex) == nil)
  }

  @Test(arguments: [0, 31, 33]) func otherLengthsAreNone(count: Int) {
    #expect(Digest(bytes: [UInt8](repeating: 1, count: count)) == nil)
  }

  @Test func everyByteCounts() {
    let base = Digest.of([1])
    for index in 0..<Digest.byteCount {
      var bytes = base.bytes
      bytes[index] ^= 0x10
      #expect(Digest(bytes: bytes) != base)
    }
  }

  /// No two different series of fields give one digest.
  @Test func fieldsDoNotRunTogether() {
    var digests: [Digest] = []
    func add(_ feed: (inout SHA256) -> Void) {
      var hash = SHA256()
      feed(&hash)
      digests.append(hash.finish())
    }
    add { _ in }
    add { $0.field("") }
    add { $0.field("ab") }
    add {
      $0.field("a")
      $0.field("b")
    }
    add {
      $0.field("")
      $0.field("ab")
    }
    add {
      $0.field("ab")
      $0.field("")
    }
    add { $0.field(["a", "b"]) }
    add { $0.field(["ab"]) }
    add {
      $0.field(["a"])
      $0.field(["b"])
    }
    #expect(Set(digests).count == digests.count)
  }

  @Test func textAndItsBytesAreOneField() {
    var left = SHA256()
    left.field("naïve")
    var right = SHA256()
    right.field(Array("naïve".utf8))
    #expect(left.finish() == right.finish())
  }

  @Test func canonicallyEqualTextsDiffer() {
    #expect("\u{e9}" == "e\u{301}")
    var left = SHA256()
    left.field("\u{e9}")
    var right = SHA256()
    right.field("e\u{301}")
    #expect(left.finish() != right.finish())
  }

  @Test(arguments: [0, 1, 16, 240, 241, 4096, 100_000])
  func runningChecksumEqualsOnePiece(count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    let bytes = random.bytes(count)
    for _ in 0..<8 {
      var running = RunningChecksum()
      var start = 0
      while start < count {
        let end = min(count, start + Int.random(in: 1...(count / 2 + 1), using: &random))
        bytes[start..<end].withUnsafeBytes { running.update($0) }
        start = end
      }
      #expect(running.value() == checksum(bytes))
      #expect(running.value() == checksum(bytes[...]))
    }
  }

  @Test func checksumSeesEveryBit() {
    var random = SeededGenerator(seed: 3)
    var bytes = random.bytes(300)
    let before = checksum(bytes)
    for index in bytes.indices {
      for bit in 0..<8 {
        bytes[index] ^= 1 << UInt8(bit)
        #expect(checksum(bytes) != before)
        bytes[index] ^= 1 << UInt8(bit)
      }
    }
  }
}
