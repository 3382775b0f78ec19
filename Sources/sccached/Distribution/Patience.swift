import Platform
import Settings

/// How long a job may be away while a compiler could run here (`slow_after_ms`). On one thread.
final class Patience {
  private let tokens: Tokens
  /// Nanoseconds of the monotonic clock; nil: for ever.
  private let end: Int64?
  /// It has: the job is done here, with a token that nobody else takes meanwhile.
  private(set) var hasEnded = false

  init(_ distribution: Distribution, _ call: Call, tokens: Tokens) {
    self.tokens = tokens
    let limit = distribution.deadlines.slowAfter
    // Who wants nothing compiled here has all the patience of the other deadlines.
    end =
      limit > 0 && !call.settings.remoteOnly ? Clock.monotonic + Int64(limit) * 1_000_000 : nil
  }

  deinit {
    if hasEnded { tokens.release() }
  }

  var lasts: Bool {
    guard !hasEnded else { return false }
    guard let end, Clock.monotonic >= end else { return true }
    hasEnded = tokens.acquireIfFree()
    return !hasEnded
  }
}
