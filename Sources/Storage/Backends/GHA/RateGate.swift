#if GHA
  import Synchronization

  /// Keeps from asking a service that wanted to be asked less, until the time that it named.
  final class RateGate: Sendable {
    /// Seconds since 1970.
    private let opens = Mutex<Int64>(0)
    private let now: @Sendable () -> Int64
    /// Seconds when it names none: GitHub counts by the minute.
    private static let pause = 60

    init(now: @escaping @Sendable () -> Int64) { self.now = now }

    func pass<Result>(
      _ ask: () throws(BlobFailure) -> Result
    ) throws(BlobFailure) -> Result {
      let left = opens.withLock { $0 } - now()
      guard left <= 0 || left > 3600 else {
        throw .limited(seconds: Int(left), "not asked for \(left) s more, as it wanted")
      }
      do throws(BlobFailure) {
        return try ask()
      } catch {
        if case .limited(let seconds, _) = error {
          let end = now() + Int64(min(max(seconds ?? Self.pause, 1), 3600))
          opens.withLock { $0 = end }
        }
        throw error
      }
    }
  }
#endif
