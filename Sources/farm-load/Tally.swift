import Platform
import Synchronization

/// What the clients were answered, within the time that is measured.
final class Tally: Sendable {
  private struct State {
    var start: Int64 = .max
    var end: Int64 = .max
    /// Microseconds of each job that was placed.
    var latencies: [UInt32] = []
    var refused = 0
    var failed = 0
    var unconnected = 0

    var isMeasuring: Bool { (start..<end).contains(Clock.monotonic) }
  }

  private let state = Mutex(State())

  /// Both are nanoseconds of the monotonic clock.
  func measure(from start: Int64, until end: Int64) {
    state.withLock { state in
      state.start = start
      state.end = end
      state.latencies.reserveCapacity(1 << 17)
    }
  }

  var isOver: Bool { state.withLock { Clock.monotonic >= $0.end } }

  func granted(_ nanoseconds: Int64) {
    state.withLock { state in
      if state.isMeasuring { state.latencies.append(UInt32(clamping: nanoseconds / 1000)) }
    }
  }

  func refused() {
    state.withLock { state in if state.isMeasuring { state.refused += 1 } }
  }

  func failed() {
    state.withLock { state in if state.isMeasuring { state.failed += 1 } }
  }

  func couldNotConnect() {
    state.withLock { state in if state.isMeasuring { state.unconnected += 1 } }
  }

  /// One object of numbers.
  func json(
    seconds: Double, registration: Double, servers: Int, clients: Int, processorSeconds: Double,
    assignments: Int
  ) -> String {
    let state = state.withLock { $0 }
    let sorted = state.latencies.sorted()
    func milliseconds(_ part: Double) -> Double {
      guard !sorted.isEmpty else { return 0 }
      return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]) / 1000
    }
    let members: [(String, String)] = [
      ("servers", "\(servers)"), ("clients", "\(clients)"), ("seconds", "\(seconds)"),
      ("placed", "\(sorted.count)"), ("refused", "\(state.refused)"),
      ("failed", "\(state.failed)"), ("unconnected", "\(state.unconnected)"),
      ("placed_per_second", "\(Double(sorted.count) / seconds)"),
      ("p50_ms", "\(milliseconds(0.5))"), ("p90_ms", "\(milliseconds(0.9))"),
      ("p99_ms", "\(milliseconds(0.99))"), ("max_ms", "\(milliseconds(1))"),
      ("registration_seconds", "\(registration)"), ("assignments", "\(assignments)"),
      ("load_processor_seconds", "\(processorSeconds)"),
    ]
    return "{" + members.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
  }
}
