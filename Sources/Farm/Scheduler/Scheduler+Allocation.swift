import Platform

// From alloc_job to its answer.

extension Scheduler {
  /// A client wants a job: the best server is asked, or the answer is no, at once.
  mutating func allocate(_ request: RequestID, _ archive: ArchiveID) {
    guard let server = ranking.best(for: archive, uploadPenalty: policy.uploadPenalty) else {
      actions.append(.refuse(request, .noCapacity(servers: servers.count)))
      return
    }
    assign(
      JobRecord(server: server, archive: archive, stage: .assigning, request: request), archive)
  }

  /// Takes a slot for the job and asks its server. Every attempt has an id of its own: a server that
  /// failed to answer may have taken the job all the same.
  private mutating func assign(_ record: JobRecord, _ archive: ArchiveID) {
    let job = ids.next()
    jobs[job] = record
    if let request = record.request { requests[request] = job }
    let turn = nextTurn()
    var jobKey: ArraySlice<UInt8> = []
    change(record.server) { server in
      server.jobs.insert(job)
      server.assigning += 1
      server.turn = turn
      jobKey = server.jobKey
    }
    deadlines.set(.job(job), now + policy.assignTimeout)
    actions.append(
      .assign(Assignment(job: job, server: record.server, archive: archive, jobKey: jobKey)))
  }

  /// A server has taken a job.
  mutating func took(_ job: JobID, _ address: SocketAddress, needsToolchain: Bool) {
    guard let record = jobs[job], record.server == address, record.stage == .assigning else {
      // Too late: the job is elsewhere by now, and nobody will come for this one.
      actions.append(.cancel(job, on: address))
      return
    }
    change(address) { server in
      server.assigning -= 1
      server.health = .good
    }
    deadlines.remove(.rest(address))
    saw(address)
    if let archive = record.archive {
      if needsToolchain { unnote(archive, on: address) } else { note([archive], on: address) }
    }
    guard let request = record.request else {
      // The client is gone.
      jobs[job]?.stage = .pending
      drop(job)
      actions.append(.cancel(job, on: address))
      return
    }
    grant(job, to: request, on: address, needsToolchain: needsToolchain)
  }

  private mutating func grant(
    _ job: JobID, to request: RequestID, on address: SocketAddress, needsToolchain: Bool
  ) {
    requests[request] = nil
    jobs[job]?.request = nil
    jobs[job]?.stage = needsToolchain ? .pending : .ready
    deadlines.set(
      .job(job), now + (needsToolchain ? policy.uploadStartTimeout : policy.claimTimeout))
    guard let server = servers[address] else { return }
    actions.append(
      .grant(
        Grant(
          request: request, job: job, server: address, needsToolchain: needsToolchain,
          jobKey: server.jobKey, certificateDigest: server.certificate.digest,
          jobForm: server.jobForm)))
  }

  /// A server has not taken a job: it rests, and the next one is asked.
  mutating func refused(_ job: JobID, _ address: SocketAddress, causes: [String]) {
    guard let record = jobs[job], record.server == address, record.stage == .assigning else {
      return
    }
    rest(address, because: causes.first)
    drop(job)
    tryNext(record, causes: causes)
  }

  /// Asks another server for a job that one has not taken.
  mutating func tryNext(_ record: JobRecord, causes: [String]) {
    guard let request = record.request, let archive = record.archive else { return }
    let causes = record.causes + causes
    guard record.attempts < policy.greatestAttempts,
      let server = ranking.best(for: archive, uploadPenalty: policy.uploadPenalty)
    else {
      actions.append(.refuse(request, .assignFailed(causes: causes)))
      return
    }
    assign(
      JobRecord(
        server: server, archive: archive, stage: .assigning, request: request,
        attempts: record.attempts + 1, causes: causes), archive)
  }

  /// A client went away before it was answered. Its slot is free when the server has answered, or has
  /// not in time: until then the server may be busy with the job.
  mutating func abandon(_ request: RequestID) {
    guard let job = requests.removeValue(forKey: request) else { return }
    jobs[job]?.request = nil
  }
}
