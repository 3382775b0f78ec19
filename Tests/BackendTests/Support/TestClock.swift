import Platform
import Synchronization

/// A clock that tests put forward.
final class TestClock: Sendable {
  private let offset = Mutex<Int64>(0)

  var now: Int64 { realSeconds() + offset.withLock { $0 } }
  func advance(seconds: Int64) { offset.withLock { $0 += seconds } }
}

/// What that clock begins with.
func realSeconds() -> Int64 { Clock.now / 1_000_000_000 }
