/// BLAKE3 with 256 bits of output, unkeyed, in pieces. Written after the paper (O'Connor, Aumasson,
/// Neves, Wilcox-O'Hearn: "BLAKE3, one function, fast everywhere"); Debian 12 has no library for it.
///
/// Four chunks are compressed side by side, one in each lane of the vectors: what the processors that
/// we build for all have. Where only one block is to be compressed, the other lanes idle.
package struct BLAKE3: ~Copyable {
  private static let blockLength = 64
  private static let chunkLength = 1024
  private static let groupLength = lanes * chunkLength
  private static let lanes = 4

  /// Input that is not compressed yet: the last chunk is treated differently, and any may be it.
  private var pending: [UInt8] = []
  /// Chaining values of complete subtrees, largest first: one for each bit set in `chunks`.
  private var subtrees: [ChainingValue] = []
  private var chunks: UInt64 = 0

  package init() {
    pending.reserveCapacity(2 * Self.groupLength)
  }

  /// Takes the next piece of the message.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes[...]
    while !rest.isEmpty {
      if pending.count == Self.groupLength {
        pending.withUnsafeBytes { group in
          for value in Self.compressGroup(group, firstChunk: chunks) { push(value) }
        }
        pending.removeAll(keepingCapacity: true)
      }
      let taken = min(rest.count, Self.groupLength - pending.count)
      pending.append(contentsOf: rest.prefix(taken))
      rest = rest.dropFirst(taken)
    }
  }

  /// The digest: 32 bytes.
  package consuming func finish() -> [UInt8] {
    let count = max(1, (pending.count + Self.chunkLength - 1) / Self.chunkLength)
    var node = Node(block: [], length: 0, flags: 0)
    for index in 0..<count {
      let start = index * Self.chunkLength
      let chunk = pending[start..<min(pending.count, start + Self.chunkLength)]
      node = Self.lastBlock(of: chunk, number: chunks)
      if index + 1 < count { push(node.chainingValue()) }
    }
    while let left = subtrees.popLast() {
      node = .parent(left, node.chainingValue())
    }
    node.flags |= Flag.root
    return node.chainingValue().bytes
  }

  /// Adds a chunk's value and joins every subtree that it completes.
  private mutating func push(_ value: ChainingValue) {
    chunks += 1
    var value = value
    var count = chunks
    while count & 1 == 0, let left = subtrees.popLast() {
      value = Node.parent(left, value).chainingValue()
      count >>= 1
    }
    subtrees.append(value)
  }

  /// Compresses all but the last block of a chunk.
  private static func lastBlock(of chunk: ArraySlice<UInt8>, number: UInt64) -> Node {
    var value = ChainingValue.initial
    var rest = chunk
    var flags = Flag.chunkStart
    while rest.count > blockLength {
      let node = Node(
        value: value, block: Array(rest.prefix(blockLength)), length: UInt32(blockLength),
        counter: number, flags: flags)
      value = node.chainingValue()
      rest = rest.dropFirst(blockLength)
      flags = 0
    }
    return Node(
      value: value, block: Array(rest), length: UInt32(rest.count), counter: number,
      flags: flags | Flag.chunkEnd)
  }

  /// Four whole chunks at once.
  private static func compressGroup(
    _ group: UnsafeRawBufferPointer, firstChunk: UInt64
  ) -> [ChainingValue] {
    let numbers = (0..<UInt64(lanes)).map { firstChunk + $0 }
    let low = Lanes(numbers.map { UInt32(truncatingIfNeeded: $0) })
    let high = Lanes(numbers.map { UInt32(truncatingIfNeeded: $0 >> 32) })
    return withUnsafeTemporaryAllocation(of: Lanes.self, capacity: 24) { scratch in
      let values = UnsafeMutableBufferPointer(rebasing: scratch[..<8])
      let block = UnsafeMutableBufferPointer(rebasing: scratch[8...])
      for word in 0..<8 { values[word] = Lanes(repeating: initialVector[word]) }
      for start in stride(from: 0, to: chunkLength, by: blockLength) {
        for word in 0..<16 {
          let place = start + 4 * word
          block[word] = Lanes(
            load(group, place), load(group, place + chunkLength),
            load(group, place + 2 * chunkLength), load(group, place + 3 * chunkLength))
        }
        let flags =
          (start == 0 ? Flag.chunkStart : 0)
          | (start == chunkLength - blockLength ? Flag.chunkEnd : 0)
        compress(values, block, low, high, length: UInt32(blockLength), flags: flags)
      }
      return (0..<lanes).map { lane in
        ChainingValue(words: SIMD8((0..<8).map { values[$0][lane] }))
      }
    }
  }

  @inline(__always)
  private static func load(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
    UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  private typealias Lanes = SIMD4<UInt32>

  /// What is hashed into each compression to tell the kinds of nodes apart.
  private enum Flag {
    static let chunkStart: UInt32 = 1
    static let chunkEnd: UInt32 = 2
    static let parent: UInt32 = 4
    static let root: UInt32 = 8
  }

  /// The state that a compression starts from or leaves: eight words.
  private struct ChainingValue {
    var words: SIMD8<UInt32>

    static var initial: Self { Self(words: SIMD8(initialVector)) }

    var bytes: [UInt8] {
      (0..<8).flatMap { index in withUnsafeBytes(of: words[index].littleEndian) { Array($0) } }
    }
  }

  /// A compression that was not done yet, because it may turn out to be the root.
  private struct Node {
    var value = ChainingValue.initial
    var block: [UInt8]
    var length: UInt32
    var counter: UInt64 = 0
    var flags: UInt32

    static func parent(_ left: ChainingValue, _ right: ChainingValue) -> Node {
      Node(block: left.bytes + right.bytes, length: UInt32(blockLength), flags: Flag.parent)
    }

    func chainingValue() -> ChainingValue {
      let padded = block + [UInt8](repeating: 0, count: blockLength - block.count)
      return withUnsafeTemporaryAllocation(of: Lanes.self, capacity: 24) { scratch in
        let values = UnsafeMutableBufferPointer(rebasing: scratch[..<8])
        let words = UnsafeMutableBufferPointer(rebasing: scratch[8...])
        for word in 0..<8 { values[word] = Lanes(repeating: value.words[word]) }
        padded.withUnsafeBytes { bytes in
          for word in 0..<16 { words[word] = Lanes(repeating: load(bytes, 4 * word)) }
        }
        compress(
          values, words, Lanes(repeating: UInt32(truncatingIfNeeded: counter)),
          Lanes(repeating: UInt32(truncatingIfNeeded: counter >> 32)), length: length, flags: flags)
        return ChainingValue(words: SIMD8((0..<8).map { values[$0][0] }))
      }
    }
  }

  private static let initialVector: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]

  /// Which word of the block each step of each round takes: the paper's permutation, applied once more
  /// for every round.
  private static let schedule: [Int] = {
    let permutation = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
    var order = Array(0..<16)
    var schedule: [Int] = []
    for _ in 0..<7 {
      schedule += order
      order = permutation.map { order[$0] }
    }
    return schedule
  }()

  @inline(__always)
  private static func rotate(_ value: Lanes, _ count: UInt32) -> Lanes {
    (value &>> Lanes(repeating: count)) | (value &<< Lanes(repeating: 32 - count))
  }

  @inline(__always)
  private static func mix(
    _ a: inout Lanes, _ b: inout Lanes, _ c: inout Lanes, _ d: inout Lanes, _ x: Lanes, _ y: Lanes
  ) {
    a = a &+ b &+ x
    d = rotate(d ^ a, 16)
    c = c &+ d
    b = rotate(b ^ c, 12)
    a = a &+ b &+ y
    d = rotate(d ^ a, 8)
    c = c &+ d
    b = rotate(b ^ c, 7)
  }

  /// The compression function on four independent states; `values` is replaced.
  private static func compress(
    _ values: UnsafeMutableBufferPointer<Lanes>, _ block: UnsafeMutableBufferPointer<Lanes>,
    _ counterLow: Lanes, _ counterHigh: Lanes, length: UInt32, flags: UInt32
  ) {
    var (v0, v1, v2, v3) = (values[0], values[1], values[2], values[3])
    var (v4, v5, v6, v7) = (values[4], values[5], values[6], values[7])
    var v8 = Lanes(repeating: 0x6a09_e667)
    var v9 = Lanes(repeating: 0xbb67_ae85)
    var v10 = Lanes(repeating: 0x3c6e_f372)
    var v11 = Lanes(repeating: 0xa54f_f53a)
    var (v12, v13) = (counterLow, counterHigh)
    var (v14, v15) = (Lanes(repeating: length), Lanes(repeating: flags))
    schedule.withUnsafeBufferPointer { schedule in
      for round in stride(from: 0, to: 112, by: 16) {
        mix(&v0, &v4, &v8, &v12, block[schedule[round]], block[schedule[round + 1]])
        mix(&v1, &v5, &v9, &v13, block[schedule[round + 2]], block[schedule[round + 3]])
        mix(&v2, &v6, &v10, &v14, block[schedule[round + 4]], block[schedule[round + 5]])
        mix(&v3, &v7, &v11, &v15, block[schedule[round + 6]], block[schedule[round + 7]])
        mix(&v0, &v5, &v10, &v15, block[schedule[round + 8]], block[schedule[round + 9]])
        mix(&v1, &v6, &v11, &v12, block[schedule[round + 10]], block[schedule[round + 11]])
        mix(&v2, &v7, &v8, &v13, block[schedule[round + 12]], block[schedule[round + 13]])
        mix(&v3, &v4, &v9, &v14, block[schedule[round + 14]], block[schedule[round + 15]])
      }
    }
    (values[0], values[1], values[2], values[3]) = (v0 ^ v8, v1 ^ v9, v2 ^ v10, v3 ^ v11)
    (values[4], values[5], values[6], values[7]) = (v4 ^ v12, v5 ^ v13, v6 ^ v14, v7 ^ v15)
  }
}
