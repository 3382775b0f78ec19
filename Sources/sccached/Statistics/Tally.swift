/// Counts by name: refusals by reason, compilations by build server, hits by language.
///
/// A caller can make up names without end (a reason may quote an option), so a tally keeps at most
/// `capacity` names of at most `nameLimit` bytes and counts the rest under `overflowName`.
struct Tally: Sendable, Equatable {
  static let capacity = 4096
  static let nameLimit = 1024
  static let overflowName = "(other)"

  private(set) var counts: [String: UInt64] = [:]

  var isEmpty: Bool { counts.isEmpty }
  var total: UInt64 { counts.values.reduce(0) { $0.addingClamped($1) } }
  subscript(name: String) -> UInt64 { counts[name] ?? 0 }

  mutating func add(_ name: String, _ amount: UInt64 = 1) {
    guard amount > 0 else { return }
    let isKept =
      counts[name] != nil
      || counts.count < Tally.capacity && name.utf8.count <= Tally.nameLimit
    let name = isKept ? name : Tally.overflowName
    counts[name, default: 0].increase(by: amount)
  }

  mutating func merge(_ other: Tally) {
    for (name, count) in other.byName { add(name, count) }
  }

  /// Names in the order of their code points.
  var byName: [(name: String, count: UInt64)] {
    counts.map { (name: $0.key, count: $0.value) }
      .sorted { Tally.precedes($0.name, $1.name) }
  }

  /// The largest count first; equal counts in the order of their names.
  var byCount: [(name: String, count: UInt64)] {
    counts.map { (name: $0.key, count: $0.value) }
      .sorted { $0.count != $1.count ? $0.count > $1.count : Tally.precedes($0.name, $1.name) }
  }

  /// Order of UTF-8 bytes: the same on every machine, and that of the original.
  static func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }
}

/// One event counted under its language (`C/C++`) and, finer, under the exact language and compiler
/// (`c++ [gcc]`).
struct LanguageCounts: Sendable, Equatable {
  private(set) var counts = Tally()
  private(set) var advanced = Tally()

  init() {}

  init(counts: Tally, advanced: Tally) {
    self.counts = counts
    self.advanced = advanced
  }

  var total: UInt64 { counts.total }

  mutating func add(language: String, advanced name: String) {
    counts.add(language)
    advanced.add(name)
  }

  mutating func merge(_ other: LanguageCounts) {
    counts.merge(other.counts)
    advanced.merge(other.advanced)
  }
}

/// A sum of durations, in whole nanoseconds: enough for five centuries, and never an overflow.
struct TotalTime: Sendable, Equatable {
  var nanoseconds: UInt64 = 0

  var seconds: UInt64 { nanoseconds / 1_000_000_000 }
  var subsecondNanoseconds: UInt64 { nanoseconds % 1_000_000_000 }

  /// A clock that went backwards counts as no time.
  mutating func add(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, attoseconds >= 0 else { return }
    let (whole, isTooLarge) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    nanoseconds.increase(
      by: isTooLarge ? .max : whole.addingClamped(UInt64(attoseconds) / 1_000_000_000))
  }

  mutating func merge(_ other: TotalTime) { nanoseconds.increase(by: other.nanoseconds) }

  /// The mean over `count` events; zero when there were none.
  func average(over count: UInt64) -> TotalTime {
    TotalTime(nanoseconds: count == 0 ? 0 : nanoseconds / count)
  }
}

extension UInt64 {
  /// A sum that stays at the largest value instead of trapping.
  func addingClamped(_ amount: UInt64) -> UInt64 {
    let (sum, isTooLarge) = addingReportingOverflow(amount)
    return isTooLarge ? .max : sum
  }

  mutating func increase(by amount: UInt64 = 1) { self = addingClamped(amount) }
}
