import Platform

/// The right to run one compiler: as many at once as there are tokens. Callers that run under a
/// make jobserver have a token from there and need none of these.
final class Tokens: Sendable {
  private let free: Monitor<FreeCount>
  let count: Int

  init(count: Int) {
    self.count = count
    free = Monitor(FreeCount(count))
  }

  /// Waits for a token; `isWanted` is asked once a second and ends the wait with false.
  func acquire(whileWanted isWanted: () -> Bool) -> Bool {
    while true {
      if free.wait(until: Clock.monotonic + 1_000_000_000, { $0.take() }) != nil { return true }
      if !isWanted() { return false }
    }
  }

  /// False when none is free.
  func acquireIfFree() -> Bool {
    free.withLock { $0.take() } != nil
  }

  func release() {
    free.change { $0.giveBack() }
  }

  /// Whether the caller's parallelism is governed by a GNU make jobserver, in either spelling and
  /// form (pipe or fifo); the wrapper hands it on to the compiler by running it as its child.
  static func callerHasJobserver(_ environment: RequestEnvironment) -> Bool {
    for name in ["MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"] {
      guard let flags = environment.value(name) else { continue }
      if flags.contains("--jobserver-auth=") || flags.contains("--jobserver-fds=") { return true }
    }
    return false
  }
}
