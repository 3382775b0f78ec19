package import Platform

// What the scheduler can be asked.

extension Scheduler {
  /// The answer of status.
  package var status: FarmStatus {
    FarmStatus(
      servers: UInt64(servers.count), cpus: UInt64(servers.values.reduce(0) { $0 + $1.cpus }),
      jobs: UInt64(jobs.count))
  }

  /// The answer of server_certificate; nil when the server is not known.
  package func certificate(of server: SocketAddress) -> ServerCertificate? {
    servers[server]?.certificate
  }

  /// Whether a client's token for this job is the one that was granted: for calls of our clients about
  /// a job.
  package func verify(_ token: String, for job: JobID) -> Bool {
    guard let address = jobs[job]?.server ?? completed[job]?.server, let server = servers[address]
    else { return false }
    return (try? JobToken(job: job).verify(token, key: Array(server.jobKey))) != nil
  }

  /// A server as it is shown to people.
  package struct ServerReport: Sendable, Equatable {
    /// Why it gets jobs or not.
    package enum Condition: String, Sendable {
      case good, resting, probed, draining
    }

    package var address: SocketAddress
    package var cpus: Int
    /// How many jobs it may have.
    package var capacity: Int
    package var jobs: Int
    package var condition: Condition
    package var toolchains: [ArchiveID]
    /// Since it was registered.
    package var completed: UInt64
    package var failed: UInt64
    package var lastFailure: String?
    /// The newest form of run_job that it takes.
    package var jobForm: UInt32
  }

  /// All servers in the order of their addresses.
  package var serverReports: [ServerReport] {
    servers.map { address, server in
      let condition: ServerReport.Condition =
        switch server.health {
        case _ where server.isDraining: .draining
        case .good: .good
        case .resting: .resting
        case .probed: .probed
        }
      return ServerReport(
        address: address, cpus: server.cpus, capacity: server.capacity, jobs: server.jobs.count,
        condition: condition,
        toolchains: server.toolchains.sorted { $0.value > $1.value }.map(\.key),
        completed: server.completed, failed: server.failed, lastFailure: server.lastFailure,
        jobForm: server.jobForm)
    }.sorted { $0.address.description < $1.address.description }
  }

  /// Heartbeats that register all servers again: what a scheduler keeps on disk, so that the next one
  /// can give out jobs before the servers have noticed the restart. Contains secrets.
  package var registrations: [(address: SocketAddress, heartbeat: Heartbeat)] {
    servers.map { address, server in
      (
        address,
        Heartbeat(
          jobKey: server.jobKey, cpus: UInt64(server.cpus), nonce: server.nonce,
          certificate: server.certificate,
          extras: HeartbeatExtras(
            isDraining: server.isDraining,
            toolchains: server.toolchains.sorted { $0.value > $1.value }.map(\.key),
            jobForm: server.jobForm))
      )
    }.sorted { $0.address.description < $1.address.description }
  }
}
