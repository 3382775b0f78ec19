import Platform

// From the grant of a job to its end.

extension Scheduler {
  /// A server tells how far a job is.
  mutating func report(_ job: JobID, _ state: JobState, from address: SocketAddress) {
    saw(address)
    guard let record = jobs[job] else {
      reportUnknown(job, state, from: address)
      return
    }
    guard record.server == address else {
      actions.append(.reject(.foreignJob(job, server: address)))
      return
    }
    switch (record.stage, state) {
    case (.pending, .ready):
      // Mozilla's server says so when the upload begins, and nothing when it has ended.
      proceed(job, to: .ready, until: policy.uploadTimeout)
    case (.ready, .ready):
      // Ours says it again when the upload has ended.
      noteToolchain(of: record)
      proceed(job, to: .ready, until: policy.claimTimeout)
    case (.ready, .started):
      noteToolchain(of: record)
      proceed(job, to: .started, until: policy.runTimeout)
    case (.started, .complete):
      complete(job, record)
      actions.append(.acknowledge)
    case (.cancelled, _):
      if state == .complete { drop(job) }
      actions.append(.acknowledge)
    default:
      actions.append(.reject(.badTransition(from: record.stage.state, to: state)))
    }
  }

  private mutating func proceed(_ job: JobID, to stage: JobRecord.Stage, until timeout: Span) {
    jobs[job]?.stage = stage
    deadlines.set(.job(job), now + timeout)
    actions.append(.acknowledge)
  }

  /// A job that is not known here. One that this scheduler gave out has ended, and its token must not
  /// work again; any other one may come from before a restart, and then it goes on.
  private mutating func reportUnknown(
    _ job: JobID, _ state: JobState, from address: SocketAddress
  ) {
    switch state {
    case .complete:
      // Mozilla's server throws the result away when it is told that the job is not known.
      actions.append(.acknowledge)
    case .ready where mayAdopt(job):
      adopt(job, on: address, as: .ready)
      actions.append(.acknowledge)
    case .started where mayAdopt(job):
      adopt(job, on: address, as: .started)
      actions.append(.acknowledge)
    default:
      actions.append(.reject(.unknownJob))
    }
  }

  /// Counts a job that an earlier scheduler gave out, or that was dropped while its server could not be
  /// reached. A server that was not heard yet tells of its jobs with the heartbeat, or they just end.
  mutating func adopt(_ job: JobID, on address: SocketAddress, as stage: JobRecord.Stage) {
    guard let server = servers[address], server.jobs.count < 2 * server.capacity else { return }
    jobs[job] = JobRecord(server: address, stage: stage)
    change(address) { $0.jobs.insert(job) }
    deadlines.set(
      .job(job), now + (stage == .started ? policy.runTimeout : policy.claimTimeout))
  }

  /// A client does not want its job any more.
  mutating func cancel(_ job: JobID) {
    guard let record = jobs[job] else { return }
    switch record.stage {
    case .assigning:
      if let request = record.request { abandon(request) }
    case .pending, .ready:
      drop(job)
      actions.append(.cancel(job, on: record.server))
    case .started:
      jobs[job]?.stage = .cancelled
      deadlines.set(.job(job), now + policy.cancelTimeout)
      actions.append(.cancel(job, on: record.server))
    case .cancelled: break
    }
  }

  /// A job has ended, as its server says. Whether its result is worth something is not known yet, so
  /// that failures before it are not forgotten for good.
  private mutating func complete(_ job: JobID, _ record: JobRecord) {
    drop(job)
    guard let server = servers[record.server] else { return }
    completed.add(job, CompletedJobs.Record(server: record.server, failedRuns: server.failedRuns))
    change(record.server) { server in
      server.completed += 1
      server.failedRuns = 0
    }
  }

  /// A client's job has failed on its server: the server rests, so that the client's next request
  /// leads to another one. A job counts once.
  mutating func fail(_ job: JobID, because cause: String) {
    let address: SocketAddress
    var before = 0
    if let record = jobs[job], record.stage != .assigning, record.stage != .cancelled {
      address = record.server
      cancel(job)
    } else if let record = completed.remove(job) {
      address = record.server
      before = record.failedRuns
    } else {
      return
    }
    change(address) { $0.failedRuns = max($0.failedRuns, before) }
    guard rest(address, because: cause) else { return }
    change(address) { $0.failedRuns += 1 }
  }

  /// A lease has come to its end.
  mutating func expire(_ job: JobID) {
    guard let record = jobs[job] else { return }
    switch record.stage {
    case .assigning:
      refused(
        job, record.server,
        causes: [
          "server \(record.server) did not answer within "
            + "\(policy.assignTimeout.nanoseconds / 1_000_000) ms"
        ])
    case .pending, .ready, .started, .cancelled:
      drop(job)
      actions.append(.cancel(job, on: record.server))
    }
  }

  /// Frees the slot of a job.
  @discardableResult
  mutating func drop(_ job: JobID) -> JobRecord? {
    guard let record = jobs.removeValue(forKey: job) else { return nil }
    deadlines.remove(.job(job))
    if let request = record.request { requests[request] = nil }
    change(record.server) { server in
      server.jobs.remove(job)
      if record.stage == .assigning { server.assigning -= 1 }
    }
    return record
  }
}
