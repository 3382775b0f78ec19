import Platform
import Testing

@testable import Farm

/// Every golden body decodes, and encodes to the same bytes again.
@Suite struct GoldenMessageTests {
  private func roundTrip<Message: WireMessage>(
    _ type: Message.Type, _ name: String
  ) throws -> Message {
    let bytes = try Golden.body(name)
    let message = try Message(body: bytes)
    #expect(message.body == bytes, "\(name)")
    #expect(Array(message.bodyPieces.joined()) == bytes, "\(name)")
    for end in 0..<min(bytes.count, 600) {
      #expect(throws: MalformedMessage.self, "\(name) cut at \(end)") {
        try Message(body: bytes[..<end])
      }
    }
    // Mozilla's decoders ignore what follows.
    #expect(try Message(body: bytes + [1, 2, 3]).body == bytes)
    return message
  }

  @Test func nothingIsLeftOut() {
    let tested = [
      ("heartbeat_server", "req"), ("heartbeat_server", "res"), ("status", "res"),
      ("alloc_job", "req"), ("alloc_job", "res"), ("assign_job", "req"), ("assign_job", "res"),
      ("server_certificate", "res"), ("submit_toolchain", "req"), ("submit_toolchain", "res"),
      ("job_state", "req"), ("job_state", "res"), ("run_job", "req"), ("run_job", "res"),
    ].flatMap { Golden.names(of: $0.0, $0.1) }
    let all = Golden.messages.count + Golden.jobRequests.count + Golden.jobAnswers.count
    #expect(Set(tested).count == all)
    #expect(all == 41)
  }

  @Test(arguments: Golden.names(of: "heartbeat_server", "req"))
  func heartbeat(name: String) throws {
    let heartbeat = try roundTrip(Heartbeat.self, name)
    #expect(heartbeat.jobKey.count == 32)
    #expect(heartbeat.certificate.digest.count == 32)
    #expect(heartbeat.certificate.pem.starts(with: "-----BEGIN CERTIFICATE-----\n".utf8))
    #expect(heartbeat.extras == nil)
  }

  @Test func heartbeatAnswers() throws {
    #expect(try roundTrip(HeartbeatAnswer.self, "01-heartbeat_server_new.res").isNew)
    #expect(try !roundTrip(HeartbeatAnswer.self, "02-heartbeat_server_known.res").isNew)
  }

  @Test func status() throws {
    let status = try roundTrip(FarmStatus.self, "03-status.res")
    #expect(status.servers == 1)
    #expect(
      String(decoding: status.json.bytes, as: UTF8.self)
        == #"{"num_servers":1,"num_cpus":\#(status.cpus),"in_progress":\#(status.jobs)}"#)
  }

  @Test(
    arguments: Golden.names(of: "alloc_job", "req") + Golden.names(of: "assign_job", "req"))
  func toolchainRequest(name: String) throws {
    let request = try roundTrip(ToolchainRequest.self, name)
    #expect(request.archive.description.count == 64)
  }

  @Test(arguments: Golden.names(of: "alloc_job", "res"))
  func allocation(name: String) throws {
    let answer = try roundTrip(AllocationAnswer.self, name)
    switch answer {
    case .failure(let message):
      #expect(name == "22-alloc_job_fail~no_capacity.res")
      #expect(message == "Insufficient capacity across 1 available servers")
    case .success(let allocation, let needsToolchain, let digest, nil):
      #expect(needsToolchain == (name != "12-alloc_job~toolchain_known.res"))
      #expect(digest.count == 32)
      if name.hasPrefix("23") { #expect(allocation.server.description == "[::1]:10507") }
      if name.hasPrefix("04") { #expect(allocation.server.description == "127.0.0.1:10511") }
    case .success: Issue.record("Mozilla's scheduler has no extensions")
    }
  }

  @Test func assignments() throws {
    let pending = try roundTrip(AssignmentAnswer.self, "05-assign_job~pending.res")
    #expect(pending == AssignmentAnswer(needsToolchain: true))
    let ready = try roundTrip(AssignmentAnswer.self, "13-assign_job~ready.res")
    #expect(ready == AssignmentAnswer(needsToolchain: false))
  }

  @Test func certificate() throws {
    let certificate = try roundTrip(ServerCertificate.self, "06-server_certificate.res")
    #expect(certificate.digest.count == 32)
  }

  @Test func jobStates() throws {
    #expect(try roundTrip(JobStateReport.self, "08-job_state_ready.req").state == .ready)
    #expect(try roundTrip(JobStateReport.self, "10-job_state_started.req").state == .started)
    #expect(try roundTrip(JobStateReport.self, "11-job_state_complete.req").state == .complete)
    for name in Golden.names(of: "job_state", "res") {
      #expect(try roundTrip(JobStateAnswer.self, name) == .success)
    }
  }

  @Test func toolchains() throws {
    #expect(try roundTrip(ToolchainAnswer.self, "07-submit_toolchain~success.res") == .success)
    #expect(
      try roundTrip(ToolchainAnswer.self, "24-submit_toolchain~job_not_found.res") == .jobNotFound)
    #expect(
      try roundTrip(ToolchainAnswer.self, "25-submit_toolchain~cannot_cache.res") == .cannotCache)
  }

  /// The id that the client named the archive by.
  @Test func archiveID() throws {
    let archive = try Golden.body("07-submit_toolchain~success.req")
    var hash = ArchiveIDHash()
    archive.withUnsafeBytes { hash.update($0) }
    let named = try ToolchainRequest(body: try Golden.body("05-assign_job~pending.req")).archive
    #expect(hash.finish() == named)
    #expect(
      named.description == "5bd434297d7d8eb6bcf8395418fe50a8a9cddd8f8b397e1349a0e2bdf90c036e")
    #expect(named.relativePath == "5/b/\(named)")
  }
}
