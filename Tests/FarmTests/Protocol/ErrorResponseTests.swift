import Testing

@testable import Farm

@Suite struct ErrorResponseTests {
  private static func fault<Message: WireMessage>(_ body: [UInt8], _: Message.Type) -> ErrorResponse
  {
    do throws(MalformedMessage) {
      _ = try Message(body: body)
      return .internalError
    } catch {
      return .malformedBody(error)
    }
  }

  private static let truncated: [UInt8] = [64, 0, 0, 0, 0, 0, 0, 0, 0x61]
  private static let badText: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 0xff]

  /// What ours answer in the places of the golden responses.
  private static let ours: [String: ErrorResponse] = [
    "scheduler-alloc_job-bad-utf8-400": fault(badText, ToolchainRequest.self),
    "scheduler-alloc_job-huge-length-panic-500": .internalError,
    "scheduler-alloc_job-no-bearer-401": .noBearer,
    "scheduler-alloc_job-no-content-type-400": .noBinaryContentType,
    "scheduler-alloc_job-truncated-400": fault(truncated, ToolchainRequest.self),
    "scheduler-alloc_job-wrong-token-401": .bearerRefused(.sharedToken),
    "scheduler-heartbeat-bad-token-401": .serverTokenRefused,
    "scheduler-heartbeat-bad-x-real-ip-400": .badRealAddress,
    "scheduler-heartbeat-wrong-address-401": .serverAddressDiffers,
    "scheduler-job_state-bad-transition-500": .badTransition(from: .ready, to: .complete),
    "scheduler-job_state-unknown-job-500": .unknownJob,
    "scheduler-server_certificate-unknown-500": .noCertificate,
    "scheduler-unknown-path-404": .notFound,
    "server-assign_job-duplicate-panic-500": .internalError,
    "server-run_job-after-completion-500": .stateUpdateFailed([
      "POST to scheduler job_state failed",
      """
      Error 500 (Headers={"server": "tiny-http (Rust)", "date": "Mon, 23 Nov 2026 20:21:17 GMT", \
      "content-type": "application/json; charset=utf-8", "content-length": "42"}): \
      {"description":"Unknown job","cause":null}
      """,
    ]),
    "server-run_job-bad-header-500": .badRunJob(
      .malformedHeader(MalformedMessage(field: "command", reason: .endsEarly))),
    "server-run_job-bad-jwt-401": .tokenRefused(.notAToken),
    "server-run_job-bad-signature-401": .tokenRefused(.otherSignature),
    "server-run_job-bad-tar-500": .buildFailed([
      "Compilation execution failed", "Failed to unpack inputs to overlay",
      "failed to iterate over archive",
      "numeric field was not a number: AAAAAAAA when getting cksum for "
        + String(repeating: "A", count: 100),
    ]),
    "server-run_job-empty-body-500": .badRunJob(.noLength),
    "server-run_job-no-auth-401": .noAuthorization,
    "server-run_job-token-of-another-job-401": .tokenRefused(.otherClaims),
  ]

  @Test(arguments: Golden.errors.keys.sorted())
  func golden(name: String) throws {
    let ours = try #require(Self.ours[name])
    var lines = ["HTTP/1.1 \(ours.status) \(ours.reasonPhrase)"]
    if let challenge = ours.challenge { lines.append("WWW-Authenticate: \(challenge)") }
    if let type = ours.contentType { lines.append("Content-Type: \(type)") }
    let body = String(decoding: ours.body, as: UTF8.self)
    let golden = try #require(Golden.errors[name])
    // The order of headers means nothing.
    let parts = golden.split(separator: "\n", omittingEmptySubsequences: false)
    let head = parts.prefix { !$0.isEmpty }.map(String.init)
    #expect(Set(lines) == Set(head))
    #expect(body == parts.dropFirst(head.count + 1).joined(separator: "\n"))
  }

  @Test func everyGoldenResponseIsThere() {
    #expect(Golden.errors.count == 22)
    #expect(Set(Golden.errors.keys) == Set(Self.ours.keys))
  }

  /// A count that nothing follows is refused where Mozilla's scheduler panics.
  @Test func aHugeCountIsARefusal() {
    let huge = Self.fault([UInt8](repeating: 0xff, count: 8), ToolchainRequest.self)
    #expect(huge == Self.fault(Self.truncated, ToolchainRequest.self))
    #expect(huge.status == 400)
  }
}
