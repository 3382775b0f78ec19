import CPosix
import Glibc
import Platform
import Synchronization
import Wire

/// Accepts connections and hands each to the service on a thread of its own, so that a hit is served
/// from the accept to the reply without waking anybody else.
final class Server: Sendable {
  private struct State {
    /// Threads that wait in `accept`.
    var waiting = 0
    var threads = 0
    /// Connections being served.
    var active = 0
    var lastActivity = Clock.monotonic
    var isStopping = false
  }

  private let listener: Listener
  private let maximumConnections: Int
  private let state = Monitor(State())
  private let serve: @Sendable (_ descriptor: Int32) -> Void
  /// Threads beyond this end when they have nothing to do.
  private static let spareThreads = 8

  init(
    listener: Listener, maximumConnections: Int, serve: @escaping @Sendable (Int32) -> Void
  ) {
    self.listener = listener
    self.maximumConnections = maximumConnections
    self.serve = serve
  }

  func start() {
    for _ in 0..<2 { addThread() }
  }

  private func addThread() {
    state.withLock { state in
      state.threads += 1
      state.waiting += 1
    }
    if !startThread({ [self] in acceptLoop() }) {
      state.withLock { state in
        state.threads -= 1
        state.waiting -= 1
      }
    }
  }

  private func acceptLoop() {
    while true {
      let descriptor = cposix_accept_cloexec(listener.descriptor)
      if descriptor < 0 {
        if errno == EINTR || errno == ECONNABORTED { continue }
        if errno == EMFILE || errno == ENFILE || errno == ENOMEM {
          usleep(10_000)
          continue
        }
        state.change { state in
          state.threads -= 1
          state.waiting -= 1
        }
        return
      }
      let needsThread = state.withLock { state in
        state.waiting -= 1
        state.active += 1
        return state.waiting == 0 && state.threads < maximumConnections
      }
      if needsThread { addThread() }
      serve(descriptor)
      let ends = state.change { state in
        state.active -= 1
        state.lastActivity = Clock.monotonic
        if state.waiting >= Self.spareThreads {
          state.threads -= 1
          return true
        }
        state.waiting += 1
        return false
      }
      if ends { return }
    }
  }

  /// Stops taking connections; those being served go on.
  func stop() {
    let first = state.change { state in
      defer { state.isStopping = true }
      return !state.isStopping
    }
    if first { listener.stop() }
  }

  /// Nothing is being served, and nothing was for this long (nanoseconds).
  func isIdle(for time: Int64) -> Bool {
    state.withLock { $0.active == 0 && Clock.monotonic - $0.lastActivity >= time }
  }

  var isStopping: Bool { state.withLock { $0.isStopping } }

  /// Waits until nothing is served any more, or for so many seconds; whether it is so.
  @discardableResult
  func drain(seconds: Int64) -> Bool {
    state.wait(until: Clock.monotonic + seconds * 1_000_000_000) { $0.active == 0 ? true : nil }
      ?? false
  }

  /// Waits at most so many milliseconds, less when `stop` is called.
  func waitForStop(milliseconds: Int64) {
    _ = state.wait(until: Clock.monotonic + milliseconds * 1_000_000) { $0.isStopping ? true : nil }
  }
}
