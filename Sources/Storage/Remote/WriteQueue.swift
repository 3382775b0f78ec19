import Platform

/// Work that is done behind the reply, by a few threads, in a bounded queue. What finds no room is
/// dropped, and whoever brings it learns that.
package final class WriteQueue: Sendable {
  package struct Limits: Sendable, Equatable {
    /// At once.
    package var threads = 4
    /// Waiting and under way.
    package var entries = 1024
    package var bytes = 1 << 30

    package init() {}
  }

  private struct Item {
    let bytes: Int
    let work: @Sendable () -> Void
  }

  private struct State {
    var items: [Item] = []
    var first = 0
    var threads = 0
    var idle = 0
    var entries = 0
    var bytes = 0
  }

  private let state = Monitor(State())
  private let limits: Limits
  private static let idleNanoseconds: Int64 = 5_000_000_000

  package init(_ limits: Limits = Limits()) { self.limits = limits }

  /// Entries that wait or are under way.
  package var count: Int { state.withLock { $0.entries } }

  /// - Parameter bytes: what it keeps from being freed.
  /// - Returns: false when there is no room, or no thread to be had.
  package func submit(bytes: Int, _ work: @escaping @Sendable () -> Void) -> Bool {
    enum Room { case none, taken, takenNeedsThread }
    let room = state.changeForOne { state -> Room in
      guard state.entries < limits.entries, state.bytes + bytes <= limits.bytes else {
        return .none
      }
      state.entries += 1
      state.bytes += bytes
      state.items.append(Item(bytes: bytes, work: work))
      let waiting = state.items.count - state.first
      guard state.idle < waiting, state.threads < limits.threads else { return .taken }
      state.threads += 1
      return .takenNeedsThread
    }
    switch room {
    case .none: return false
    case .taken: return true
    case .takenNeedsThread:
      if startThread({ [self] in serve() }) { return true }
      return state.change { state in
        state.threads -= 1
        guard state.threads == 0, let last = state.items.popLast() else { return true }
        state.entries -= 1
        state.bytes -= last.bytes
        return false
      }
    }
  }

  private func serve() {
    while let item = next() {
      item.work()
      state.change { state in
        state.entries -= 1
        state.bytes -= item.bytes
      }
    }
  }

  /// Nil: this thread ends, and doesn't count any more.
  private func next() -> Item? {
    let deadline = Clock.monotonic + Self.idleNanoseconds
    state.withLock { $0.idle += 1 }
    let item = state.wait(until: deadline) { state -> Item? in
      guard state.first < state.items.count else { return nil }
      let item = state.items[state.first]
      state.first += 1
      if state.first > 256, state.first * 2 > state.items.count {
        state.items.removeFirst(state.first)
        state.first = 0
      }
      state.idle -= 1
      return item
    }
    if let item { return item }
    return state.change { state -> Item? in
      state.idle -= 1
      // Something may have come just now.
      guard state.first < state.items.count else {
        state.threads -= 1
        state.items = []
        state.first = 0
        return nil
      }
      state.first += 1
      return state.items[state.first - 1]
    }
  }

  /// Waits until everything is done.
  ///
  /// - Parameter deadline: nanoseconds of the monotonic clock.
  /// - Returns: false when that came first.
  package func drain(until deadline: Int64) -> Bool {
    state.wait(until: deadline) { $0.entries == 0 ? true : nil } ?? false
  }
}
