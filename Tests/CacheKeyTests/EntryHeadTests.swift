import Platform
import TestSupport
import Testing

@testable import CacheKey

@Suite struct EntryHeadTests {
  private static let key = Digest.of("key".bytes)

  private static func member(
    _ name: String, _ size: Int, _ encoding: EntryHead.Encoding = .raw, stored: Int? = nil
  ) -> EntryHead.Member {
    EntryHead.Member(
      name: name, encoding: encoding, size: size, stored: stored ?? size, offset: 0, checksum: 42)
  }

  /// A head, its bytes and the length of its file.
  private static func sample() -> (head: EntryHead, bytes: [UInt8], fileSize: Int) {
    var head = EntryHead(
      key: key, presentation: Digest.of("C".bytes), isColoured: true,
      members: [
        member("obj", 100_000), member("stderr", 0), member("dwo", 500_000, .zstd, stored: 1_000),
        member("su", 70_000),
      ])
    let bytes = head.layOut()
    return (head, bytes, head.members.map { $0.offset + $0.stored }.max() ?? 0)
  }

  private func decode(
    _ bytes: [UInt8], fileSize: Int, key: Digest = EntryHeadTests.key
  ) throws(FormatError) -> EntryHead {
    let length = try EntryHead.length(bytes[...], key: key)
    guard length <= bytes.count else { throw FormatError("ends early") }
    return try EntryHead(decoding: bytes[..<length], key: key, fileSize: fileSize)
  }

  private func sealed(_ bytes: [UInt8]) -> [UInt8] {
    let body = Array(bytes.dropLast(8))
    return body + withUnsafeBytes(of: checksum(body).littleEndian) { Array($0) }
  }

  @Test func roundTrip() throws {
    let (head, bytes, fileSize) = Self.sample()
    #expect(try decode(bytes, fileSize: fileSize) == head)
    #expect(try EntryHead.length(bytes[...], key: Self.key) == bytes.count)
    // What follows in the file is none of its business.
    #expect(try decode(bytes + [1, 2, 3], fileSize: fileSize) == head)
    var empty = EntryHead(key: Self.key, presentation: Self.key, isColoured: false, members: [])
    let emptyBytes = empty.layOut()
    #expect(try decode(emptyBytes, fileSize: emptyBytes.count) == empty)
  }

  @Test func layOut() {
    let (head, bytes, _) = Self.sample()
    var end = bytes.count
    for member in head.members {
      #expect(member.offset >= end)
      if member.encoding == .raw, member.size >= 65_536 {
        #expect(member.offset % EntryHead.alignment == 0)
      }
      end = member.offset + member.stored
    }
    #expect(head.member("su")?.size == 70_000)
    #expect(head.member("nothing") == nil)
  }

  @Test func theKeyMustFit() {
    let (_, bytes, fileSize) = Self.sample()
    #expect(throws: FormatError("another key")) {
      try decode(bytes, fileSize: fileSize, key: Digest.of("other".bytes))
    }
  }

  @Test func everyTruncationIsRefused() {
    let (_, bytes, fileSize) = Self.sample()
    for count in bytes.indices {
      #expect(throws: FormatError.self) {
        try decode(Array(bytes.prefix(count)), fileSize: fileSize)
      }
      #expect(throws: FormatError.self) {
        try EntryHead(decoding: bytes[..<count], key: Self.key, fileSize: fileSize)
      }
    }
  }

  @Test func everyChangedByteIsNoticed() {
    let (_, bytes, fileSize) = Self.sample()
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1 << UInt8(index % 8)
      #expect(throws: FormatError.self, "byte \(index)") { try decode(changed, fileSize: fileSize) }
    }
  }

  @Test func membersOutsideTheFileAreRefused() {
    let (_, bytes, fileSize) = Self.sample()
    for size in [0, bytes.count, fileSize - 1] {
      #expect(throws: FormatError.self) { try decode(bytes, fileSize: size) }
    }
  }

  /// Sizes and offsets that add up to more than 64 bits, or lie in the head.
  @Test(
    arguments: [
      (size: UInt64.max, stored: 0, offset: 4096), (0, UInt64.max, 4096), (0, 0, UInt64.max),
      (8, 8, UInt64.max - 7), (1 << 63, 1 << 63, 1 << 63), (8, 8, 0), (8, 8, 44), (9, 8, 4096),
      (1 << 41, 8, 4096),
    ] as [(size: UInt64, stored: UInt64, offset: UInt64)])
  func numbersThatCannotBe(size: UInt64, stored: UInt64, offset: UInt64) throws {
    var head = EntryHead(
      key: Self.key, presentation: Self.key, isColoured: false, members: [Self.member("m", 8)])
    var bytes = head.layOut()
    let start = bytes.count - 8 - 32
    for (index, number) in [size, stored, offset].enumerated() {
      withUnsafeBytes(of: number.littleEndian) {
        bytes.replaceSubrange(start + 8 * index..<start + 8 * index + 8, with: $0)
      }
    }
    #expect(throws: FormatError.self) { try decode(sealed(bytes), fileSize: 1 << 20) }
  }

  @Test func lengthsThatCannotBe() {
    let (_, bytes, fileSize) = Self.sample()
    for length in [0, 44, 88, UInt32(EntryHead.maximumHead) + 1, UInt32.max] as [UInt32] {
      var changed = bytes
      withUnsafeBytes(of: length.littleEndian) { changed.replaceSubrange(40..<44, with: $0) }
      #expect(throws: FormatError.self) { try decode(changed, fileSize: fileSize) }
    }
  }

  @Test func hostileBytesDoNoHarm() throws {
    let (_, bytes, fileSize) = Self.sample()
    var random = SeededGenerator(seed: 6)
    for _ in 0..<4_000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: 0..<changed.count, using: &random)
        changed[at] =
          [0, 1, 0x7f, 0xff, UInt8.random(in: 0...255, using: &random)]
          .randomElement(using: &random) ?? 0
      }
      do throws(FormatError) {
        let head = try EntryHead(decoding: sealed(changed)[...], key: Self.key, fileSize: fileSize)
        for member in head.members {
          #expect(member.offset >= bytes.count && member.offset + member.stored <= fileSize)
        }
      } catch {}
    }
  }
}
