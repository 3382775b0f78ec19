#if Memcached
  import CMemcached
  import Platform
  import Transport

  /// Ends questions whose time is over. libmemcached limits each of its waits, and not all of them together: a
  /// server that says a byte now and then would hold its caller for as long as it likes. What a wait may take
  /// is looked up when it begins, so it is made shorter from outside when the end comes near.
  final class MemcachedVigil: Sendable {
    fileprivate struct Question {
      /// The address of the handle, which lives as long as the question is here.
      var handle: UInt
      /// Nanoseconds.
      var silence: Int64
      var end: Int64
    }

    private struct State {
      var questions: [Int: Question] = [:]
      var count = 0
      var hasThread = false
      /// When the thread looks next.
      var nextLook: Int64 = 0
    }

    private let state = Monitor(State())

    /// Between two looks at a question whose end is near.
    private static let step: Int64 = 50_000_000
    /// The thread ends when there was nothing for so long.
    private static let longestIdle: Int64 = 10_000_000_000

    func guarding<Result>(
      _ handle: UnsafeMutablePointer<memcached_st>, _ deadlines: StreamDeadlines,
      _ body: () -> Result
    ) -> Result {
      let question = Question(
        handle: UInt(bitPattern: handle), silence: Int64(deadlines.silence) * 1_000_000,
        end: deadlines.end)
      let (number, isSooner) = state.withLock { state in
        state.count += 1
        state.questions[state.count] = question
        return (state.count, !state.hasThread || question.firstLook < state.nextLook)
      }
      if isSooner { wakeOrStart() }
      defer { state.withLock { _ = $0.questions.removeValue(forKey: number) } }
      return body()
    }

    private func wakeOrStart() {
      let isStarted = state.change { state in
        defer { state.hasThread = true }
        state.nextLook = 0
        return state.hasThread
      }
      guard !isStarted, !startThread(stackSize: 256 << 10, { [self] in while look() {} }) else {
        return
      }
      // The waits have their own limits, at least.
      state.withLock { $0.hasThread = false }
    }

    /// - Returns: whether to go on.
    private func look() -> Bool {
      let next = state.withLock { state -> Int64? in
        let now = Clock.monotonic
        if state.questions.isEmpty, state.nextLook != 0, state.nextLook <= now {
          state.hasThread = false
          return nil
        }
        var next = now + Self.longestIdle
        for question in state.questions.values {
          if question.firstLook <= now {
            question.shorten(now)
            next = min(next, now + Self.step)
          } else {
            next = min(next, question.firstLook)
          }
        }
        state.nextLook = next
        return next
      }
      guard let next else { return false }
      _ = state.wait(until: next) { $0.nextLook < next ? true : nil }
      return true
    }
  }

  extension MemcachedVigil.Question {
    /// Waits that began earlier end before the end by themselves.
    fileprivate var firstLook: Int64 { end - silence }

    /// From now on no wait is longer than what is left.
    fileprivate func shorten(_ now: Int64) {
      let left = max(0, end - now) / 1_000_000
      memcached_behavior_set(
        UnsafeMutablePointer(bitPattern: handle), MEMCACHED_BEHAVIOR_POLL_TIMEOUT, UInt64(left))
    }
  }
#endif
