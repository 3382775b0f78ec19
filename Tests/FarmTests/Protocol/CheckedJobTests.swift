import Platform
import TestSupport
import Testing

@testable import Farm

@Suite struct CheckedJobTests {
  private static func pattern(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return random.bytes(count)
  }

  private static let zeros = [UInt8](repeating: 0, count: 100_000)

  private static func answer(_ end: JobEnd = .exited(0)) -> CheckedJobAnswer {
    .ended(
      end, standardOutput: Array("out".utf8)[...], standardError: Array("err".utf8)[...],
      outputs: [
        CheckedOutput(path: "/w/a.o", contents: zeros),
        CheckedOutput(path: "/w/ü.dwo", contents: pattern(3000, seed: 1)),
        CheckedOutput(path: "/w/empty", contents: []),
      ])
  }

  private static let ends: [JobEnd] = [
    .exited(0), .exited(255), .killed(signal: 9), .refused("the job used up its memory"),
    .lost(""), .lost("the slot failed: ü"),
  ]

  @Test(arguments: ends)
  func answersComeBack(end: JobEnd) throws {
    let answer = Self.answer(end)
    #expect(try CheckedJobAnswer(body: answer.body) == answer)
    #expect(Array(answer.bodyPieces.joined()) == answer.body)
    #expect(try CheckedJobAnswer(body: CheckedJobAnswer.jobNotFound.body) == .jobNotFound)
  }

  /// The layout that docs/farm-protocol.md describes.
  @Test func bytes() {
    let answer = CheckedJobAnswer.ended(
      .killed(signal: 11), standardOutput: [0x61], standardError: [],
      outputs: [CheckedOutput(path: "/o", contents: [1, 2, 3])])
    let head: [UInt8] = [
      1, 0, 0, 0, 1, 0, 0, 0, 11, 1, 0, 0, 0, 0, 0, 0, 0, 0x61, 0, 0, 0, 0, 0, 0, 0, 0,
      1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0x2f, 0x6f,
    ]
    let rest: [UInt8] = [
      3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3,
    ]
    #expect(answer.body == head + Digest.of([1, 2, 3]).bytes + rest)
  }

  @Test func outputsAreCompressedWhereItPays() throws {
    guard case .ended(_, _, _, let outputs) = Self.answer() else { return }
    #expect(outputs[0].transferred < 1000)
    #expect(outputs[1].transferred == 3000)
    for (output, count) in zip(outputs, [100_000, 3000, 0]) {
      #expect(try output.contents(limit: count).count == count)
    }
    #expect(try outputs[0].contents(limit: 1 << 30) == Self.zeros)
  }

  @Test func cutAnswersAreMalformed() {
    for end in Self.ends {
      let body = Self.answer(end).body
      for count in 0..<body.count {
        #expect(throws: MalformedMessage.self) { try CheckedJobAnswer(body: body[..<count]) }
      }
    }
  }

  /// Whatever was changed on the way is malformed, or found by the digest.
  @Test func damagedOutputsAreFound() throws {
    let output = CheckedOutput(path: "/o", contents: Self.zeros)
    let stored = CheckedOutput(path: "/o", contents: Self.pattern(200, seed: 2))
    for good in [output, stored] {
      var writer = BincodeWriter()
      good.write(to: &writer)
      let plain = try good.contents(limit: 1 << 20)
      // Behind the path, which is compared with what was asked for.
      for place in 10..<writer.bytes.count {
        for bit in [0, 7] {
          var bytes = writer.bytes
          bytes[place] ^= 1 << bit
          var reader = BincodeReader(bytes[...])
          guard let read = try? CheckedOutput(from: &reader, "outputs"),
            let contents = try? read.contents(limit: 1 << 20)
          else { continue }
          // A frame has bits that mean nothing.
          #expect(contents == plain, "byte \(place)")
        }
      }
    }
  }

  @Test func outputsAreBounded() {
    var output = CheckedOutput(path: "/o", contents: Self.zeros)
    #expect(throws: CheckedOutput.Fault.tooLarge(length: 100_000, limit: 99_999)) {
      try output.contents(limit: 99_999)
    }
    for length: UInt64 in [0, 1, 99_999, 100_001, 1 << 20, .max] {
      output.length = length
      #expect(throws: CheckedOutput.Fault.self) { try output.contents(limit: 1 << 24) }
    }
    output.length = 100_000
    output.digest = Digest.of([1])
    #expect(throws: CheckedOutput.Fault.otherDigest) { try output.contents(limit: 1 << 20) }
  }

  @Test(arguments: 0..<10)
  func anyBytes(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<300 {
      var bytes = random.bytes(Int.random(in: 0..<200, using: &random))
      if Bool.random(using: &random) {
        bytes = Array(Self.answer(Self.ends[seed % Self.ends.count]).body.prefix(3500))
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          let place = Int.random(in: 0..<bytes.count, using: &random)
          bytes[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
        }
      }
      if let answer = try? CheckedJobAnswer(body: bytes) {
        #expect((try? CheckedJobAnswer(body: answer.body)) == answer)
        guard case .ended(_, _, _, let outputs) = answer else { continue }
        for output in outputs { _ = try? output.contents(limit: 1 << 20) }
      }
      if let cancellation = try? JobCancellation(body: bytes) {
        #expect((try? JobCancellation(body: cancellation.body)) == cancellation)
      }
      _ = try? AllocationAnswer(body: bytes)
    }
  }

  /// What a server says ends up in a log.
  @Test func reasonsAreOneLine() throws {
    #expect(OneLine.of("a\nb\u{1b}[2J\u{2028}ü\u{0}", limit: 100) == "a?b?[2J?ü?")
    #expect(OneLine.of("üü", limit: 3) == "ü")
    let long = JobEnd.refused(String(repeating: "ü", count: 5000))
    let answer = CheckedJobAnswer.ended(
      long, standardOutput: [], standardError: [], outputs: [])
    guard case .ended(.refused(let reason), _, _, _) = try CheckedJobAnswer(body: answer.body)
    else {
      Issue.record("another end")
      return
    }
    #expect(reason.utf8.count == 4096)
    var writer = BincodeWriter()
    writer.putAlternative(1)
    writer.putAlternative(3)
    writer.put(String(repeating: "a", count: 4097))
    writer.put([UInt8]())
    writer.put([UInt8]())
    writer.putCount(0)
    #expect(
      throws: MalformedMessage(field: "end.reason", reason: .tooLarge(count: 4097, limit: 4096))
    ) { try CheckedJobAnswer(body: writer.bytes) }
  }

  @Test func cancellations() throws {
    for message in [JobCancellation.notWanted, .serverFailed("no connection"), .serverFailed("")] {
      let body = message.body
      #expect(try JobCancellation(body: body) == message)
      for count in 0..<body.count {
        #expect(throws: MalformedMessage.self) { try JobCancellation(body: body[..<count]) }
      }
    }
    #expect(JobCancellation.notWanted.body == [0, 0, 0, 0])
    #expect(
      JobCancellation.serverFailed("x").body == [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x78])
    #expect(throws: MalformedMessage.self) { try JobCancellation(body: [2, 0, 0, 0]) }
    var writer = BincodeWriter()
    writer.putAlternative(1)
    writer.put("two\nlines")
    #expect(try JobCancellation(body: writer.bytes) == .serverFailed("two?lines"))
    let long = JobCancellation.serverFailed(String(repeating: "x", count: 600))
    #expect(
      try JobCancellation(body: long.body)
        == .serverFailed(String(repeating: "x", count: 512)))
  }

  @Test func forms() {
    #expect(JobForm(header: nil) == .mozilla)
    #expect(JobForm(header: "1") == .checked)
    for text in ["0", "2", "", "x", "-1", "1,1", "99999999999"] {
      #expect(JobForm(header: text) == nil)
    }
    #expect(JobForm(announced: 0) == .mozilla)
    #expect(JobForm(announced: 1) == .checked)
    #expect(JobForm(announced: .max) == .newest)
    #expect(JobForm.mozilla.headers.isEmpty)
    for form in JobForm.allCases {
      #expect(JobForm(header: form.headers.first?.value) == form)
    }
  }

  @Test func allocationsTellWhoTheyAreFrom() throws {
    let allocation = JobAllocation(token: "t", job: JobID(7), server: .numbered(1))
    func answer(_ extras: AllocationExtras?) -> AllocationAnswer {
      .success(allocation, needsToolchain: true, certificateDigest: [1, 2], extras: extras)
    }
    let plain = answer(nil).body
    for extras in [AllocationExtras(), AllocationExtras(jobForm: 1), AllocationExtras(jobForm: 9)] {
      let body = answer(extras).body
      #expect(body.starts(with: plain), "Mozilla's client reads the same as ever")
      #expect(try AllocationAnswer(body: body) == answer(extras))
      for count in plain.count..<body.count {
        // A mark that is cut off is no mark, and where a field ends the extension may end too.
        if let read = try? AllocationAnswer(body: body[..<count]) {
          #expect(read == answer(nil) || read == answer(AllocationExtras()))
        }
      }
    }
    #expect(
      answer(AllocationExtras(jobForm: 1)).body.dropFirst(plain.count).elementsEqual(
        Array("sccache+".utf8) + [1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]))
  }
}
