package import Platform

/// One alloc_job that waits for its answer; the caller numbers them.
package struct RequestID: Sendable, Hashable {
  package let number: UInt64

  package init(_ number: UInt64) {
    self.number = number
  }
}

/// What happens to the scheduler. Whoever sends it has been authenticated: a server is who it says.
package enum SchedulerEvent: Sendable, Equatable {
  /// Answered by `welcome` or `turnAway`.
  case heartbeat(Heartbeat, from: SocketAddress)
  /// Answered, at once or after an `assign`, by `grant` or `refuse`.
  case allocate(RequestID, ArchiveID)
  /// The client of a request went away before it got its answer.
  case requestAbandoned(RequestID)
  /// A server has taken a job that it was assigned.
  case assigned(JobID, on: SocketAddress, needsToolchain: Bool)
  /// It has not: an error, no connection, no answer. The causes, outermost first.
  case assignFailed(JobID, on: SocketAddress, causes: [String])
  /// A server tells how far a job is. Answered by `acknowledge` or `reject`.
  case jobState(JobID, JobState, from: SocketAddress)
  /// A client does not want a job any more that was granted, or the grant could not be delivered.
  case cancelled(JobID)
  /// A client tells that the server of its job failed after it had taken the job, in one line.
  case failed(JobID, cause: String)
  /// A server shall finish what it has and get nothing new; or again.
  case drain(SocketAddress, Bool)
  /// A server goes, now.
  case left(SocketAddress)
  /// The time has come that `nextDeadline` told. Every other event looks at the clock too.
  case tick
}

/// A call of assign_job that is to be made. Its outcome comes back as an event.
package struct Assignment: Sendable, Hashable {
  package var job: JobID
  package var server: SocketAddress
  package var archive: ArchiveID
  /// Signs the token for the call.
  package var jobKey: ArraySlice<UInt8>
}

/// The answer of an alloc_job.
package struct Grant: Sendable, Hashable {
  package var request: RequestID
  package var job: JobID
  package var server: SocketAddress
  package var needsToolchain: Bool
  /// Signs the client's token.
  package var jobKey: ArraySlice<UInt8>
  package var certificateDigest: ArraySlice<UInt8>
  /// The newest form of run_job that the server takes.
  package var jobForm: UInt32

  /// The answer's body.
  package var answer: AllocationAnswer {
    let token = JobToken(job: job).signed(with: Array(jobKey))
    return .success(
      JobAllocation(token: token, job: job, server: server), needsToolchain: needsToolchain,
      certificateDigest: certificateDigest, extras: AllocationExtras(jobForm: jobForm))
  }
}

/// Why an alloc_job gets no job.
package enum Refusal: Sendable, Hashable {
  /// Nobody has room; of so many servers.
  case noCapacity(servers: Int)
  /// Every server that was tried failed. The causes, outermost first.
  case assignFailed(causes: [String])

  /// The refusal as a body; nil for the one that is an error response.
  package var answer: AllocationAnswer? {
    switch self {
    case .noCapacity(let servers):
      .failure("Insufficient capacity across \(servers) available servers")
    case .assignFailed: nil
    }
  }
}

/// What the scheduler wants done.
package enum SchedulerAction: Sendable, Equatable {
  case assign(Assignment)
  case grant(Grant)
  case refuse(RequestID, Refusal)
  /// Answers a heartbeat.
  case welcome(isNew: Bool)
  /// Answers a heartbeat that cannot be.
  case turnAway(ErrorResponse)
  /// Answers a job_state.
  case acknowledge
  case reject(ErrorResponse)
  /// A server shall stop a job, if it can: Mozilla's cannot.
  case cancel(JobID, on: SocketAddress)
  /// A server that drains has nothing left to do.
  case drained(SocketAddress)
  /// A server was forgotten, with so many jobs.
  case lost(SocketAddress, jobs: Int)
}
