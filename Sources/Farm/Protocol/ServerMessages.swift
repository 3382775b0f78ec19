// What a server and the scheduler tell each other about the server itself.

/// The request of heartbeat_server: a server exists, and how it is to be reached.
package struct Heartbeat: WireMessage, Hashable {
  /// Larger than any that a server has a use for; memory of the scheduler is bounded by it.
  private static let greatestKey = 4 << 10
  private static let greatestCertificate = 64 << 10

  /// What signs the tokens of this server's jobs. Any length; Mozilla's server takes 32 random bytes.
  package var jobKey: ArraySlice<UInt8>
  package var cpus: UInt64
  /// Drawn when the server process starts: another one means that its jobs are gone.
  package var nonce: UInt64
  package var certificate: ServerCertificate
  /// What only our servers tell.
  package var extras: HeartbeatExtras?

  package init(
    jobKey: ArraySlice<UInt8>, cpus: UInt64, nonce: UInt64, certificate: ServerCertificate,
    extras: HeartbeatExtras? = nil
  ) {
    self.jobKey = jobKey
    self.cpus = cpus
    self.nonce = nonce
    self.certificate = certificate
    self.extras = extras
  }

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    jobKey = try reader.bytes("jwt_key", limit: Self.greatestKey)
    cpus = try reader.number("num_cpus")
    nonce = try reader.number("server_nonce")
    certificate = ServerCertificate(
      digest: try reader.bytes("cert_digest", limit: Self.greatestKey),
      pem: try reader.bytes("cert_pem", limit: Self.greatestCertificate))
    extras = try ExtensionFields(after: reader).map { fields throws(MalformedMessage) in
      try HeartbeatExtras(fields)
    }
  }

  package func write(to writer: inout BincodeWriter) {
    writer.put(jobKey)
    writer.put(cpus)
    writer.put(nonce)
    certificate.write(to: &writer)
    extras?.fields.write(to: &writer)
  }
}

/// The answer of heartbeat_server.
package struct HeartbeatAnswer: WireAnswer, Hashable {
  /// The scheduler did not know this server process before. Mozilla's server does nothing with it.
  package var isNew: Bool
  /// Set by our scheduler alone: it takes extensions, and a second Ready when an upload has ended.
  package var takesExtensions: Bool

  package init(isNew: Bool, takesExtensions: Bool) {
    self.isNew = isNew
    self.takesExtensions = takesExtensions
  }

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    isNew = try reader.boolean("is_new")
    takesExtensions = (try? ExtensionFields(after: reader)) != nil
  }

  package func write(to writer: inout BincodeWriter) {
    writer.put(isNew)
    if takesExtensions { ExtensionFields().write(to: &writer) }
  }

  package var json: JSONValue { .object([("is_new", .boolean(isNew))]) }
}

/// The answer of server_certificate, also a part of the heartbeat.
package struct ServerCertificate: WireAnswer, Hashable {
  /// SHA-256 of the DER form. Mozilla's client takes it for a name and never compares it.
  package var digest: ArraySlice<UInt8>
  package var pem: ArraySlice<UInt8>

  package init(digest: ArraySlice<UInt8>, pem: ArraySlice<UInt8>) {
    self.digest = digest
    self.pem = pem
  }

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    digest = try reader.bytes("cert_digest")
    pem = try reader.bytes("cert_pem")
  }

  package func write(to writer: inout BincodeWriter) {
    writer.put(digest)
    writer.put(pem)
  }

  package var json: JSONValue {
    .object([("cert_digest", .bytes(digest)), ("cert_pem", .bytes(pem))])
  }
}

/// The answer of status.
package struct FarmStatus: WireAnswer, Hashable {
  package var servers: UInt64
  /// Of all servers together.
  package var cpus: UInt64
  /// Jobs that occupy a slot, started or not.
  package var jobs: UInt64

  package init(servers: UInt64, cpus: UInt64, jobs: UInt64) {
    self.servers = servers
    self.cpus = cpus
    self.jobs = jobs
  }

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    servers = try reader.number("num_servers")
    cpus = try reader.number("num_cpus")
    jobs = try reader.number("in_progress")
  }

  package func write(to writer: inout BincodeWriter) {
    writer.put(servers)
    writer.put(cpus)
    writer.put(jobs)
  }

  package var json: JSONValue {
    .object([
      ("num_servers", .unsigned(servers)), ("num_cpus", .unsigned(cpus)),
      ("in_progress", .unsigned(jobs)),
    ])
  }
}

/// The answer of submit_toolchain.
package enum ToolchainAnswer: WireAnswer, Hashable {
  case success
  case jobNotFound
  /// The bytes do not have the id, or are too many.
  case cannotCache

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    switch try reader.alternative("submit_toolchain", of: 3) {
    case 0: self = .success
    case 1: self = .jobNotFound
    default: self = .cannotCache
    }
  }

  package func write(to writer: inout BincodeWriter) {
    switch self {
    case .success: writer.putAlternative(0)
    case .jobNotFound: writer.putAlternative(1)
    case .cannotCache: writer.putAlternative(2)
    }
  }

  package var json: JSONValue {
    switch self {
    case .success: .text("Success")
    case .jobNotFound: .text("JobNotFound")
    case .cannotCache: .text("CannotCache")
    }
  }
}
