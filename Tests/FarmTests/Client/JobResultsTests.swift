import Platform
import Testing

@testable import Farm

/// What of a server's answer is believed.
@Suite struct JobResultsTests {
  private let results = JobResults(
    server: .numbered(1), asked: ["/w/a.o", "/w/a.dwo"], limit: 10_000)
  private let object = CheckedOutput(path: "/w/a.o", contents: [1, 2, 3])

  private func outputs(
    _ end: JobEnd, _ outputs: [CheckedOutput] = [], errors: [UInt8] = []
  ) throws -> [String: [UInt8]] {
    try results.result(
      of: CheckedJobAnswer.ended(
        end, standardOutput: [], standardError: errors[...], outputs: outputs)
    ).outputs
  }

  @Test func endsByKind() throws {
    #expect(try outputs(.exited(0), [object]) == ["/w/a.o": [1, 2, 3]])
    #expect(throws: FarmFailure.notClean) { try outputs(.exited(1), [object]) }
    #expect(throws: FarmFailure.notClean) { try outputs(.exited(0), [object], errors: [1]) }
    let server = SocketAddress.numbered(1)
    #expect(throws: FarmFailure.killed("\(server): by signal 9")) {
      try outputs(.killed(signal: 9))
    }
    #expect(throws: FarmFailure.refused("\(server): the job used up its memory")) {
      try outputs(.refused("the job used up its memory"))
    }
    #expect(throws: FarmFailure.serverFailed("\(server): the slot failed?")) {
      try outputs(.lost("the slot failed\n"))
    }
    #expect(throws: FarmFailure.serverFailed("\(server) doesn't know the job any more")) {
      try results.result(of: CheckedJobAnswer.jobNotFound).outputs
    }
  }

  /// A job that may print: what it printed is told, and a failure is one all the same.
  @Test func whatWasPrinted() throws {
    let results = JobResults(server: .numbered(1), asked: [], limit: 0, mayPrint: true)
    func answer(_ code: UInt8) -> CheckedJobAnswer {
      .ended(.exited(code), standardOutput: [1], standardError: [2], outputs: [])
    }
    let result = try results.result(of: answer(0))
    #expect(result.standardOutput == [1])
    #expect(result.standardError == [2])
    #expect(throws: FarmFailure.notClean) { try results.result(of: answer(1)) }
  }

  @Test func onlyWhatWasAskedFor() {
    let foreign = CheckedOutput(path: "/etc/passwd", contents: [1])
    let large = CheckedOutput(path: "/w/a.dwo", contents: [UInt8](repeating: 0, count: 9_998))
    var other = object
    other.digest = Digest.of([9])
    var long = object
    long.length = 4
    for files in [
      [foreign], [object, foreign], [object, object], [object, large], [other], [long],
    ] {
      #expect {
        try outputs(.exited(0), files)
      } throws: { error in
        if case .badResult = error as? FarmFailure { true } else { false }
      }
    }
  }
}
