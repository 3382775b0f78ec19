import Synchronization

/// How long it takes to resolve the includes of a source, on average of late. Where that is short, a place on
/// the farm is asked for meanwhile: it stands empty for that time, which is less than the question takes
/// otherwise.
final class PreprocessingTime: Sendable {
  /// Nanoseconds; nothing is known at first.
  private let average = Mutex<Double?>(nil)
  private static let short = 25_000_000.0
  private static let weight = 0.2

  var isShort: Bool { average.withLock { $0.map { $0 < Self.short } ?? false } }

  func took(_ nanoseconds: Int64) {
    average.withLock { average in
      average = average.map { $0 + (Double(nanoseconds) - $0) * Self.weight } ?? Double(nanoseconds)
    }
  }
}
