/// Gives out the ids of jobs: a counter with a random start, scrambled by a permutation of all 64-bit
/// numbers. Within a process no id can come twice; with the next process's ids they meet with a
/// probability of about jobs / 2^64, because the permutation is always the same. Mozilla's servers
/// remember every id they were given, and their tokens never expire: an id used twice is a job that
/// fails or a token that works again.
struct JobIDSequence {
  private let start: UInt64
  private(set) var count: UInt64 = 0

  init(using random: inout some RandomNumberGenerator) {
    start = random.next()
  }

  mutating func next() -> JobID {
    defer { count += 1 }
    return JobID(Self.scramble(start &+ count))
  }

  /// Whether this sequence gave out the id. Answers for jobs that ended long ago, without remembering
  /// one of them.
  func hasGiven(_ job: JobID) -> Bool {
    Self.unscramble(job.number) &- start < count
  }

  /// Odd factors and shifted differences are permutations (this is the finisher of SplitMix64).
  private static func scramble(_ number: UInt64) -> UInt64 {
    var number = number
    number = (number ^ (number >> 30)) &* 0xbf58_476d_1ce4_e5b9
    number = (number ^ (number >> 27)) &* 0x94d0_49bb_1331_11eb
    return number ^ (number >> 31)
  }

  /// The factors here are the inverses of those above, modulo 2^64.
  private static func unscramble(_ number: UInt64) -> UInt64 {
    var number = unshift(number, 31) &* 0x3196_42b2_d24d_8ec3
    number = unshift(number, 27) &* 0x96de_1b17_3f11_9089
    return unshift(number, 30)
  }

  private static func unshift(_ number: UInt64, _ count: UInt64) -> UInt64 {
    // Undone from the top: each round makes `count` more bits right.
    number ^ (number >> count) ^ (number >> (2 * count))
  }
}
