#if GHA
  /// When segments are sent: soon, because a job's machine ends without a word, and seldom, because GitHub
  /// lets a repository make 200 entries a minute, which all its jobs share. Nanoseconds of the monotonic
  /// clock.
  struct SendTiming: Sendable {
    /// Nothing is stored for so long.
    static let quiet: Int64 = 3_000_000_000
    /// The first that waits has waited for so long.
    static let longest: Int64 = 30_000_000_000
    /// Between two segments of one machine.
    static let apart: Int64 = 15_000_000_000
    /// Between two large ones.
    static let apartWhenLarge: Int64 = 5_000_000_000
    static let large = 16 << 20
    static let longestPause: Int64 = 240_000_000_000

    /// Nil: nothing waits.
    private(set) var due: Int64?
    private var first: Int64?
    private var last: Int64?
    private var pauseAfterFailure: Int64 = 0
    private var notBefore: Int64 = 0

    mutating func stored(_ now: Int64, size: Int) {
      let first = self.first ?? now
      self.first = first
      let isLarge = size >= Self.large
      let wanted = isLarge ? now : min(now + Self.quiet, first + Self.longest)
      let allowed = last.map { $0 + (isLarge ? Self.apartWhenLarge : Self.apart) } ?? 0
      due = max(wanted, allowed, notBefore)
    }

    mutating func sent(_ now: Int64, more: Bool) {
      last = now
      pauseAfterFailure = 0
      notBefore = 0
      first = more ? now : nil
      due = more ? now + Self.apart : nil
    }

    mutating func failed(_ now: Int64) {
      pauseAfterFailure = min(max(pauseAfterFailure * 2, Self.apart), Self.longestPause)
      notBefore = now + pauseAfterFailure
      due = notBefore
    }
  }
#endif
