package import Platform

// alloc_job: a client asks the scheduler for a place for one compilation.

/// The request of alloc_job, and of assign_job too: the toolchain that the job needs.
package struct ToolchainRequest: WireMessage, Hashable {
  package var archive: ArchiveID

  package init(archive: ArchiveID) {
    self.archive = archive
  }

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    // Mozilla's takes any text and makes paths of it; here it is an id or nothing.
    guard let archive = ArchiveID(try reader.text("archive_id")) else {
      throw MalformedMessage(field: "archive_id", reason: .notAnArchiveID)
    }
    self.archive = archive
  }

  package func write(to writer: inout BincodeWriter) {
    writer.put(archive.description)
  }
}

/// A place on a server, for one job.
package struct JobAllocation: WireValue, Hashable {
  /// The token that the server wants to see; opaque for the client.
  package var token: String
  package var job: JobID
  package var server: SocketAddress

  package init(token: String, job: JobID, server: SocketAddress) {
    self.token = token
    self.job = job
    self.server = server
  }

  package init(from reader: inout BincodeReader, _ field: String) throws(MalformedMessage) {
    token = try reader.text("\(field).auth")
    job = JobID(try reader.number("\(field).job_id"))
    server = try SocketAddress(from: &reader, "\(field).server_id")
  }

  package func write(to writer: inout BincodeWriter) {
    writer.put(token)
    writer.put(job.number)
    server.write(to: &writer)
  }
}

/// What only our scheduler tells with a job: that it is ours, which means that it wants to hear when the
/// job is not wanted any more (`FarmCall.cancelJob`), and what the server understands.
package struct AllocationExtras: Sendable, Hashable {
  private enum Tag {
    static let jobForm: UInt32 = 1
  }

  /// The newest form of run_job that the server takes; see `JobForm`.
  package var jobForm: UInt32

  package init(jobForm: UInt32 = 0) {
    self.jobForm = jobForm
  }

  init(_ fields: ExtensionFields) throws(MalformedMessage) {
    self.init()
    if var reader = fields[Tag.jobForm] { jobForm = try reader.number("job_form") }
  }

  var fields: ExtensionFields {
    var fields = ExtensionFields()
    if jobForm > 0 { fields.put(Tag.jobForm) { $0.put(jobForm) } }
    return fields
  }
}

/// The answer of alloc_job.
package enum AllocationAnswer: WireAnswer, Hashable {
  /// The certificate's digest is SHA-256 of its DER form; the client asks for the certificate itself
  /// when it does not know the digest.
  case success(
    JobAllocation, needsToolchain: Bool, certificateDigest: ArraySlice<UInt8>,
    extras: AllocationExtras? = nil)
  /// Nobody has room, say; the client compiles by itself.
  case failure(String)

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    if try reader.alternative("alloc_job", of: 2) == 0 {
      let allocation = try JobAllocation(from: &reader, "job_alloc")
      let needsToolchain = try reader.boolean("need_toolchain")
      let digest = try reader.bytes("cert_digest")
      let extras = try ExtensionFields(after: reader).map { fields throws(MalformedMessage) in
        try AllocationExtras(fields)
      }
      self = .success(
        allocation, needsToolchain: needsToolchain, certificateDigest: digest, extras: extras)
    } else {
      self = .failure(try reader.text("msg"))
    }
  }

  package func write(to writer: inout BincodeWriter) {
    switch self {
    case .success(let allocation, let needsToolchain, let digest, let extras):
      writer.putAlternative(0)
      allocation.write(to: &writer)
      writer.put(needsToolchain)
      writer.put(digest)
      extras?.fields.write(to: &writer)
    case .failure(let message):
      writer.putAlternative(1)
      writer.put(message)
    }
  }

  package var json: JSONValue {
    switch self {
    case .success(let allocation, let needsToolchain, let digest, _):
      .tagged(
        "Success",
        .object([
          (
            "job_alloc",
            .object([
              ("auth", .text(allocation.token)), ("job_id", .unsigned(allocation.job.number)),
              ("server_id", .text(allocation.server.description)),
            ])
          ),
          ("need_toolchain", .boolean(needsToolchain)), ("cert_digest", .bytes(digest)),
        ]))
    case .failure(let message): .tagged("Fail", .object([("msg", .text(message))]))
    }
  }
}

/// The answer of assign_job, by which a server takes a job: whether it has the toolchain.
package struct AssignmentAnswer: WireAnswer, Hashable {
  /// `pending` when it needs the toolchain, else `ready`.
  package var state: JobState
  package var needsToolchain: Bool

  package init(needsToolchain: Bool) {
    state = needsToolchain ? .pending : .ready
    self.needsToolchain = needsToolchain
  }

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    state = try JobState(from: &reader, "state")
    needsToolchain = try reader.boolean("need_toolchain")
  }

  package func write(to writer: inout BincodeWriter) {
    state.write(to: &writer)
    writer.put(needsToolchain)
  }

  package var json: JSONValue {
    .object([("state", state.json), ("need_toolchain", .boolean(needsToolchain))])
  }
}
