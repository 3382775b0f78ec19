import CacheKey
import Glibc
import Platform
import Settings
import StoreServers
import TestSupport
import Testing
import Transport

@testable import Storage

@Suite(.blocking) struct MemcachedTests {
  private func service(
    _ servers: [TestServer], _ change: (inout MemcachedSettings) -> Void = { _ in }
  ) throws -> any BlobService {
    try service(servers.map { "tcp://127.0.0.1:\($0.port)" }.joined(separator: ","), change)
  }

  private func service(
    _ endpoint: String, _ change: (inout MemcachedSettings) -> Void = { _ in }
  ) throws -> any BlobService {
    var settings = MemcachedSettings(endpoint: endpoint)
    change(&settings)
    return try BlobServices.service(
      for: .memcached(settings), BackendContext(variable: { _ in nil }))
  }

  @Test(arguments: MemcachedSettings.Language.allCases)
  func keepsTheContract(language: MemcachedSettings.Language) throws {
    let server = try MemcachedServers.plain()
    let change = { (settings: inout MemcachedSettings) in
      settings.protocol = language
      settings.keyPrefix = "team/x"
    }
    try BlobContract(first: try service([server], change), second: try service([server], change))
      .check()
  }

  @Test func severalServersShareTheKeys() throws {
    let servers = try (0..<3).map { _ in try MemcachedServers.plain() }
    let first = try service(servers)
    try BlobContract(first: first, second: try service(servers)).check()
    for number in 0..<30 {
      #expect(first.outcomeOfStore(.entry(Digest.of([UInt8(number)]))) == .stored)
    }
    // Each alone has a part; with all of them everything is found.
    for server in servers {
      let alone = try service([server])
      let found = (0..<30).count {
        alone.outcomeOfFetch(.entry(Digest.of([UInt8($0)]))) == .found([1, 2, 3])
      }
      #expect(1..<30 ~= found)
    }
  }

  @Test func whoKnowsThePasswordKeepsTheContract() throws {
    let server = try MemcachedServers.secured()
    let change = { (settings: inout MemcachedSettings) in
      settings.username = "alice"
      settings.password = Secret("s3cret")
    }
    try BlobContract(first: try service([server], change), second: try service([server], change))
      .check()
  }

  @Test func aWrongPasswordIsDenied() throws {
    let server = try MemcachedServers.secured()
    let service = try service([server]) {
      $0.username = "alice"
      $0.password = Secret("wr0ng")
    }
    for outcome in [service.outcomeOfFetch(), service.outcomeOfStore()] {
      #expect(outcome.kind == .denied, "\(outcome)")
      #expect(!outcome.description.contains("wr0ng"))
    }
  }

  /// libmemcached takes the refusal of a GET for "not found".
  @Test func whoHasNoPasswordIsDeniedToWrite() throws {
    let server = try MemcachedServers.secured()
    let service = try service([server])
    #expect(service.outcomeOfStore().kind == .denied)
    #expect(service.outcomeOfFetch() == .absent)
  }

  @Test func prefixesAreApart() throws {
    let server = try MemcachedServers.plain()
    let one = try service([server]) { $0.keyPrefix = "/one/" }
    let two = try service([server]) { $0.keyPrefix = "two" }
    #expect(one.location == "memcached, name: memcached, prefix: /one/")
    #expect(one.outcomeOfStore() == .stored)
    #expect(two.outcomeOfFetch() == .absent)
  }

  @Test func entriesExpire() throws {
    let server = try MemcachedServers.plain()
    let service = try service([server]) { $0.expirationSeconds = 1 }
    #expect(service.outcomeOfStore() == .stored)
    var left = 100
    while service.outcomeOfFetch() != .absent, left > 0 {
      usleep(100_000)
      left -= 1
    }
    #expect(left > 0)
  }

  /// Memcached takes more than thirty days for a moment since 1970, which would be long ago.
  @Test(arguments: [0, 31 * 24 * 3600]) func longExpirationsAreNotInThePast(seconds: Int) throws {
    let server = try MemcachedServers.plain()
    let service = try service([server]) { $0.expirationSeconds = seconds }
    #expect(service.outcomeOfStore() == .stored)
    #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
  }

  @Test func aServerThatWasStartedAgainIsFound() throws {
    let server = try MemcachedServers.plain()
    let service = try service([server])
    #expect(service.outcomeOfStore() == .stored)
    server.process.stop(SIGTERM)
    #expect(service.outcomeOfFetch(.probe, .short).kind == .unreachable)
    let again = try BackgroundProcess(
      "/usr/bin/memcached", ["-u", "nobody", "-l", "127.0.0.1", "-p", "\(server.port)", "-U", "0"],
      environment: [:], log: server.directory("again.log"))
    var left = 2000
    while !TestServer.listens(server.port), again.isRunning, left > 0 {
      usleep(10_000)
      left -= 1
    }
    #expect(service.outcomeOfFetch() == .absent)
    #expect(service.outcomeOfStore() == .stored)
    withExtendedLifetime(again) {}
  }

  @Test func connectionsThatTheServerEndedAreReplaced() throws {
    // Idle ones are closed after a second.
    let server = try MemcachedServers.plain(["-o", "idle_timeout=1"])
    let service = try service([server])
    #expect(service.outcomeOfStore() == .stored)
    sleep(3)
    #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
  }

  @Test func anItemAboveTheServersLimitIsTooLarge() throws {
    let server = try MemcachedServers.plain(["-I", "512k"])
    let service = try service([server])
    #expect(
      service.outcomeOfStore(.probe, [UInt8](repeating: 1, count: 900_000)).kind == .tooLarge)
    #expect(service.outcomeOfStore() == .stored)
  }

  @Test func nobodyThere() throws {
    let port = try LoopbackPort(listens: false).port
    let service = try service("127.0.0.1:\(port)")
    #expect(service.outcomeOfFetch(.probe, .short).kind == .unreachable)
    #expect(service.outcomeOfStore(.probe, [1], .short).kind == .unreachable)
  }

  @Test(arguments: MemcachedSettings.Language.allCases)
  func aSilentServerEndsAtTheDeadline(language: MemcachedSettings.Language) throws {
    let server = try FaultServer([.hang])
    let service = try service("127.0.0.1:\(server.port)") { $0.protocol = language }
    #expect(service.outcomeOfFetch(.probe, .short).kind == .timedOut)
    #expect(service.outcomeOfStore(.probe, [1], .short).kind == .timedOut)
    #expect(service.outcomeOfRemove(.probe, .short).kind == .timedOut)
  }

  @Test func aCutValueIsAFailure() throws {
    for said in ["VALUE .sccache_check 0 10\r\nabc", "VALUE .sccache_check 0 10\r\n012345678"] {
      let server = try FaultServer([.hear("get"), .say(said)])
      let outcome = try service("127.0.0.1:\(server.port)") { $0.protocol = .text }
        .outcomeOfFetch(.probe, .short)
      #expect(outcome.kind != nil, "\(said): \(outcome)")
    }
  }

  @Test func aSlowValueEndsAtTheDeadline() throws {
    let server = try FaultServer([
      .hear("get"), .say("VALUE .sccache_check 0 100000\r\n"), .say("abc"), .hang,
    ])
    let service = try service("127.0.0.1:\(server.port)") { $0.protocol = .text }
    #expect(service.outcomeOfFetch(.probe, .short).kind == .timedOut)
  }

  @Test func aServerWithoutMemoryIsAskedLess() throws {
    let server = try FaultServer([
      .hear("set"), .say("SERVER_ERROR out of memory storing object\r\n"), .hang,
    ])
    let service = try service("127.0.0.1:\(server.port)") { $0.protocol = .text }
    #expect(service.outcomeOfStore(.probe, [1], .short).kind == .limited(nil))
  }

  // MARK: pieces

  private let large = [UInt8]((0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })

  /// Changes what lies in the server behind the service's back.
  private func handle(_ server: TestServer) -> MemcachedHandle {
    MemcachedHandle(
      MemcachedOptions(servers: [.tcp(host: "127.0.0.1", port: UInt16(server.port))]),
      MemcachedVigil())
  }

  private var limits: StreamDeadlines {
    StreamDeadlines(silence: 2000, end: Clock.monotonic + 10_000_000_000)
  }

  private func index(_ handle: MemcachedHandle) throws -> MemcachedIndex {
    let value = try handle.get(".sccache_check", connectMilliseconds: 1000, limits)
    return try #require(MemcachedIndex(value?.bytes ?? []))
  }

  @Test func aDroppedFirstPieceIsAMissAndALaterOneAFailure() throws {
    let server = try MemcachedServers.plain()
    let service = try service([server])
    let handle = handle(server)
    for number in [0, 1, 2] {
      #expect(service.outcomeOfStore(.probe, large) == .stored)
      #expect(service.outcomeOfFetch() == .found(large))
      let name = MemcachedIndex.name(".sccache_check", try index(handle).mark, number)
      try handle.remove(name, connectMilliseconds: 1000, limits)
      let outcome = service.outcomeOfFetch()
      #expect(number == 0 ? outcome == .absent : outcome.kind == .failed, "\(number): \(outcome)")
    }
  }

  @Test func aPieceThatIsAnotherIsAFailure() throws {
    let server = try MemcachedServers.plain()
    let service = try service([server])
    let handle = handle(server)
    #expect(service.outcomeOfStore(.probe, large) == .stored)
    let name = MemcachedIndex.name(".sccache_check", try index(handle).mark, 1)
    var piece = try #require(try handle.get(name, connectMilliseconds: 1000, limits)).bytes
    piece[17] ^= 1
    try piece.withUnsafeBytes {
      try handle.set(
        name, $0, flags: MemcachedIndex.flagOfPiece, expiration: 0, connectMilliseconds: 1000,
        limits)
    }
    #expect(service.outcomeOfFetch().kind == .failed)
  }

  @Test func indexesAreReadBack() {
    let digests = [Digest.of([1]), Digest.of([2])]
    let index = MemcachedIndex(size: 1_000_001, mark: 7, digests: digests)
    #expect(MemcachedIndex(index.bytes) == index)
    #expect(index.range(1) == 1_000_000..<1_000_001)
    var generator = SeededGenerator(seed: 9)
    for _ in 0..<2000 {
      var bytes = index.bytes
      switch generator.next() % 3 {
      case 0: bytes.removeLast(Int(generator.next() % 64) + 1)
      case 1: bytes += [0]
      default: bytes[Int(generator.next() % 40)] = UInt8(truncatingIfNeeded: generator.next())
      }
      if let read = MemcachedIndex(bytes) {
        #expect(read.digests.count == MemcachedIndex.count(read.size))
      }
    }
    for text in ["", "sccache chunks 1\n", "sccache chunks 1\n0 1000000 0000000000000007\n"] {
      #expect(MemcachedIndex(Array(text.utf8)) == nil)
    }
  }

  // MARK: addresses

  @Test func whatPeopleWrite() throws {
    #expect(
      try MemcachedServers.read("tcp://a:1, b ,[::1]:2,unix:///run/m.sock, tcp://c/") == [
        .tcp(host: "a", port: 1), .tcp(host: "b", port: 11211), .tcp(host: "::1", port: 2),
        .unix(path: "/run/m.sock"), .tcp(host: "c", port: 11211),
      ])
    for bad in ["", ",", "http://a", "a:0", "a:x", "::1", "unix://m", "u:geheim@a:1", "a/b"] {
      let problem = #expect(throws: BackendProblem.self) { try MemcachedServers.read(bad) }
      #expect(problem?.description.contains("geheim") == false)
    }
  }

  @Test func prefixesThatCannotBe() {
    for prefix in ["a b", String(repeating: "x", count: 200)] {
      #expect(throws: BackendProblem.self) { try service("a:1") { $0.keyPrefix = prefix } }
    }
    #expect(throws: BackendProblem.self) {
      try service("a:1") {
        $0.protocol = .text
        $0.username = "alice"
      }
    }
  }

  /// A server that says a byte now and then: each of libmemcached's waits ends well, and all together never.
  @Test(arguments: [
    [FaultServer.Step.hear("get"), .say("VALUE .sccache_check 0 100000\r\n")],
    [.hear("get")], [.hear("set")], [.hear("delete")],
  ]) func aServerThatTricklesEndsAtTheDeadline(steps: [FaultServer.Step]) throws {
    let server = try FaultServer(steps + [.trickle("x", milliseconds: 20)])
    let service = try service("tcp://127.0.0.1:\(server.port)") { $0.protocol = .text }
    let outcome: Outcome
    switch steps[0] {
    case .hear("set"): outcome = service.outcomeOfStore(.probe, [1, 2, 3], .short)
    case .hear("delete"): outcome = service.outcomeOfRemove(.probe, .short)
    default: outcome = service.outcomeOfFetch(.probe, .short)
    }
    #expect(outcome.kind == .timedOut || steps.count == 1 && outcome.kind == .failed, "\(outcome)")
  }

  /// The same handle serves again, with the waits that it had before.
  @Test func theLastLookupsHasteIsForgotten() throws {
    let server = try FaultServer(
      [.hear("get"), .say("VALUE .sccache_check 0 99999\r\n"), .trickle("x", milliseconds: 20)],
      [.hear("get"), .say("VALUE .sccache_check 0 3\r\n\u{1}\u{2}\u{3}\r\nEND\r\n"), .hang])
    let service = try service("tcp://127.0.0.1:\(server.port)") { $0.protocol = .text }
    #expect(service.outcomeOfFetch(.probe, .short).kind != nil)
    #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
  }
}
