import Platform

// How servers come, change and go.

extension Scheduler {
  /// A heartbeat: registers a server, or renews what is known of it.
  mutating func hear(_ heartbeat: Heartbeat, from address: SocketAddress) {
    guard heartbeat.cpus > 0 else {
      actions.append(.turnAway(.heartbeatRefused("a server without CPUs can't take jobs")))
      return
    }
    let known = servers[address]
    if known == nil, servers.count >= policy.greatestServers {
      let reason = "there are \(servers.count) servers already, the most allowed"
      actions.append(.turnAway(.heartbeatRefused(reason)))
      return
    }
    let isNew = known?.nonce != heartbeat.nonce
    // Another nonce is another process: it knows nothing of the jobs that the first one had.
    if known != nil, isNew { forget(address) }
    if isNew {
      servers[address] = ServerRecord(
        heartbeat, cpus: believed(heartbeat.cpus), timeout: policy.serverTimeout)
      let turn = nextTurn()
      // Which also gives it its place in the ranking.
      change(address) { $0.turn = turn }
    }
    renew(address, heartbeat)
    actions.append(.welcome(isNew: isNew))
  }

  private func believed(_ cpus: UInt64) -> Int {
    Int(min(cpus, UInt64(policy.greatestCPUs)))
  }

  /// Takes over everything that may change while a server runs. Mozilla's scheduler keeps the first
  /// number of CPUs and the first key.
  private mutating func renew(_ address: SocketAddress, _ heartbeat: Heartbeat) {
    let extras = heartbeat.extras
    if let told = extras?.jobs { compare(told, with: address) }
    let timeout = self.timeout(announced: extras?.interval)
    let cpus = believed(heartbeat.cpus)
    let memoryPerJob = max(1, policy.memoryPerJob)
    change(address) { server in
      server.jobKey = heartbeat.jobKey
      server.certificate = heartbeat.certificate
      server.cpus = cpus
      server.timeout = timeout
      server.jobForm = extras?.jobForm ?? 0
      server.memorySlots = extras?.freeMemory.map { free in
        // What is free now is free beside the jobs that run.
        server.jobs.count + Int(clamping: free / memoryPerJob)
      }
      if let extras { server.drainsItself = extras.isDraining }
    }
    note((extras?.toolchains ?? []).prefix(policy.rememberedToolchains).reversed(), on: address)
    saw(address)
  }

  /// How long a server may be silent that announces a heartbeat every so many milliseconds, or nothing.
  private func timeout(announced interval: UInt64?) -> Span {
    guard let interval else { return policy.serverTimeout }
    let beats = max(1, policy.missedHeartbeats)
    let silence = Span.milliseconds(min(Int64(clamping: interval), .max / beats) * beats)
    return min(max(silence, .seconds(1)), policy.serverTimeout)
  }

  /// Brings the jobs of a server in line with those that it tells of. One that was not known here may
  /// just have ended: it is believed only until the next heartbeat.
  private mutating func compare(_ told: [JobID], with address: SocketAddress) {
    let told = Set(told)
    for job in servers[address]?.jobs.sorted(by: { $0.number < $1.number }) ?? [] {
      guard let record = jobs[job], record.stage == .started else { continue }
      if told.contains(job) {
        jobs[job]?.missed = 0
      } else if record.missed > 0 {
        drop(job)
      } else {
        jobs[job]?.missed = 1
      }
    }
    // One that is known to have ended was told of before it did: it takes no slot again.
    for job in told.sorted(by: { $0.number < $1.number })
    where jobs[job] == nil && completed[job] == nil {
      adopt(job, on: address, as: .started)
      jobs[job]?.missed = 1
    }
  }

  /// A server gave a sign of life.
  mutating func saw(_ address: SocketAddress) {
    guard let server = servers[address] else { return }
    deadlines.set(.server(address), now + server.timeout)
  }

  /// A server has toolchains; the one used last is the last one.
  mutating func note(_ archives: [ArchiveID], on address: SocketAddress) {
    let turns = archives.map { _ in nextTurn() }
    let limit = policy.rememberedToolchains
    var forgotten: [ArchiveID] = []
    change(address) { server in
      for (archive, turn) in zip(archives, turns) {
        if let old = server.note(archive, turn: turn, limit: limit) { forgotten.append(old) }
      }
    }
    for archive in forgotten { ranking.remove(address, holding: archive) }
  }

  /// A server has the toolchain of a job by now.
  mutating func noteToolchain(of job: JobRecord) {
    guard let archive = job.archive, servers[job.server]?.toolchains[archive] == nil else { return }
    note([archive], on: job.server)
  }

  /// A server has a toolchain no more.
  mutating func unnote(_ archive: ArchiveID, on address: SocketAddress) {
    var had = false
    change(address) { had = $0.forget(archive) }
    if had { ranking.remove(address, holding: archive) }
  }

  /// A server failed to take a job, or to do one: it rests. Calls that were under way together fail
  /// together and count as one failure.
  ///
  /// - Returns: whether it rests because of this.
  @discardableResult
  mutating func rest(_ address: SocketAddress, because cause: String?) -> Bool {
    guard let server = servers[address] else { return false }
    let failures: Int
    switch server.health {
    case .good: failures = server.failedRuns + 1
    case .probed(let before): failures = max(before, server.failedRuns) + 1
    case .resting: return false
    }
    change(address) { server in
      server.health = .resting(failures: failures)
      server.failed += 1
      server.lastFailure = cause
    }
    let doubled = policy.shortestRest.nanoseconds << min(failures - 1, 20)
    deadlines.set(
      .rest(address), now + min(Span(nanoseconds: doubled), policy.longestRest))
    return true
  }

  /// A server is gone, and all of its jobs. Those that no client knows of go to other servers.
  mutating func forget(_ address: SocketAddress) {
    guard let server = servers.removeValue(forKey: address) else { return }
    ranking.remove(address, server)
    deadlines.remove(.server(address))
    deadlines.remove(.rest(address))
    var orphans: [JobRecord] = []
    // The order must not depend on the set's.
    for job in server.jobs.sorted(by: { $0.number < $1.number }) {
      guard let record = drop(job) else { continue }
      if record.stage == .assigning { orphans.append(record) }
    }
    actions.append(.lost(address, jobs: server.jobs.count))
    for record in orphans { tryNext(record, causes: ["server \(address) is gone"]) }
  }
}
