import Farm

/// The jobs that the scheduler has announced, from assign_job until they were run, given up or expired.
struct AssignedJobs: Sendable {
  struct Record: Sendable {
    var archive: ArchiveID
    var isRunning = false
    /// Nanoseconds of the monotonic clock.
    var assigned: Int64
  }

  private(set) var records: [JobID: Record] = [:]
  /// A client that has not come by then does not come any more; the scheduler gives up earlier.
  static let lifetime: Int64 = 600_000_000_000
  private static let limit = 10_000

  /// False when there are too many, or the id is taken.
  mutating func add(_ job: JobID, _ archive: ArchiveID, now: Int64) -> Bool {
    expire(now)
    guard records[job] == nil, records.count < Self.limit else { return false }
    records[job] = Record(archive: archive, assigned: now)
    return true
  }

  func archive(of job: JobID) -> ArchiveID? { records[job]?.archive }

  /// The job's toolchain, once: a job runs one time.
  mutating func begin(_ job: JobID) -> ArchiveID? {
    guard let record = records[job], !record.isRunning else { return nil }
    records[job]?.isRunning = true
    return record.archive
  }

  mutating func end(_ job: JobID) { records[job] = nil }

  var running: [JobID] { records.filter(\.value.isRunning).map(\.key) }

  private mutating func expire(_ now: Int64) {
    guard records.count > 64 else { return }
    records = records.filter { $0.value.isRunning || now - $0.value.assigned < Self.lifetime }
  }
}
