import Platform
import TestSupport
import Testing

@testable import CacheKey

@Suite struct ManifestTests {
  private static let key = Digest.of("key".bytes)

  private static func result(
    _ number: Int, files: [String] = ["a.c", "a.h"], place: Digest? = nil,
    presentation: Digest? = nil, conditions: [Manifest.Condition] = []
  ) -> Manifest.Result {
    Manifest.Result(
      entry: Digest.of("entry\(number)".bytes), isQuiet: number.isMultiple(of: 2), place: place,
      presentation: presentation,
      files: files.map { name in
        Manifest.File(
          path: name, exact: Digest.of("\(name)\(number)".bytes),
          relaxed: Manifest.File.neverRelaxed)
      },
      expected: [
        ExpectedNames(directory: "inc", absent: ["x.h", ""], present: ["o.h"]),
        ExpectedNames(directory: "a.c", absent: []),
      ], conditions: conditions)
  }

  private static let sample = Manifest(
    key: key,
    results: [
      result(1), result(2, place: Digest.of([1])), result(3, files: []),
      result(5, presentation: Digest.of([2])),
      result(6, place: Digest.of([1]), presentation: Digest.of([2])),
      result(4, files: ["\u{e4}", "\u{1}0/b"]),
      result(
        7, place: Digest.of([3]),
        conditions: [
          Manifest.Condition(name: "OUT_DIR", value: Digest.of([4])),
          Manifest.Condition(name: "", value: Digest.of([])),
        ]),
    ])

  private func decode(_ bytes: [UInt8], key: Digest = ManifestTests.key) throws(FormatError)
    -> Manifest
  {
    try Manifest(decoding: bytes, key: key)
  }

  /// The bytes with a checksum that fits them.
  private func sealed(_ bytes: [UInt8]) -> [UInt8] {
    let body = Array(bytes.dropLast(8))
    return body + withUnsafeBytes(of: checksum(body).littleEndian) { Array($0) }
  }

  @Test func roundTrip() throws {
    #expect(try decode(Self.sample.encode()) == Self.sample)
    let empty = Manifest(key: Self.key)
    #expect(try decode(empty.encode()) == empty)
  }

  @Test func theKeyMustFit() {
    #expect(throws: FormatError("another key")) {
      try decode(Self.sample.encode(), key: Digest.of("other".bytes))
    }
  }

  @Test func everyTruncationIsRefused() {
    let bytes = Self.sample.encode()
    for count in bytes.indices {
      #expect(throws: FormatError.self) { try decode(Array(bytes.prefix(count))) }
    }
    for count in bytes.indices.dropFirst(8) {
      // Even with a checksum that fits.
      #expect(throws: FormatError.self, "\(count) bytes") {
        try decode(sealed(Array(bytes.prefix(count))))
      }
    }
    #expect(throws: FormatError.self) { try decode(bytes + [0]) }
    #expect(throws: FormatError.self) { try decode(sealed(bytes + [0])) }
  }

  @Test func everyChangedByteIsNoticed() {
    let bytes = Self.sample.encode()
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1 << UInt8(index % 8)
      #expect(throws: FormatError.self) { try decode(changed) }
    }
  }

  /// With a fitting checksum anything may come out but a crash.
  @Test func hostileBytesDoNoHarm() throws {
    var random = SeededGenerator(seed: 8)
    let bytes = Self.sample.encode()
    for _ in 0..<4_000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: 8..<changed.count - 8, using: &random)
        changed[at] =
          [0, 1, 0x7f, 0xff, UInt8.random(in: 0...255, using: &random)]
          .randomElement(using: &random) ?? 0
      }
      do throws(FormatError) { _ = try decode(sealed(changed)) } catch {}
    }
  }

  /// Where the counts of the sample lie: each is set to what can't be.
  @Test(arguments: [40, 44])
  func countsThatCannotBe(offset: Int) {
    for count in [0x00ff_ffff, 0x7fff_ffff, UInt32.max] as [UInt32] {
      var bytes = Self.sample.encode()
      withUnsafeBytes(of: count.littleEndian) {
        bytes.replaceSubrange(offset..<offset + 4, with: $0)
      }
      #expect(throws: FormatError.self) { try decode(sealed(bytes)) }
    }
  }

  // MARK: adding

  @Test func newestFirst() {
    var manifest = Manifest(key: Self.key)
    for number in 1...3 { manifest.add(Self.result(number)) }
    #expect(manifest.results.map(\.entry) == [3, 2, 1].map { Self.result($0).entry })
  }

  @Test func bounded() {
    var manifest = Manifest(key: Self.key)
    for number in 0..<100 { manifest.add(Self.result(number)) }
    #expect(manifest.results.count == Manifest.maximumResults)
    #expect(manifest.results.first == Self.result(99))
    #expect(manifest.results.last == Self.result(100 - Manifest.maximumResults))
  }

  /// An entry's key covers everything that its result depends on.
  @Test func theSameEntryIsReplaced() {
    var manifest = Manifest(key: Self.key)
    manifest.add(Self.result(1))
    manifest.add(Self.result(2))
    manifest.add(Self.result(1))
    #expect(manifest.results == [Self.result(1), Self.result(2)])
    var other = Self.result(1)
    other.isQuiet.toggle()
    manifest.add(other)
    #expect(manifest.results == [other, Self.result(2)])
    other.entry = Digest.of("another".bytes)
    manifest.add(other)
    #expect(manifest.results.count == 3)
  }

  /// Two names that are one to Unicode are two to the file system.
  @Test func canonicallyEqualPathsStayApart() throws {
    var manifest = Manifest(key: Self.key)
    manifest.add(Self.result(1, files: ["\u{e9}.h", "e\u{301}.h"]))
    let files = try decode(manifest.encode()).results[0].files.map { Array($0.path.utf8) }
    #expect(files == [Array("\u{e9}.h".utf8), Array("e\u{301}.h".utf8)])
  }

  @Test func noTextCountsAsNeverRelaxed() {
    #expect(Manifest.File.neverRelaxed != Digest.of([]))
  }
}
