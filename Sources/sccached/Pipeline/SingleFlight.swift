import Platform

/// Of equal compilations at the same time one runs; the others wait and then find its result in the
/// cache.
final class SingleFlight: Sendable {
  private let running = Monitor<Set<Digest>>([])

  /// True when this call now leads the flight and must end it; false when another one did and has
  /// ended. Nil when the caller is no longer wanted (`isWanted` is asked once a second).
  func lead(_ key: Digest, whileWanted isWanted: () -> Bool) -> Bool? {
    if running.withLock({ $0.insert(key).inserted }) { return true }
    while true {
      let ended = running.wait(until: Clock.monotonic + 1_000_000_000) { running -> Bool? in
        running.contains(key) ? nil : true
      }
      if ended == true { return false }
      if !isWanted() { return nil }
    }
  }

  func end(_ key: Digest) {
    running.change { _ = $0.remove(key) }
  }
}
