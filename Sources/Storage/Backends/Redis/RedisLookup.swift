#if Redis
  import Platform
  import Transport

  /// A GET that shares a connection with others. The thread that wants the value waits here, until another one
  /// has read the reply for it, or it is its turn to read.
  final class RedisLookup: Sendable {
    /// What becomes of it.
    enum Outcome: Sendable {
      case value([UInt8])
      case reply(RedisReply)
      case failed(BlobFailure)
      /// It has to ask for itself.
      case elsewhere
      /// Its value is too large to be read by somebody else: so many bytes come next, and it alone listens.
      case large(Int, isLineOver: Bool)
    }

    /// What its thread has to do.
    enum Turn: Sendable {
      case listens
      case done(Outcome)
      /// Its time is over.
      case late
    }

    private enum State {
      case waits
      case listens
      case done(Outcome)
      /// Its thread is gone; what comes is for nobody.
      case left
    }

    let key: String
    let limits: StreamDeadlines
    private let state = Monitor((state: State.waits, since: Int64.max))

    init(_ key: String, _ limits: StreamDeadlines, connectMilliseconds: Int) {
      self.key = key
      self.limits = limits
      let connectEnd = Clock.monotonic + Int64(connectMilliseconds) * 1_000_000
      state.withLock { $0.since = connectEnd }
    }

    /// When the server's silence has lasted too long.
    ///
    /// - Parameter heard: when the server was heard last by anybody.
    func deadline(heard: Int64) -> Int64 {
      let since = state.withLock { $0.since }
      return min(limits.end, max(since, heard) + Int64(limits.silence) * 1_000_000)
    }

    /// The question is on its way: from now on silence counts.
    func isSent() { state.withLock { $0.since = Clock.monotonic } }

    /// - Returns: false when nobody is there to listen.
    func listen() -> Bool {
      state.change { state in
        guard case .waits = state.state else { return false }
        state.state = .listens
        return true
      }
    }

    /// Its thread goes.
    func leave() { state.withLock { $0.state = .left } }

    func finish(_ outcome: Outcome) {
      state.change { state in
        if case .left = state.state { return }
        state.state = .done(outcome)
      }
    }

    /// - Parameter heard: when the server was heard last; asked for when the time seems to be over.
    func wait(heard: () -> Int64) -> Turn {
      while true {
        let end = deadline(heard: heard())
        let turn = state.wait(until: end) { state -> Turn? in
          switch state.state {
          case .waits, .left: return nil
          case .listens: return .listens
          case .done(let outcome): return .done(outcome)
          }
        }
        if let turn { return turn }
        guard deadline(heard: heard()) <= Clock.monotonic else { continue }
        let isLate = state.withLock { state in
          guard case .waits = state.state else { return false }
          state.state = .left
          return true
        }
        if isLate { return .late }
      }
    }
  }
#endif
