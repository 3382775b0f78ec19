import CPosix
import Glibc

/// Threads for work that blocks: as many as there is such work at once, up to a limit; idle ones
/// end after a while.
package final class ThreadPool: Sendable {
  private struct State {
    var queue: [@Sendable () -> Void] = []
    var head = 0
    var idle = 0
    var threads = 0
  }

  private let limit: Int
  private let state = Monitor(State())
  private static let idleLimit: Int64 = 10_000_000_000

  package init(limit: Int) {
    self.limit = limit
  }

  /// Runs `work` on a thread of the pool, a new one when none is idle; waits in a queue at the limit.
  package func run(_ work: @escaping @Sendable () -> Void) {
    let needsThread = state.change { state in
      state.queue.append(work)
      let waiting = state.queue.count - state.head
      guard waiting > state.idle, state.threads < limit else { return false }
      state.threads += 1
      return true
    }
    if needsThread, !startThread({ [self] in serve() }) {
      state.withLock { $0.threads -= 1 }
    }
  }

  private func serve() {
    while let work = next() { work() }
  }

  private func next() -> (@Sendable () -> Void)? {
    let deadline = Clock.monotonic + Self.idleLimit
    state.withLock { $0.idle += 1 }
    return state.wait(until: deadline) { state -> (@Sendable () -> Void)?? in
      if state.head < state.queue.count {
        state.idle -= 1
        let work = state.queue[state.head]
        state.head += 1
        if state.head == state.queue.count {
          state.queue.removeAll(keepingCapacity: state.queue.count < 1024)
          state.head = 0
        }
        return .some(work)
      }
      if Clock.monotonic >= deadline {
        state.idle -= 1
        state.threads -= 1
        return .some(nil)
      }
      return nil
    } ?? nil
  }
}

/// Starts a detached thread; false when the system gives none.
package func startThread(
  stackSize: Int = 512 << 10, _ body: @escaping @Sendable () -> Void
) -> Bool {
  final class Box {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  pthread_attr_setstacksize(&attributes, stackSize)
  let box = Unmanaged.passRetained(Box(body))
  var thread = pthread_t()
  let failure = pthread_create(
    &thread, &attributes,
    { argument in
      if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
      return nil
    }, box.toOpaque())
  if failure != 0 { box.release() }
  return failure == 0
}
