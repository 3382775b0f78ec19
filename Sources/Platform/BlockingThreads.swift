import Synchronization

/// Threads of our own for calls that block, so that async code can wait for one without stopping the
/// few threads of the cooperative pool. Threads are started as they are needed, up to a limit; work
/// beyond that waits in a queue.
package final class BlockingThreads: Sendable {
  private struct State {
    var queue: [@Sendable () -> Void] = []
    var first = 0
    var threads = 0
    var idle = 0
  }

  private let state = Monitor(State())
  private let limit: Int
  private static let idleSeconds: Int64 = 30

  /// - Parameter limit: threads at once.
  package init(limit: Int) {
    self.limit = limit
  }

  /// Runs `body` on a thread and waits for what it returns.
  package func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      submit { continuation.resume(returning: body()) }
    }
  }

  private func submit(_ work: @escaping @Sendable () -> Void) {
    // Waking all of them for one piece of work costs more than most pieces.
    let needsThread = state.changeForOne { state in
      state.queue.append(work)
      guard state.idle < state.queue.count - state.first, state.threads < limit else {
        return false
      }
      state.threads += 1
      return true
    }
    guard needsThread else { return }
    if !startThread({ [self] in serve() }) {
      let isAlone = state.withLock { state in
        state.threads -= 1
        return state.threads == 0
      }
      // The system gives no thread and none is there: better slowly than never.
      if isAlone { serve(staysIdle: false) }
    }
  }

  private func serve(staysIdle: Bool = true) {
    while let work = next(staysIdle) { work() }
  }

  private func next(_ staysIdle: Bool) -> (@Sendable () -> Void)? {
    let deadline = staysIdle ? Clock.monotonic + Self.idleSeconds * 1_000_000_000 : 0
    state.withLock { $0.idle += 1 }
    let work: (@Sendable () -> Void)? = state.wait(until: deadline) { state in
      guard state.first < state.queue.count else { return nil }
      let work = state.queue[state.first]
      state.first += 1
      if state.first == state.queue.count {
        state.queue.removeAll(keepingCapacity: true)
        state.first = 0
      }
      return work
    }
    state.withLock { state in
      state.idle -= 1
      if work == nil { state.threads -= 1 }
    }
    return work
  }
}
