import Testing

@testable import Farm

/// The forms are serde's; the only vectors are those of the reference's text.
@Suite struct JSONTests {
  private func text(_ answer: some WireAnswer) -> String {
    String(decoding: answer.json.bytes, as: UTF8.self)
  }

  @Test func allocation() {
    let allocation = JobAllocation(
      token: "a.b.c", job: JobID(.max), server: SocketAddress(host: .v6(0, 1), port: 10507))
    #expect(
      text(
        AllocationAnswer.success(allocation, needsToolchain: true, certificateDigest: [1, 255]))
        == #"{"Success":{"job_alloc":{"auth":"a.b.c","job_id":18446744073709551615,"#
        + #""server_id":"[::1]:10507"},"need_toolchain":true,"cert_digest":[1,255]}}"#)
    #expect(text(AllocationAnswer.failure("no \"room\"")) == #"{"Fail":{"msg":"no \"room\""}}"#)
  }

  @Test func unitsAreTexts() {
    #expect(text(JobStateAnswer.success) == #""Success""#)
    #expect(text(JobStateAnswer.failure("x")) == #"{"Fail":{"msg":"x"}}"#)
    #expect(text(ToolchainAnswer.cannotCache) == #""CannotCache""#)
    #expect(text(RunJobAnswer.jobNotFound) == #""JobNotFound""#)
    #expect(
      text(AssignmentAnswer(needsToolchain: true)) == #"{"state":"Pending","need_toolchain":true}"#)
    #expect(text(HeartbeatAnswer(isNew: false, takesExtensions: true)) == #"{"is_new":false}"#)
    #expect(
      text(ServerCertificate(digest: [9], pem: [])) == #"{"cert_digest":[9],"cert_pem":[]}"#)
  }

  @Test func aJob() {
    let output = ProcessOutput(
      .exited(1), form: .exitCode, standardOutput: [], standardError: [104, 105])
    let file = JobOutput(path: "/a.o", data: OutputData(compressed: [120, 1], length: 3))
    #expect(
      text(RunJobAnswer.complete(output, outputs: [file]))
        == #"{"Complete":{"output":{"code":1,"stdout":[],"stderr":[104,105]},"#
        + #""outputs":[["/a.o",[[120,1],3]]]}}"#)
  }

  @Test func textsAreQuoted() {
    let all = JSONValue.text("\"\\/\u{8}\t\n\u{c}\r\u{1}\u{1f}\u{7f}é\u{2028}")
    #expect(
      String(decoding: all.bytes, as: UTF8.self)
        == #""\"\\/\b\t\n\f\r\u0001\u001f"# + "\u{7f}é\u{2028}\"")
  }

  @Test(
    arguments: [
      (nil, BodyFormat.bincode), ("*/*", .bincode), ("application/json", .json),
      ("text/html, Application/JSON;q=0.9", .json), ("application/octet-stream", .bincode),
      ("application/jsonx", .bincode),
    ] as [(String?, BodyFormat)])
  func whoGetsJSON(accept: String?, format: BodyFormat) {
    #expect(BodyFormat(accept: accept) == format)
    let status = FarmStatus(servers: 1, cpus: 2, jobs: 3)
    let expected = format == .json ? status.json.bytes : status.body
    #expect(Array(format.pieces(of: status).joined()) == expected)
  }
}
