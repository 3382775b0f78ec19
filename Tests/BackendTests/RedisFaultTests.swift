import Settings
import Storage
import StoreServers
import TestSupport
import Testing

/// Answers that a real server does not give, or not when a test wants them.
@Suite(.blocking) struct RedisFaultTests {
  private func service(
    _ server: FaultServer, password: String? = nil
  ) throws -> any BlobService {
    var settings = RedisSettings(endpoint: "redis://127.0.0.1:\(server.port)")
    settings.password = password.map { Secret($0) }
    return try RedisServer.service(settings)
  }

  @Test func aSilentServerEndsAtTheDeadline() throws {
    let server = try FaultServer([.hang])
    let service = try service(server)
    #expect(service.outcomeOfFetch(.probe, .short).kind == .timedOut)
    #expect(service.outcomeOfStore(.probe, [1], .short).kind == .timedOut)
    #expect(service.outcomeOfRemove(.probe, .short).kind == .timedOut)
  }

  @Test func aSlowValueEndsAtTheDeadline() throws {
    let server = try FaultServer([
      .hear("GET"), .say("$100000\r\n"), .trickle("x", milliseconds: 50),
    ])
    #expect(try service(server).outcomeOfFetch(.probe, .short).kind == .timedOut)
  }

  @Test func aServerThatTakesNothingEndsAtTheDeadline() throws {
    let server = try FaultServer([.hear("SET"), .trickle("", milliseconds: 1000)])
    let much = [UInt8](repeating: 1, count: 32 << 20)
    #expect(try service(server).outcomeOfStore(.probe, much, .short).kind == .timedOut)
  }

  @Test func aCutValueIsAFailure() throws {
    for said in ["$10\r\nabc", "$10\r\n0123456789", "$10\r\n0123456789XX", "$10", "$5\r\n", "+OK"] {
      let server = try FaultServer([.hear("GET"), .say(said)])
      #expect(try service(server).outcomeOfFetch(.probe, .short).kind == .failed, "\(said)")
    }
  }

  @Test func nonsenseIsAFailure() throws {
    for said in [
      "HTTP/1.1 400 Bad Request\r\n\r\n", "$99999999999\r\n", "$-2\r\n", "$x\r\n", "$\r\n",
      "*2000000000\r\n", "*-5\r\n", ":12\r\n", "+OK\r\n", "\r\n",
      "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
    ] {
      let server = try FaultServer([.hear("GET"), .say(said), .hang])
      let outcome = try service(server).outcomeOfFetch(.probe, .short)
      #expect(outcome.kind == .failed || outcome.kind == .timedOut, "\(said): \(outcome)")
    }
  }

  @Test func aReplyWithoutEndIsAFailure() throws {
    let line = String(repeating: "x", count: 1000)
    let server = try FaultServer([
      .hear("GET"), .say("*20000\r\n" + String(repeating: "$1000\r\n\(line)\r\n", count: 2000)),
      .hang,
    ])
    #expect(try service(server).outcomeOfFetch(.probe, .short).kind == .failed)
  }

  @Test(arguments: [
    ("-LOADING Redis is loading the dataset in memory", Outcome.Kind.limited(nil)),
    ("-BUSY Redis is busy running a script", .limited(nil)),
    ("-CLUSTERDOWN The cluster is down", .limited(nil)),
    ("-ERR max number of clients reached", .limited(nil)),
    ("-NOAUTH Authentication required.", .denied),
    ("-NOPERM this user has no permissions", .denied),
    ("-READONLY You can't write against a read only replica.", .denied),
    ("-MOVED 1 127.0.0.1:1", .failed),
    ("-ERR whatever", .failed),
  ]) func errorsSayWhatTheyAre(said: String, kind: Outcome.Kind) throws {
    let server = try FaultServer([.hear("SET"), .say(said + "\r\n"), .hang])
    #expect(try service(server).outcomeOfStore(.probe, [1], .short).kind == kind)
  }

  @Test func aServerThatRepeatsThePasswordDoesNotGetItIntoAMessage() throws {
    let server = try FaultServer([
      .hear("AUTH"),
      .say("-ERR unknown command `AUTH`, with args beginning with: `s3cret`\r\n"), .hang,
    ])
    let outcome = try service(server, password: "s3cret").outcomeOfFetch(.probe, .short)
    #expect(outcome.kind == .denied)
    #expect(!outcome.description.contains("s3cret"))
  }

  @Test func nothingIsAskedBeforeTheDatabaseIsChosen() throws {
    let server = try FaultServer([
      .hear("SELECT"), .say("+OK\r\n-ERR DB index is out of range\r\n"), .hang,
    ])
    var settings = RedisSettings(endpoint: "redis://127.0.0.1:\(server.port)")
    settings.password = Secret("s3cret")
    settings.database = 99
    let outcome = try RedisServer.service(settings).outcomeOfStore(.probe, [1], .short)
    #expect(outcome.kind == .failed)
    #expect(server.heard.first?.contains("SET\r\n") == false)
    // Password and database go together.
    #expect(server.heard.first?.contains("AUTH") == true)
  }

  /// A kept connection that ended is replaced once; a server that always closes is not asked for ever.
  @Test func aServerThatAlwaysClosesIsAFailure() throws {
    let server = try FaultServer([.hear("GET")])
    #expect(try service(server).outcomeOfFetch(.probe, .short).kind == .failed)
    #expect(server.heard.count == 1)
  }

  @Test func aClusterThatSendsInCirclesIsAFailure() throws {
    let other = try FaultServer([
      .hear("GET"), .say("-MOVED 1 127.0.0.1:1\r\n"), .hang,
    ])
    let slots = "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:\(other.port)\r\n"
    let server = try FaultServer([.hear("SLOTS"), .say(slots), .hang])
    var settings = RedisSettings(endpoint: "")
    settings.endpoint = nil
    settings.clusterEndpoints = ["redis://127.0.0.1:\(server.port)"]
    // To a port where nobody is.
    #expect(
      try RedisServer.service(settings).outcomeOfFetch(.probe, .short).kind == .unreachable)
  }
}
