import Glibc
import Platform
import Settings
import Storage
import StoreServers
import Synchronization
import TestSupport
import Testing

/// Against a stub of both protocols.
@Suite(.blocking) struct GHATests {
  enum Version: CaseIterable { case first, second }

  /// A clock that tests set.
  private final class TestClock: Sendable {
    private let ahead = Atomic(Int64(0))
    var now: Int64 { realSeconds() + ahead.load(ordering: .relaxed) }
    func advance(_ seconds: Int64) { ahead.add(seconds, ordering: .relaxed) }
  }

  private let clock = TestClock()

  private func service(
    _ port: Int, _ version: Version, _ user: String = "", token: String = "job-token"
  ) throws -> any BlobService {
    let address = "http://127.0.0.1:\(port)/"
    let variables =
      switch version {
      case .first: ["ACTIONS_CACHE_URL": address, "ACTIONS_RUNTIME_TOKEN": token]
      case .second:
        [
          "ACTIONS_RESULTS_URL": address, "ACTIONS_CACHE_SERVICE_V2": "True",
          "ACTIONS_RUNTIME_TOKEN": token,
        ]
      }
    let clock = clock
    return try BlobServices.service(
      for: .gha(GHASettings(version: user)),
      BackendContext(variable: { variables[$0] }, now: { clock.now }))
  }

  private func stub() throws -> TestServer { try TestServer.stub("gha-stub.py") }

  private func created(_ server: TestServer) -> Int {
    server.log.split(separator: "\n").count { $0.contains("created") }
  }

  /// Questions so far; what it says of them comes later.
  private func asked(_ server: TestServer) -> Int {
    server.log.split(separator: "\n").count { $0.hasPrefix("GET ") || $0.hasPrefix("POST ") }
  }

  private func entry(_ number: Int) -> BlobName { .entry(Digest.of(Array("gha \(number)".utf8))) }

  private func finish(_ services: any BlobService...) throws {
    for service in services { try service.finish(.patient) }
    clock.advance(61)
  }

  @Test(arguments: Version.allCases) func contract(_ version: Version) throws {
    let server = try stub()
    let first = try service(server.port, version)
    let second = try service(server.port, version)
    var contract = BlobContract(first: first, second: second)
    contract.settle = { try finish(first, second) }
    try contract.check()
    #expect(first.location == "ghac, name: sccache-v0.16.0-segments1, prefix: /sccache/")
  }

  /// A thousand blobs are one entry of the service, and are there at once for who stored them.
  @Test(arguments: Version.allCases) func blobsAreBundled(_ version: Version) throws {
    func bytes(_ number: Int) -> [UInt8] {
      [UInt8](repeating: UInt8(number % 251), count: number * 7)
    }
    let server = try stub()
    let first = try service(server.port, version)
    for number in 0..<1300 {
      try first.store(entry(number), .bytes(bytes(number)), .patient)
    }
    for number in stride(from: 0, to: 1300, by: 9) {
      #expect(first.outcomeOfFetch(entry(number)) == .found(bytes(number)))
    }
    try finish(first)
    #expect(created(server) <= 2)
    let second = try service(server.port, version)
    for number in stride(from: 0, to: 1300, by: 9) {
      #expect(second.outcomeOfFetch(entry(number)) == .found(bytes(number)))
    }
    // The service itself was asked for the newest segment, and where each of the segments is.
    let asked = server.log.split(separator: "\n").filter {
      $0.hasSuffix("/cache") || $0.hasSuffix("GetCacheEntryDownloadURL")
    }
    #expect(asked.count <= 12)
  }

  /// Larger than one request of the first protocol may be.
  @Test(arguments: Version.allCases) func largeBlobs(_ version: Version) throws {
    let server = try stub()
    let first = try service(server.port, version)
    let piece = (0..<(1 << 20) - 7).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 7) }
    let bytes = [UInt8](repeatElement(piece, count: 40).joined())
    try first.store(entry(1), .bytes(bytes), .patient)
    try finish(first)
    #expect(try service(server.port, version).outcomeOfFetch(entry(1)) == .found(bytes))
    #expect(first.largestBlob == 128 << 20)
  }

  /// Nobody has to say that they are to be sent.
  @Test func blobsAreSentSoon() throws {
    let server = try stub()
    let first = try service(server.port, .second)
    #expect(first.outcomeOfStore(entry(1)) == .stored)
    var left = 1000
    while created(server) == 0, left > 0 {
      usleep(20_000)
      left -= 1
    }
    #expect(created(server) == 1)
    #expect(try service(server.port, .second).outcomeOfFetch(entry(1)) == .found([1, 2, 3]))
  }

  /// Two machines that send at once, each again and again: nothing is lost.
  @Test(arguments: Version.allCases) func machinesDontLoseEachOthersBlobs(_ version: Version) throws
  {
    let server = try stub()
    let services = try (0..<3).map { _ in try service(server.port, version) }
    for round in 0..<4 {
      for (number, service) in services.enumerated() {
        #expect(service.outcomeOfStore(entry(round * 10 + number)) == .stored)
      }
      let left = Monitor(services.count)
      for service in services {
        #expect(
          startThread {
            try? service.finish(.patient)
            left.change { $0 -= 1 }
          })
      }
      _ = left.wait(until: .max) { $0 == 0 ? true : nil }
    }
    // What was overtaken every time is in the next index of its machine.
    for service in services {
      #expect(service.outcomeOfRemove(.probe) == .removed)
      try finish(service)
    }
    let other = try self.service(server.port, version)
    for round in 0..<4 {
      for number in 0..<3 {
        #expect(other.outcomeOfFetch(entry(round * 10 + number)) == .found([1, 2, 3]))
      }
    }
  }

  @Test func versionsDontSeeEachOther() throws {
    let server = try stub()
    let first = try service(server.port, .second, "a")
    #expect(first.outcomeOfStore(entry(1)) == .stored)
    try finish(first)
    #expect(try service(server.port, .second, "b").outcomeOfFetch(entry(1)) == .absent)
    #expect(first.location == "ghac, name: sccache-v0.16.0-segments1-a, prefix: /sccache/")
  }

  // MARK: failures

  @Test(arguments: Version.allCases) func wrongToken(_ version: Version) throws {
    let server = try stub()
    let service = try service(server.port, version, token: "wrong-token")
    for outcome in [service.outcomeOfFetch(), service.outcomeOfFetch(entry(1))] {
      #expect(outcome == .failed(.denied, "it refuses: 401"))
    }
    // The probe is sent at once.
    #expect(service.outcomeOfStore().kind == .denied)
  }

  @Test(arguments: Version.allCases) func readOnlyToken(_ version: Version) throws {
    let server = try stub()
    try server.directory.write("readonly", "1")
    let service = try service(server.port, version)
    #expect(service.outcomeOfFetch() == .absent)
    #expect(service.outcomeOfStore().kind == .denied)
  }

  /// It is not asked before the time that it named, and what waits is sent afterwards.
  @Test(arguments: Version.allCases) func rateLimit(_ version: Version) throws {
    let server = try stub()
    let service = try service(server.port, version)
    try server.directory.write("limited", "30")
    #expect(service.outcomeOfFetch(entry(2)).kind == .limited(30))
    let before = asked(server)
    guard case .failed(.limited(let seconds?), _) = service.outcomeOfFetch(entry(2)) else {
      Issue.record("it is not limited any more")
      return
    }
    #expect(1...30 ~= seconds)
    #expect(asked(server) == before)
    #expect(service.outcomeOfStore(entry(1)) == .stored)
    #expect(service.outcomeOfStore(.manifest(Digest.of([1]))) == .stored)
    #expect(service.outcomeOfStore(entry(3)) == .stored)
    #expect(throws: BlobFailure.self) { try service.finish(.patient) }
    #expect(service.heldBack == 2)
    try server.directory.write("limited", "0")
    clock.advance(31)
    try finish(service)
    #expect(service.heldBack == 0)
    #expect(try self.service(server.port, version).outcomeOfFetch(entry(1)) == .found([1, 2, 3]))
  }

  @Test(arguments: Version.allCases) func addressesEnd(_ version: Version) throws {
    let server = try stub()
    let first = try service(server.port, version)
    #expect(first.outcomeOfStore(entry(1)) == .stored)
    try finish(first)
    let second = try service(server.port, version)
    #expect(second.outcomeOfFetch(entry(1)) == .found([1, 2, 3]))
    // New ones are asked for when those that were kept are refused.
    try server.directory.write("revoked", version == .first ? "2" : "3")
    #expect(second.outcomeOfFetch(entry(1)) == .found([1, 2, 3]))
    try server.directory.write("revoked", "1000")
    let outcome = second.outcomeOfFetch(entry(1))
    #expect(outcome.kind == .denied)
    #expect(!outcome.description.contains("topsecret"))
  }

  /// GitHub clears away what nobody reads.
  @Test func clearedAway() throws {
    let server = try stub()
    let first = try service(server.port, .second)
    #expect(first.outcomeOfStore(entry(1)) == .stored)
    try finish(first)
    try server.directory.write("gone", "1")
    clock.advance(1000)
    #expect(first.outcomeOfFetch(entry(1)) == .absent)
  }

  /// A server that gives the whole segment instead of a part is not believed.
  @Test func noRanges() throws {
    let server = try stub()
    let first = try service(server.port, .second)
    #expect(first.outcomeOfStore(entry(1)) == .stored)
    try finish(first)
    try server.directory.write("whole", "1")
    #expect(first.outcomeOfFetch(entry(1)).kind == .failed)
  }

  @Test(
    arguments: [
      (500, "", .failed), (503, "retry-after: 3\r\n", .limited(3)), (403, "", .denied),
    ] as [(Int, String, Outcome.Kind)])
  func statuses(_ status: Int, _ more: String, _ kind: Outcome.Kind) throws {
    for version in Version.allCases {
      let server = try FaultServer([
        .hear("\r\n\r\n"),
        .say("HTTP/1.1 \(status) X\r\nconnection: close\r\n\(more)content-length: 0\r\n\r\n"),
      ])
      let service = try service(server.port, version)
      #expect(service.outcomeOfFetch().kind == kind)
      withExtendedLifetime(server) {}
    }
  }

  @Test func silence() throws {
    let server = try FaultServer([.hang])
    let service = try service(server.port, .second)
    #expect(service.outcomeOfFetch(.probe, .short).kind == .timedOut)
    #expect(service.outcomeOfStore(.probe, [1], .short).kind == .timedOut)
    let nobody = try self.service(9, .first)
    #expect(nobody.outcomeOfFetch().kind == .unreachable)
  }

  /// A segment's address leads to a server that breaks off.
  @Test func cutBodies() throws {
    let head = "HTTP/1.1 206 X\r\ncontent-length: 100\r\n\r\nSCCSEG"
    let blobs = try FaultServer([.hear("\r\n\r\n"), .say(head)])
    let location =
      "{\"archiveLocation\": \"http://127.0.0.1:\(blobs.port)/b?sig=topsecret\", "
      + "\"cacheKey\": \"sccache/segment/x\"}"
    let server = try FaultServer([
      .hear("\r\n\r\n"),
      .say(
        "HTTP/1.1 200 X\r\nconnection: close\r\ncontent-length: \(location.utf8.count)\r\n\r\n"
          + location),
    ])
    let outcome = try service(server.port, .first).outcomeOfFetch(entry(1))
    #expect(outcome.kind == .failed)
    #expect(!outcome.description.contains("topsecret"))
    withExtendedLifetime((blobs, server)) {}
  }

  @Test func outsideOfActions() {
    for variables in [[:], ["ACTIONS_CACHE_URL": "http://x/"]] {
      let problem = #expect(throws: BackendProblem.self) {
        _ = try BlobServices.service(
          for: .gha(GHASettings()), BackendContext(variable: { variables[$0] }))
      }
      #expect(problem?.description.contains("ACTIONS_") == true)
    }
  }
}
