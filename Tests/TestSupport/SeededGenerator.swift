/// SplitMix64: the same numbers in every run.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  package mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  /// Bytes that compress well.
  package mutating func text(_ count: Int) -> [UInt8] {
    let words = ["alpha ", "beta ", "gamma\n", "delta ", "0123456789 "].map { Array($0.utf8) }
    var result: [UInt8] = []
    while result.count < count {
      result += words[Int(truncatingIfNeeded: next() % UInt64(words.count))]
    }
    return Array(result.prefix(count))
  }
}
