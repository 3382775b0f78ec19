import Platform

/// The jobs that servers completed last, as many as fit: for as long as a client may find out that a
/// result is damaged, or never got it.
struct CompletedJobs: Sendable {
  struct Record: Sendable {
    var server: SocketAddress
    /// How many jobs the server had failed in a row before this one.
    var failedRuns: Int
  }

  /// At 1,000 jobs a second it goes back 16 seconds; a record takes some 60 bytes.
  private static let limit = 16_384

  private var records: [JobID: Record] = [:]
  /// Their jobs, a ring: `next` is the oldest one once it is full.
  private var ring: [JobID] = []
  private var next = 0

  subscript(job: JobID) -> Record? { records[job] }

  /// Remembers a job; the oldest one may be forgotten for it.
  mutating func add(_ job: JobID, _ record: Record) {
    records[job] = record
    if ring.count < Self.limit {
      ring.append(job)
      return
    }
    records[ring[next]] = nil
    ring[next] = job
    next = (next + 1) % Self.limit
  }

  /// Forgets a job, and tells what was known of it.
  mutating func remove(_ job: JobID) -> Record? { records.removeValue(forKey: job) }
}
