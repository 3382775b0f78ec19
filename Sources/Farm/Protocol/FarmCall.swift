package import Platform

/// The calls of the farm, by method and path.
package enum FarmCall: Sendable, Hashable {
  // The scheduler's.
  case allocateJob
  case serverCertificate(SocketAddress)
  case status
  case heartbeat
  case jobState(JobID)
  /// Only ours: a client gives a job back, or tells that its server failed.
  case cancelJob(JobID)
  // A server's.
  case assignJob(JobID)
  case submitToolchain(JobID)
  case runJob(JobID)

  /// Asks our scheduler for each server beside the numbers of `status`, in JSON. Others ignore it.
  package static let detailHeader = "sccache-detail"

  private static let scheduler = "/api/v1/scheduler/"
  private static let server = "/api/v1/distserver/"

  /// "GET" or "POST".
  package var method: String {
    switch self {
    case .serverCertificate, .status: "GET"
    default: "POST"
    }
  }

  /// As the clients write it; the brackets of an IPv6 address are not escaped.
  package var path: String {
    switch self {
    case .allocateJob: Self.scheduler + "alloc_job"
    case .serverCertificate(let server): Self.scheduler + "server_certificate/\(server)"
    case .status: Self.scheduler + "status"
    case .heartbeat: Self.scheduler + "heartbeat_server"
    case .jobState(let job): Self.scheduler + "job_state/\(job)"
    case .cancelJob(let job): Self.scheduler + "cancel_job/\(job)"
    case .assignJob(let job): Self.server + "assign_job/\(job)"
    case .submitToolchain(let job): Self.server + "submit_toolchain/\(job)"
    case .runJob(let job): Self.server + "run_job/\(job)"
    }
  }

  /// Nil for everything that is answered by 404: another method, a slash at the end, an id that is no
  /// number, an address that is none. A query is ignored.
  package init?(method: String, path: String) {
    let path = path.prefix { $0 != "?" }
    if path.hasPrefix(Self.scheduler) {
      self.init(schedulerCall: path.dropFirst(Self.scheduler.count))
    } else if path.hasPrefix(Self.server) {
      self.init(serverCall: path.dropFirst(Self.server.count))
    } else {
      return nil
    }
    guard method == self.method else { return nil }
  }

  private init?(schedulerCall text: Substring) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    switch (parts[0], parts.count) {
    case ("alloc_job", 1): self = .allocateJob
    case ("status", 1): self = .status
    case ("heartbeat_server", 1): self = .heartbeat
    case ("server_certificate", 2):
      guard let server = SocketAddress(Self.withoutEscapes(parts[1])) else { return nil }
      self = .serverCertificate(server)
    case ("job_state", 2):
      guard let job = JobID(parts[1]) else { return nil }
      self = .jobState(job)
    case ("cancel_job", 2):
      guard let job = JobID(parts[1]) else { return nil }
      self = .cancelJob(job)
    default: return nil
    }
  }

  private init?(serverCall text: Substring) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let job = JobID(parts[1]) else { return nil }
    switch parts[0] {
    case "assign_job": self = .assignJob(job)
    case "submit_toolchain": self = .submitToolchain(job)
    case "run_job": self = .runJob(job)
    default: return nil
    }
  }

  /// What a proxy may have escaped in an address.
  private static func withoutEscapes(_ text: Substring) -> String {
    var result = ""
    var rest = text
    while let first = rest.first {
      if first == "%", let byte = UInt8(rest.dropFirst().prefix(2), radix: 16), byte < 128,
        rest.count >= 3
      {
        result.unicodeScalars.append(Unicode.Scalar(byte))
        rest = rest.dropFirst(3)
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  /// Whether the request's body is bincode and must be announced as such. Mozilla's client sends
  /// submit_toolchain without any content type.
  package var needsBinaryContentType: Bool {
    switch self {
    case .allocateJob, .heartbeat, .jobState, .cancelJob, .assignJob: true
    default: false
    }
  }

  /// Whether a request's `Content-Type` will do for this call.
  package func accepts(contentType: String?) -> Bool {
    !needsBinaryContentType || contentType?.hasPrefix("application/octet-stream") == true
  }
}
