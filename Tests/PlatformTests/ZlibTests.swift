import Testing

@testable import Platform

@Suite struct ZlibTests {
  private static let text = Array(String(repeating: "one two three ", count: 20_000).utf8)

  private func deflate(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { Zlib.deflate($0) } }

  private func inflate(_ bytes: [UInt8], count: Int) -> [UInt8]? {
    bytes.withUnsafeBytes { Zlib.inflate($0, count: count) }
  }

  private func feed(
    _ stream: [UInt8], piece: Int, limit: Int
  ) -> (progress: Inflater.Progress, bytes: [UInt8]) {
    var inflater = Inflater(limit: limit)
    var result: [UInt8] = []
    for start in stride(from: 0, to: stream.count, by: piece) {
      let progress = stream[start..<min(stream.count, start + piece)].withUnsafeBytes { bytes in
        inflater.feed(bytes) { result.append(contentsOf: $0) }
      }
      if progress != .needsMore { return (progress, result) }
    }
    return (.needsMore, result)
  }

  @Test(arguments: [0, 1, 13, 65_536, 280_000])
  func comesBack(count: Int) {
    let bytes = Array(Self.text.prefix(count))
    let stream = deflate(bytes)
    #expect(stream.starts(with: [0x78, 0x01]), "level 1, as RFC 1950 marks it")
    #expect(inflate(stream, count: count) == bytes)
    #expect(inflate(stream + [1, 2, 3], count: count) == bytes, "what follows is ignored")
    #expect(inflate(stream, count: count + 1) == nil)
    if count > 0 {
      #expect(inflate(stream, count: count - 1) == nil)
      #expect(inflate(Array(stream.dropLast()), count: count) == nil)
    }
  }

  @Test(arguments: [1, 7, 4096, 1 << 20])
  func comesBackInPieces(piece: Int) {
    var deflater = Deflater()
    var stream: [UInt8] = []
    for start in stride(from: 0, to: Self.text.count, by: 50_000) {
      let end = min(Self.text.count, start + 50_000)
      Self.text[start..<end].withUnsafeBytes { bytes in
        deflater.feed(bytes, isLast: end == Self.text.count) { stream.append(contentsOf: $0) }
      }
    }
    let (progress, bytes) = feed(stream, piece: piece, limit: Self.text.count)
    guard case .finished = progress else {
      Issue.record("\(progress)")
      return
    }
    #expect(bytes == Self.text)
  }

  @Test func aBombStopsAtTheLimit() {
    let bomb = deflate([UInt8](repeating: 0, count: 50_000_000))
    let (progress, bytes) = feed(bomb, piece: 1000, limit: 100_000)
    #expect(progress == .tooLong)
    #expect(bytes.count <= 100_000)
  }

  @Test func aCountThatCannotBeTakesNoMemory() {
    #expect(inflate(deflate([1, 2, 3]), count: .max) == nil)
    #expect(inflate([], count: 1 << 40) == nil)
    #expect(inflate([], count: -1) == nil)
  }

  @Test func theEndIsFound() {
    let stream = deflate(Array("text".utf8))
    let (progress, _) = feed(stream + [9, 9, 9, 9], piece: 1000, limit: 100)
    #expect(progress == .finished(used: stream.count))
  }

  @Test func damageIsSeen() {
    var stream = deflate(Self.text)
    stream[stream.count - 1] ^= 1
    #expect(inflate(stream, count: Self.text.count) == nil)
    #expect(feed([1, 2, 3, 4], piece: 4, limit: 100).progress == .damaged)
  }
}
