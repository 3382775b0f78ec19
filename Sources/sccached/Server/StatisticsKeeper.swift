import Glibc
import Platform
import Synchronization

/// The statistics, shared by all threads and kept over restarts in a file.
final class StatisticsKeeper: Sendable {
  private struct State {
    var statistics: Statistics
    var isDirty = false
  }

  private let state: Mutex<State>
  private let saving = Mutex(())
  /// Nil when they are not kept.
  private let path: String?

  init(path: String?) {
    self.path = path
    state = Mutex(State(statistics: path.flatMap(Self.load) ?? Statistics()))
  }

  static func load(_ path: String) -> Statistics? {
    guard let bytes = try? Files.read(path, limit: 16 << 20) else { return nil }
    return StatisticsFile.decode(bytes)
  }

  func record(_ events: (inout Statistics) -> Void) {
    state.withLock { state in
      events(&state.statistics)
      state.isDirty = true
    }
  }

  var current: Statistics { state.withLock { $0.statistics } }

  func zero() {
    state.withLock { $0 = State(statistics: Statistics(), isDirty: true) }
    save()
  }

  /// Writes them if they changed; called every few seconds and at the end.
  func save() {
    guard let path else { return }
    // One at a time: an older state must not come after a newer one.
    saving.withLock { _ in write(to: path) }
  }

  private func write(to path: String) {
    let changed = state.withLock { state -> Statistics? in
      guard state.isDirty else { return nil }
      state.isDirty = false
      return state.statistics
    }
    guard let changed else { return }
    try? Files.write(
      StatisticsFile.encode(changed), to: path, temporary: "\(path).\(getpid())", mode: 0o600)
  }
}
