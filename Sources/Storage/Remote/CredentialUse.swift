import Platform

extension CredentialCache {
  /// Asks a service with what it handed out. When it refuses what may be old, something new is got, once,
  /// and it is asked again: it may have been withdrawn, or a clock is wrong.
  ///
  /// - Parameter deadlines: for all together.
  func use<Result>(
    _ deadlines: BlobDeadlines,
    _ question: (Value, BlobDeadlines) throws(BlobFailure) -> Result
  ) throws(BlobFailure) -> Result {
    let started = Clock.monotonic
    let first = try current(deadlines)
    do throws(BlobFailure) {
      return try question(first.value, deadlines.left(since: started))
    } catch {
      guard case .denied = error,
        let second = try replacement(for: first, deadlines.left(since: started))
      else { throw error }
      return try question(second.value, deadlines.left(since: started))
    }
  }
}

extension BlobDeadlines {
  /// What is left of them since a moment of the monotonic clock. At least a millisecond, so that nothing is
  /// taken for "no limit".
  func left(since start: Int64) -> BlobDeadlines {
    let spent = Int((Clock.monotonic - start) / 1_000_000)
    var left = self
    left.lookup = max(1, lookup - spent)
    left.connect = max(1, min(connect, left.lookup))
    left.total = max(1, total - spent)
    return left
  }
}
