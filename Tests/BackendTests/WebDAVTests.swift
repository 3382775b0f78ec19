import Glibc
import Platform
import Settings
import StoreServers
import TestSupport
import Testing

@testable import Storage

@Suite(.blocking) struct WebDAVTests {
  private func service(
    _ server: TestServer, trusting certificate: TestCertificate? = nil,
    scheme: String = "http", host: String = "127.0.0.1",
    _ change: (inout WebDAVSettings) -> Void = { _ in }
  ) throws -> any BlobService {
    try service("\(scheme)://\(host):\(server.port)/", trusting: certificate) {
      $0.keyPrefix = "team/cache"
      change(&$0)
    }
  }

  private func service(
    _ endpoint: String, trusting certificate: TestCertificate? = nil,
    _ change: (inout WebDAVSettings) -> Void = { _ in }
  ) throws -> any BlobService {
    var settings = WebDAVSettings(endpoint: endpoint)
    change(&settings)
    let file = certificate?.certificate
    return try BlobServices.service(
      for: .webdav(settings), BackendContext(variable: { $0 == "SSL_CERT_FILE" ? file : nil }))
  }

  private func alice(_ settings: inout WebDAVSettings) {
    settings.username = "alice"
    settings.password = Secret("s3cret")
  }

  @Test func nginxMakesDirectoriesItself() throws {
    let server = try WebDAVServers.nginx()
    try BlobContract(first: try service(server), second: try service(server)).check()
  }

  @Test func directoriesAreMadeByMKCOL() throws {
    let server = try WebDAVServers.nginx(isFull: false)
    try BlobContract(first: try service(server), second: try service(server)).check()
  }

  @Test func apacheKeepsTheContract() throws {
    let server = try WebDAVServers.apache()
    try BlobContract(first: try service(server, alice), second: try service(server, alice)).check()
  }

  @Test func wsgidavKeepsTheContract() throws {
    let server = try WebDAVServers.wsgidav()
    try BlobContract(first: try service(server), second: try service(server)).check()
  }

  @Test func whoKnowsThePasswordKeepsTheContract() throws {
    let server = try WebDAVServers.nginx(.basic)
    try BlobContract(first: try service(server, alice), second: try service(server, alice)).check()
  }

  @Test func overTLSWithATokenItKeepsTheContract() throws {
    let certificate = try TestCertificate()
    let server = try WebDAVServers.nginx(.bearer, tls: certificate)
    func client() throws -> any BlobService {
      try service(server, trusting: certificate, scheme: "https", host: "localhost") {
        $0.token = Secret("t0ken")
      }
    }
    try BlobContract(first: try client(), second: try client()).check()
  }

  @Test func whoIsNotKnownIsDenied() throws {
    let server = try WebDAVServers.nginx(.basic)
    for service in [
      try service(server),
      try service(server) {
        $0.username = "alice"
        $0.password = Secret("wr0ng")
      }, try service(server) { $0.token = Secret("wr0ng") },
    ] {
      for outcome in [
        service.outcomeOfFetch(), service.outcomeOfStore(), service.outcomeOfRemove(),
      ] {
        #expect(outcome.kind == .denied, "\(outcome)")
        #expect(!outcome.description.contains("wr0ng"))
      }
    }
  }

  @Test func aServerOfAnotherNameIsRefused() throws {
    let certificate = try TestCertificate("DNS:elsewhere.example")
    let server = try WebDAVServers.nginx(tls: certificate)
    let service = try service(server, trusting: certificate, scheme: "https", host: "localhost")
    #expect(service.outcomeOfFetch().kind == .unreachable)
  }

  /// Three levels of directories for the prefix and three for the key, the first time only.
  @Test func directoriesAreMadeOnceInAProcess() throws {
    let server = try WebDAVServers.nginx(isFull: false)
    let service = try service(server)
    let key = Digest.of([1])
    for _ in 0..<3 { #expect(service.outcomeOfStore(.entry(key)) == .stored) }
    // A line is written after its answer.
    func lines() throws -> [Substring] {
      try String(decoding: Files.read(server.directory("access")), as: UTF8.self)
        .split(separator: "\n")
    }
    var left = 500
    while try lines().count < 9, left > 0 {
      usleep(10_000)
      left -= 1
    }
    #expect(try lines().count { $0.contains("MKCOL") } == 5)
    #expect(try lines().count { $0.contains("PUT") } == 4)
  }

  @Test func directoriesThatSomebodyClearedAwayAreMadeAgain() throws {
    let server = try WebDAVServers.nginx(isFull: false)
    let service = try service(server)
    #expect(service.outcomeOfStore() == .stored)
    let removed = try Spawn.run(
      "/bin/rm", ["-r", server.directory("team")], environment: [], directory: "/")
    #expect(removed.isSuccess)
    #expect(service.outcomeOfStore().kind == .failed)
    #expect(service.outcomeOfStore() == .stored)
  }

  @Test func namesThatNeedToBeWrittenOtherwise() throws {
    let server = try WebDAVServers.nginx()
    let service = try service("http://127.0.0.1:\(server.port)/so me%20/käse") {
      $0.keyPrefix = "/a b/100%/c#d?e/ü/"
    }
    #expect(service.location == "webdav, name: , prefix: /a b/100%/c#d?e/ü/")
    #expect(service.outcomeOfStore() == .stored)
    #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
    let path = "so me /käse/a b/100%/c#d?e/ü/.sccache_check"
    #expect(try Files.read(server.directory(path)) == [1, 2, 3])
    #expect(service.outcomeOfRemove() == .removed)
    try BlobContract(first: service, second: service).check()
  }

  @Test(arguments: [
    "", "ftp://h", "http://", "http:///x", "https://u:geheim@h/", "http://h/?x", "http://h/#x",
    "http://a b/",
  ]) func endpointsThatCannotBe(endpoint: String) {
    let problem = #expect(throws: BackendProblem.self) { try service(endpoint) }
    #expect(problem?.description.contains("geheim") == false)
  }

  // MARK: layouts

  @Test(arguments: WebDAVSettings.Layout.allCases)
  func everyLayoutKeepsTheContract(layout: WebDAVSettings.Layout) throws {
    let server = try WebDAVServers.nginx()
    let change = { (settings: inout WebDAVSettings) in settings.layout = layout }
    try BlobContract(first: try service(server, change), second: try service(server, change))
      .check()
  }

  @Test func layoutsCallBlobsAsTheirServersWantIt() {
    let key = Digest.of([1])
    let hex = key.description
    #expect(WebDAVNames.path(.entry(key), .sccache) == BlobName.entry(key).path)
    #expect(WebDAVNames.path(.entry(key), .flat) == hex)
    #expect(WebDAVNames.path(.entry(key), .subdirs) == "\(hex.prefix(2))/\(hex.dropFirst(2))")
    #expect(WebDAVNames.path(.entry(key), .bazel) == "ac/\(hex)")
    #expect(WebDAVNames.path(.entry(key), .gradle) == String(hex.prefix(32)))
    for name in [BlobName.entry(key), .manifest(key), .probe] {
      for layout in [WebDAVSettings.Layout.flat, .bazel] {
        let last = WebDAVNames.path(name, layout).split(separator: "/").last ?? ""
        #expect(last.count == 64 && last.allSatisfy { "0123456789abcdef".contains($0) })
      }
    }
    #expect(WebDAVNames.path(.entry(key), .flat) != WebDAVNames.path(.manifest(key), .flat))
  }

  // MARK: faults

  private func answering(_ steps: FaultServer.Step...) throws -> FaultServer {
    try FaultServer([.hear("\r\n\r\n")] + steps)
  }

  @Test(arguments: [
    ("401 Unauthorized", "", Outcome.Kind.denied), ("403 Forbidden", "", .denied),
    ("413 Payload Too Large", "", .tooLarge),
    ("429 Too Many Requests", "Retry-After: 7\r\n", .limited(7)),
    ("503 Service Unavailable", "", .limited(nil)), ("500 Internal Server Error", "", .failed),
    ("301 Moved Permanently", "Location: http://127.0.0.1:1/\r\n", .failed),
  ]) func statuses(status: String, header: String, kind: Outcome.Kind) throws {
    let server = try answering(
      .say("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\(header)Connection: close\r\n\r\n"))
    let service = try service("http://127.0.0.1:\(server.port)")
    #expect(service.outcomeOfFetch(.probe, .short).kind == kind)
    #expect(service.outcomeOfStore(.probe, [], .short).kind == kind)
    #expect(service.outcomeOfRemove(.probe, .short).kind == kind)
  }

  @Test func aSilentServerEndsAtTheDeadline() throws {
    let server = try answering(.hang)
    let service = try service("http://127.0.0.1:\(server.port)")
    #expect(service.outcomeOfFetch(.probe, .short).kind == .timedOut)
    #expect(service.outcomeOfStore(.probe, [1], .short).kind == .timedOut)
    #expect(service.outcomeOfRemove(.probe, .short).kind == .timedOut)
  }

  @Test func aSlowBodyEndsAtTheDeadline() throws {
    let server = try answering(
      .say("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
      .trickle("x", milliseconds: 50))
    let service = try service("http://127.0.0.1:\(server.port)")
    #expect(service.outcomeOfFetch(.probe, .short).kind == .timedOut)
  }

  @Test(arguments: [
    "Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
    "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
  ]) func aCutBodyIsAFailure(rest: String) throws {
    let server = try answering(.say("HTTP/1.1 200 OK\r\n\(rest)"))
    let service = try service("http://127.0.0.1:\(server.port)")
    #expect(service.outcomeOfFetch(.probe, .short).kind == .failed)
  }

  @Test func aHeadWithoutEndIsAFailure() throws {
    let line = "x-a: \(String(repeating: "a", count: 1000))\r\n"
    let server = try answering(
      .say("HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 280)),
      .trickle("x", milliseconds: 20))
    let service = try service("http://127.0.0.1:\(server.port)")
    #expect(service.outcomeOfFetch().kind == .failed)
  }

  @Test func nobodyThere() throws {
    let port = try LoopbackPort(listens: false).port
    let service = try service("http://127.0.0.1:\(port)/")
    #expect(service.outcomeOfFetch().kind == .unreachable)
    #expect(service.outcomeOfStore().kind == .unreachable)
  }
}
