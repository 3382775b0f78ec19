/// What to tell a person who waits for a toolchain to be packed: nothing for two seconds, then a line
/// each second.
package struct PackingNotice: Sendable {
  private let program: String
  private var next: Int64

  private static let patience: Int64 = 2_000_000_000
  private static let interval: Int64 = 1_000_000_000

  /// - Parameter now: the monotonic clock, in nanoseconds.
  package init(program: String, now: Int64) {
    self.program = program
    next = now + Self.patience
  }

  /// A line to print, without its end; nil while there is nothing to say.
  package mutating func line(done: Int64, total: Int64, now: Int64) -> String? {
    guard now >= next, done < total else { return nil }
    next = now + Self.interval
    return "sccache: packing the toolchain of \(program): \(done * 100 / max(total, 1)) % of "
      + "\(total / 1_000_000) MB"
  }
}
