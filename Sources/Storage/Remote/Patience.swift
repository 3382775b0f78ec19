import Platform

/// How long a store is waited for that always answered at once: one that stops in the middle of a build should
/// not cost every compiler the whole of a lookup's time.
struct Patience: Sendable {
  /// Nanoseconds of the slowest of the last small answers; forgotten little by little.
  private var slowest: Int64 = 0
  private var samples = 0

  private static let leastSamples = 32
  /// Nobody gives up sooner: servers and the ways to them have their moments.
  private static let leastWait = 400
  /// Times the slowest answer.
  private static let excess: Int64 = 20
  /// An answer that comes in pieces takes its time.
  static let small = 64 << 10

  /// - Parameter nanoseconds: that a small answer took, or that were waited in vain.
  mutating func learn(nanoseconds: Int64) {
    samples += 1
    slowest = max(nanoseconds, slowest - slowest / 64)
  }

  /// What a question may take whose answer is expected soon.
  ///
  /// - Returns: nil when its time is not shorter than any other's.
  func hastened(_ deadlines: BlobDeadlines) -> BlobDeadlines? {
    guard samples >= Self.leastSamples else { return nil }
    let wait = max(Self.leastWait, Int(min(slowest, 1 << 40) * Self.excess / 1_000_000))
    guard wait < deadlines.lookup else { return nil }
    var deadlines = deadlines
    deadlines.firstByte = wait
    return deadlines
  }
}
