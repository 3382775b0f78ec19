import Platform

/// Credentials that a store hands out for some time: asked for when they are first needed, and again some
/// minutes before they end, by one thread, while the others go on with those that still last.
final class CredentialCache<Value: Sendable & Equatable>: Sendable {
  /// What was handed out.
  struct Granted: Sendable, Equatable {
    var value: Value
    /// Seconds since 1970; nil: they do not end.
    var end: Int64?
  }

  /// What a request is made with.
  struct Lent: Sendable, Equatable {
    let value: Value
    fileprivate let generation: Int
  }

  private struct State {
    var granted: Granted?
    /// Counts what was handed out, so that a refusal of the ones before means nothing.
    var generation = 0
    var isAsking = false
    /// Why there are none, good until `nextAsk`.
    var failure: BlobFailure?
    /// Not asked for again before this time, unless there is nothing and no reason why.
    var nextAsk: Int64 = 0
  }

  private enum Step {
    case use(Lent)
    case ask
    case fail(BlobFailure)
  }

  private let state = Monitor(State())
  private let now: @Sendable () -> Int64
  private let ask: @Sendable (BlobDeadlines) throws(BlobFailure) -> Granted

  /// Seconds before their end from which new ones are asked for.
  static var margin: Int64 { 300 }
  /// Seconds for which nobody is asked after a failure, or after getting the same again.
  static var pause: Int64 { 10 }

  /// - Parameter ask: gets new ones. Called without a lock, by one thread at a time.
  init(
    now: @escaping @Sendable () -> Int64,
    ask: @escaping @Sendable (BlobDeadlines) throws(BlobFailure) -> Granted
  ) {
    self.now = now
    self.ask = ask
  }

  /// Those to use now.
  func current(_ deadlines: BlobDeadlines) throws(BlobFailure) -> Lent {
    try lend(instead: nil, deadlines)
  }

  /// Others in place of those that the server refused; nil when there are no others.
  func replacement(for refused: Lent, _ deadlines: BlobDeadlines) throws(BlobFailure) -> Lent? {
    let lent = try lend(instead: refused.generation, deadlines)
    return lent.value == refused.value ? nil : lent
  }

  private func lend(
    instead refused: Int?, _ deadlines: BlobDeadlines
  ) throws(BlobFailure) -> Lent {
    let deadline = Clock.monotonic + Int64(deadlines.lookup) * 1_000_000
    switch state.wait(until: deadline, { step(&$0, refused) }) {
    case .use(let lent): return lent
    case .fail(let failure): throw failure
    case .ask: return try renew(deadlines)
    case nil: throw .timedOut("another thread has been asking for credentials all the time")
    }
  }

  /// Nil: somebody else is asking, and there is nothing to use until they are done.
  private func step(_ state: inout State, _ refused: Int?) -> Step? {
    let time = now()
    // A clock that was set back must not make the pause longer.
    let isPausing = (1...Self.pause).contains(state.nextAsk - time)
    if let granted = state.granted, lasts(granted, until: time) {
      let lent = Lent(value: granted.value, generation: state.generation)
      let isFresh = lasts(granted, until: time + Self.margin)
      if refused == state.generation {
        if isPausing { return .use(lent) }
      } else if isFresh || state.isAsking || isPausing {
        return .use(lent)
      }
    }
    if state.isAsking { return nil }
    if isPausing, let failure = state.failure { return .fail(failure) }
    state.isAsking = true
    return .ask
  }

  private func lasts(_ granted: Granted, until time: Int64) -> Bool {
    granted.end.map { $0 > time } ?? true
  }

  private func renew(_ deadlines: BlobDeadlines) throws(BlobFailure) -> Lent {
    do throws(BlobFailure) {
      let granted = try ask(deadlines)
      let time = now()
      return state.change { state in
        // Those that end soon are handed out until they end: asking at every request helps nobody.
        let isNoBetter =
          granted.value == state.granted?.value || !lasts(granted, until: time + Self.margin)
        state.isAsking = false
        state.granted = granted
        state.generation += 1
        state.failure = nil
        state.nextAsk = isNoBetter ? time + Self.pause : 0
        return Lent(value: granted.value, generation: state.generation)
      }
    } catch {
      let time = now()
      let old: Lent? = state.change { state in
        state.isAsking = false
        state.failure = error
        state.nextAsk = time + Self.pause
        guard let granted = state.granted, lasts(granted, until: time) else { return nil }
        return Lent(value: granted.value, generation: state.generation)
      }
      guard let old else { throw error }
      return old
    }
  }
}
