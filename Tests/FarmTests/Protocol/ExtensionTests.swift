import Testing

@testable import Farm

@Suite struct ExtensionTests {
  private static let extras = HeartbeatExtras(
    interval: 5000, freeMemory: 8 << 30, isDraining: true, jobs: [JobID(1), JobID(.max)],
    toolchains: [.numbered(1), .numbered(0xab)], jobForm: 1)

  @Test func extrasComeBack() throws {
    var heartbeat = try Heartbeat(body: try Golden.body("01-heartbeat_server.req"))
    let plain = heartbeat.body
    heartbeat.extras = Self.extras
    #expect(heartbeat.body.starts(with: plain), "Mozilla's scheduler reads the same as ever")
    #expect(try Heartbeat(body: heartbeat.body) == heartbeat)
    heartbeat.extras = HeartbeatExtras()
    #expect(try Heartbeat(body: heartbeat.body).extras == HeartbeatExtras())
  }

  @Test func unknownFieldsAreSkipped() throws {
    var heartbeat = try Heartbeat(body: try Golden.body("01-heartbeat_server.req"))
    heartbeat.extras = Self.extras
    var writer = BincodeWriter()
    writer.put(UInt32(4711))
    writer.put("from the future")
    #expect(try Heartbeat(body: heartbeat.body + writer.bytes) == heartbeat)
  }

  @Test func damageIsAnError() throws {
    var heartbeat = try Heartbeat(body: try Golden.body("01-heartbeat_server.req"))
    let plain = heartbeat.body
    heartbeat.extras = Self.extras
    let body = heartbeat.body
    for end in plain.count + 9..<body.count {
      // Where a field ends, the extension may end too.
      if let shorter = try? Heartbeat(body: body[..<end]) { #expect(shorter != heartbeat) }
    }
    // A mark that is cut off is no mark.
    #expect(try Heartbeat(body: body[..<(plain.count + 7)]).extras == nil)
  }

  @Test func theAnswerTellsWhoAnswers() throws {
    let ours = HeartbeatAnswer(isNew: true, takesExtensions: true)
    #expect(try HeartbeatAnswer(body: ours.body) == ours)
    #expect(ours.body.first == 1)
    let theirs = HeartbeatAnswer(isNew: true, takesExtensions: false)
    #expect(theirs.body == [1])
    #expect(try HeartbeatAnswer(body: [1, 9, 9]) == theirs)
  }
}
