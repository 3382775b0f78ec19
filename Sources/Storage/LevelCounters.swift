/// What one level of the stores has done since the daemon began. Zeroing the statistics leaves them alone,
/// as with Mozilla's.
package struct LevelCounters: Sendable, Equatable {
  package var hits = 0
  package var misses = 0
  package var writes = 0
  package var writeFailures = 0
  /// Results that were found here and put into nearer levels.
  package var backfillsFrom = 0
  /// Results of farther levels that were put here.
  package var backfillsTo = 0
  package var hitNanoseconds: Int64 = 0
  package var writeNanoseconds: Int64 = 0
  /// Lookups that failed.
  package var readFailures = 0
  /// Lookups that were not made, since the store rested.
  package var skipped = 0
  /// Results that were not written, for want of room in the queue or of time at the end.
  package var dropped = 0
  /// Entries that were not fetched, since compiling is faster than the way.
  package var slowerThanCompiling = 0

  package init() {}
}
