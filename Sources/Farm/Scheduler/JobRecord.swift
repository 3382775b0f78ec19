/// A job that occupies a slot: the lease.
struct JobRecord {
  enum Stage: Equatable {
    /// assign_job is under way.
    case assigning
    /// Granted; the client has to upload the toolchain.
    case pending
    /// Granted; the server has the toolchain, or is receiving it.
    case ready
    case started
    /// Nobody wants it any more; the server may still be at it.
    case cancelled
  }

  var server: SocketAddress
  /// Unknown for jobs of an earlier scheduler.
  var archive: ArchiveID?
  var stage: Stage
  /// Who waits for the answer of alloc_job.
  var request: RequestID?
  /// On how many servers it was tried, this one included, and what went wrong on the others.
  var attempts = 1
  var causes: [String] = []
  /// How many heartbeats in a row have told of other jobs of the server, but not of this one. With the
  /// second one it has ended without the scheduler having heard of it; one alone may have been under way
  /// when the job started.
  var missed = 0
}

extension JobRecord.Stage {
  /// As the wire calls it.
  var state: JobState {
    switch self {
    case .assigning, .pending: .pending
    case .ready: .ready
    case .started, .cancelled: .started
    }
  }
}
