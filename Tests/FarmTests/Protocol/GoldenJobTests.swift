import Testing

@testable import Farm
@testable import Platform

@Suite struct GoldenJobTests {
  @Test(arguments: Golden.names(of: "run_job", "req"), [1, 3, 100, 1 << 20])
  func request(name: String, piece: Int) throws {
    let body = try Golden.body(name)
    var intake = RunJobIntake()
    var header: RunJobHeader?
    var inputs: [UInt8] = []
    for start in stride(from: 0, to: body.count, by: piece) {
      let bytes = body[start..<min(body.count, start + piece)]
      if header != nil {
        inputs += bytes
      } else if let (found, rest) = try intake.take(bytes) {
        header = found
        inputs += rest
      }
    }
    let found = try #require(header)
    #expect(found.framed + inputs == body)
    #expect(found.command.directory.hasPrefix("/"))
    #expect(found.outputs.allSatisfy { $0.hasPrefix("/") })
    #expect(inputs.starts(with: [0x78, 0x01]))

    var inflater = Inflater(limit: 1 << 20)
    var tar = 0
    let progress = inputs.withUnsafeBytes { bytes in inflater.feed(bytes) { tar += $0.count } }
    #expect(progress == .finished(used: inputs.count))
    #expect(tar % 512 == 0)
  }

  @Test(arguments: Golden.names(of: "run_job", "res"))
  func answer(name: String) throws {
    let body = try Golden.body(name)
    let answer = try RunJobAnswer(body: body)
    #expect(answer.body == body)
    for end in 0..<min(body.count, 300) {
      #expect(throws: MalformedMessage.self) { try RunJobAnswer(body: body[..<end]) }
    }
    guard case .complete(let output, let files) = answer else {
      #expect(name == "26-run_job~job_not_found.res")
      return
    }
    for file in files {
      let contents = try file.data.contents(limit: 1 << 20)
      #expect(contents.count == Int(file.data.length))
      // zlib gives the same stream at level 1 in most cases, not all: only the contents are promised.
      let again = contents.withUnsafeBytes { OutputData(deflating: $0) }
      #expect(try again.contents(limit: contents.count) == contents)
    }
    let codes: [String: UInt8] = ["15": 1, "16": 7, "17": 139, "19": 1]
    #expect(output.exitCode == codes[String(name.prefix(2))] ?? 0)
    #expect(output.exitCode == 0 || files.isEmpty)
  }

  @Test func outputsOfSplitDebugInformation() throws {
    let name = "18-run_job~cxx_split_dwarf_missing_d"
    var intake = RunJobIntake()
    let (header, _) = try #require(try intake.take(try Golden.body(name + ".req")[...]))
    let answer = try RunJobAnswer(body: try Golden.body(name + ".res"))
    guard case .complete(_, let files) = answer else {
      Issue.record("not complete")
      return
    }
    #expect(header.outputs.count == 3)
    #expect(files.count == 2)
    #expect(Set(files.map(\.path)).isSubset(of: header.outputs))
  }
}
