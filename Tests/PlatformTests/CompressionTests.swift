import TestSupport
import Testing

@testable import Platform

@Suite struct CompressionTests {
  private func compress(_ bytes: [UInt8], level: Int = 1) -> [UInt8]? {
    bytes.withUnsafeBytes { Compression.compress($0, level: level) }
  }

  private func decompress(_ bytes: [UInt8], count: Int) -> [UInt8]? {
    bytes.withUnsafeBytes { Compression.decompress($0, count: count) }
  }

  private func streamed(_ bytes: [UInt8], piece: Int) -> [UInt8] {
    var compressor = StreamCompressor(level: 1)
    var result: [UInt8] = []
    var start = 0
    repeat {
      let end = min(bytes.count, start + piece)
      bytes[start..<end].withUnsafeBytes { input in
        _ = compressor.feed(input, isLast: end == bytes.count) { result += Array($0) }
      }
      start = end
    } while start < bytes.count
    return result
  }

  /// Complete means: nothing is left of the last frame, whatever was complete before.
  @Test func framesInARow() {
    let first = streamed([1, 2, 3], piece: 10)
    let second = streamed([4], piece: 10)
    for piece in [1, 4, 100] {
      let both = unstreamed(first + second, piece: piece)
      #expect(both.bytes == [1, 2, 3, 4])
      #expect(both.isGood && both.isFinished)
      let cut = unstreamed(first + second.dropLast(), piece: piece)
      #expect(cut.isGood && !cut.isFinished)
      let junk = unstreamed(first + [0], piece: piece)
      #expect(!junk.isGood || !junk.isFinished)
    }
    #expect(!unstreamed([], piece: 1).isFinished)
  }

  /// A frame says itself how much memory its decoder needs.
  @Test(arguments: [(20, true), (23, true), (24, false), (41, false)] as [(UInt8, Bool)])
  func windowsAreBounded(log: UInt8, isTaken: Bool) {
    let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 1, 0, 0]
    var decompressor = StreamDecompressor(windowLog: 23)
    let isGood = frame.withUnsafeBytes { decompressor.feed($0) { _ in } }
    #expect(isGood == isTaken)
    #expect(decompressor.isFinished == isTaken)
  }

  /// What comes out, and whether the frame was good and complete.
  private func unstreamed(_ bytes: [UInt8], piece: Int) -> (
    bytes: [UInt8], isGood: Bool, isFinished: Bool
  ) {
    var decompressor = StreamDecompressor()
    var result: [UInt8] = []
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + piece)
      let good = bytes[start..<end].withUnsafeBytes { input in
        decompressor.feed(input) { result += Array($0) }
      }
      guard good else { return (result, false, decompressor.isFinished) }
      start = end
    }
    return (result, true, decompressor.isFinished)
  }

  @Test(arguments: [1, 3, 19, -5, Compression.levels.lowerBound, Compression.levels.upperBound])
  func inOnePiece(level: Int) throws {
    var random = SeededGenerator(seed: 1)
    let text = random.text(20_000)
    // The fastest levels may gain nothing, which is an answer too.
    guard let packed = compress(text, level: level) else { return }
    #expect(packed.count <= 18_000)
    #expect(decompress(packed, count: text.count) == text)
  }

  @Test func whatDoesNotShrinkStaysAsItIs() {
    var random = SeededGenerator(seed: 2)
    #expect(compress(random.bytes(10_000)) == nil)
    #expect(compress([]) == nil)
    #expect(compress([UInt8](repeating: 0, count: 60)) == nil)
  }

  @Test func theSizeMustBeTold() throws {
    var random = SeededGenerator(seed: 3)
    let text = random.text(5_000)
    let packed = try #require(compress(text))
    for count in [0, 1, 4_999, 5_001, 1 << 20] { #expect(decompress(packed, count: count) == nil) }
  }

  @Test func everyTruncationIsNoticed() throws {
    var random = SeededGenerator(seed: 4)
    let text = random.text(2_000)
    let packed = try #require(compress(text))
    for count in packed.indices {
      #expect(decompress(Array(packed.prefix(count)), count: text.count) == nil)
      let streamed = unstreamed(Array(packed.prefix(count)), piece: 100)
      #expect(!streamed.isFinished, "cut to \(count) bytes it counts as complete")
    }
  }

  @Test func damageIsNoticedOrHarmless() throws {
    var random = SeededGenerator(seed: 5)
    let text = random.text(2_000)
    let packed = try #require(compress(text))
    for index in packed.indices {
      var changed = packed
      changed[index] ^= UInt8.random(in: 1...255, using: &random)
      // Without a checksum zstd can't notice all of it; the size must hold.
      if let unpacked = decompress(changed, count: text.count) {
        #expect(unpacked.count == text.count)
      }
      _ = unstreamed(changed, piece: 700)
    }
  }

  @Test(arguments: [0, 1, 100, 131_072, 131_073, 1_000_000])
  func inPieces(count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    for bytes in [random.text(count), random.bytes(count)] {
      for piece in [1 << 20, 65_536, 777] {
        let packed = streamed(bytes, piece: piece)
        for readPiece in [1 << 20, 4_096, 333] {
          let result = unstreamed(packed, piece: readPiece)
          #expect(result.isGood && result.isFinished)
          #expect(result.bytes == bytes)
        }
      }
    }
  }

  @Test func aFullOutputBufferLosesNothing() {
    // Multiples of what the decompressor gives at once.
    for count in [131_072, 262_144, 393_216] {
      let zeros = [UInt8](repeating: 0, count: count)
      let result = unstreamed(streamed(zeros, piece: 1 << 20), piece: 1 << 20)
      #expect(result.isFinished && result.bytes.count == count)
    }
  }

  /// A few bytes that unpack to much: whoever takes them can stop.
  @Test func aBombCanBeStopped() {
    struct Enough: Error {}
    let packed = streamed([UInt8](repeating: 0, count: 8 << 20), piece: 1 << 20)
    #expect(packed.count < 2_000)
    var decompressor = StreamDecompressor()
    var taken = 0
    #expect(throws: Enough.self) {
      try packed.withUnsafeBytes { input in
        try decompressor.feed(input) { (piece: UnsafeRawBufferPointer) throws(Enough) in
          taken += piece.count
          if taken > 1 << 20 { throw Enough() }
        }
      }
    }
    #expect(taken < 2 << 20)
    #expect(decompress(packed, count: 1_000) == nil)
  }

  @Test func garbageIsRefused() {
    var random = SeededGenerator(seed: 9)
    for count in [1, 4, 18, 500] {
      let bytes = random.bytes(count)
      #expect(decompress(bytes, count: 100) == nil)
      let result = unstreamed(bytes, piece: 64)
      #expect(!(result.isGood && result.isFinished))
    }
  }
}
