import Platform
import TestSupport
import Testing

@testable import Farm

@Suite struct CodingTests {
  @Test(arguments: ["127.0.0.1:10501", "255.255.255.255:65535", "[::1]:10507", "[1:0:2::3]:80"])
  func addresses(text: String) throws {
    let address = try #require(SocketAddress(text))
    var writer = BincodeWriter()
    address.write(to: &writer)
    var reader = BincodeReader(writer.bytes[...])
    #expect(try SocketAddress(from: &reader, "server_id") == address)
    #expect(reader.rest.isEmpty)
  }

  /// Any bytes give a message or an error, and no memory that the bytes do not justify.
  @Test(arguments: 0..<20)
  func anyBytes(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let names = Golden.messages.keys.sorted() + Golden.jobAnswers.keys.sorted()
    for _ in 0..<300 {
      var bytes = random.bytes(Int.random(in: 0..<200, using: &random))
      if Bool.random(using: &random), let name = names.randomElement(using: &random) {
        bytes = Array(try Golden.body(name).prefix(4000))
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          let place = Int.random(in: 0..<bytes.count, using: &random)
          bytes[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
        }
      }
      decodeAll(bytes)
    }
  }

  private func decodeAll(_ bytes: [UInt8]) {
    expectSame(ToolchainRequest.self, bytes)
    expectSame(AllocationAnswer.self, bytes)
    expectSame(AssignmentAnswer.self, bytes)
    expectSame(JobStateReport.self, bytes)
    expectSame(JobStateAnswer.self, bytes)
    expectSame(ServerCertificate.self, bytes)
    expectSame(FarmStatus.self, bytes)
    expectSame(ToolchainAnswer.self, bytes)
    expectSame(RunJobHeader.self, bytes)
    expectSame(RunJobAnswer.self, bytes)
    _ = try? Heartbeat(body: bytes)
    _ = try? HeartbeatAnswer(body: bytes)
    var intake = RunJobIntake(limit: 1 << 16)
    _ = try? intake.take(bytes[...])
  }

  private func expectSame<Message: WireMessage>(_ type: Message.Type, _ bytes: [UInt8]) {
    guard let message = try? Message(body: bytes) else { return }
    #expect(bytes.starts(with: message.body))
  }

  @Test func errorsNameTheField() {
    let fault = MalformedMessage(field: "command.arguments", reason: .endsEarly)
    var writer = BincodeWriter()
    writer.put("/usr/bin/cc")
    writer.putCount(1 << 40)
    #expect(throws: fault) { try RunJobHeader(body: writer.bytes) }
    #expect(fault.description == "command.arguments: io error: failed to fill whole buffer")

    #expect(throws: MalformedMessage(field: "is_new", reason: .notABoolean(2))) {
      try HeartbeatAnswer(body: [2])
    }
    #expect(
      throws: MalformedMessage(field: "run_job", reason: .unknownAlternative(7, of: 2))
    ) { try RunJobAnswer(body: [7, 0, 0, 0]) }
  }

  /// As Rust counts: how much is valid, and how long the fault is.
  @Test(
    arguments: [
      ([0x61, 0xff], 1, 1), ([0x61, 0xe2, 0x82], 1, nil), ([0xf0, 0x90, 0x41], 0, 2),
      ([0xc3, 0xa9, 0xc0, 0x80], 2, 1), ([0xed, 0xa0, 0x80], 0, 1), ([0xf0, 0x9f, 0x98], 0, nil),
      ([0xe2, 0x82, 0x41], 0, 2), ([0x80], 0, 1), ([0xf5, 0x80], 0, 1),
    ] as [([UInt8], Int, Int?)])
  func faultsInTexts(bytes: [UInt8], valid: Int, length: Int?) {
    var writer = BincodeWriter()
    writer.put(bytes)
    var reader = BincodeReader(writer.bytes[...])
    #expect(
      throws: MalformedMessage(
        field: "msg", reason: .notUTF8(validPrefix: valid, faultLength: length))
    ) { try reader.text("msg") }
  }

  @Test(arguments: [
    "", "a", String(repeating: "a", count: 63), String(repeating: "a", count: 65),
    String(repeating: "A", count: 64), "/" + String(repeating: "a", count: 63),
    String(repeating: "../", count: 21) + "a",
  ])
  func whatIsNoArchiveID(text: String) {
    #expect(ArchiveID(text) == nil)
    var writer = BincodeWriter()
    writer.put(text)
    #expect(throws: MalformedMessage(field: "archive_id", reason: .notAnArchiveID)) {
      try ToolchainRequest(body: writer.bytes)
    }
  }

  @Test func largeFilesAreNotCopied() throws {
    let file = [UInt8](repeating: 7, count: 1 << 20)
    let data = OutputData(compressed: file[...], length: 5)
    let answer = RunJobAnswer.complete(
      ProcessOutput(.exited(0), form: .exitCode, standardOutput: [], standardError: []),
      outputs: [JobOutput(path: "/a", data: data), JobOutput(path: "/b", data: data)])
    let pieces = answer.bodyPieces
    #expect(pieces.count == 5)
    #expect(Array(pieces.joined()) == answer.body)
    #expect(try RunJobAnswer(body: answer.body) == answer)
    let address = file.withUnsafeBytes { $0.baseAddress }
    #expect(pieces[1].withUnsafeBytes { $0.baseAddress } == address)
  }

  @Test func outputsAreBounded() {
    let zeros = [UInt8](repeating: 0, count: 10_000_000)
    let bomb = zeros.withUnsafeBytes { OutputData(deflating: $0) }
    #expect(throws: OutputData.Fault.tooLarge(length: 10_000_000, limit: 1000)) {
      try bomb.contents(limit: 1000)
    }
    for length: UInt64 in [0, 1000, 9_999_999, 10_000_001, .max] {
      let lie = OutputData(compressed: bomb.compressed, length: length)
      #expect(throws: OutputData.Fault.self) { try lie.contents(limit: 1 << 30) }
    }
  }

  @Test(
    arguments: [
      (0, 0), (1, 1), (255, 255), (256, 1), (512, 2), (139 << 8, 139), (-1, nil), (257, nil),
      (65536, nil), (Int32.min, nil),
    ] as [(Int32, UInt8?)])
  func exitCodes(code: Int32, expected: UInt8?) {
    var output = ProcessOutput(.exited(0), form: .exitCode, standardOutput: [], standardError: [])
    output.code = code
    #expect(output.exitCode == expected)
  }

  @Test func endings() {
    func code(_ ending: JobEnding, _ form: ExitCodeForm) -> Int32 {
      ProcessOutput(ending, form: form, standardOutput: [], standardError: []).code
    }
    #expect(code(.exited(7), .exitCode) == 7)
    #expect(code(.exited(7), .waitStatus) == 7 << 8)
    #expect(code(.killed(signal: 11), .exitCode) == 139)
    #expect(code(.killed(signal: 11), .waitStatus) == 139 << 8)
  }

  @Test func headersAreBounded() {
    var intake = RunJobIntake(limit: 100)
    #expect(throws: RunJobFault.headerTooLarge(count: 101, limit: 100)) {
      try intake.take([0, 0, 0, 101, 1])
    }
    var cut = RunJobIntake()
    #expect(cut.faultAtEnd == .noLength)
    #expect(throws: Never.self) { try cut.take([0, 0, 0, 9, 1]) }
    #expect(
      cut.faultAtEnd
        == .malformedHeader(MalformedMessage(field: "command", reason: .endsEarly)))
  }
}
