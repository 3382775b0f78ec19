import Platform
import Settings
import StoreServers
import TestSupport
import Testing

@testable import Storage

@Suite(.blocking) struct RedisTests {
  enum Form: CaseIterable {
    case plain, bareAddress, unixSocket, password, user, database, oldURL, tls, tlsUnchecked
  }

  private func start(_ form: Form) throws -> RedisServer {
    switch form {
    case .password: try RedisServer(["--requirepass", "s3cret"])
    case .user:
      try RedisServer(
        ["--user", "builder", "on", ">s3cret", "~team/*", "+get", "+set", "+setex", "+del"])
    case .tls: try RedisServer(tls: TestCertificate())
    case .tlsUnchecked: try RedisServer(tls: TestCertificate("DNS:elsewhere.example"))
    default: try RedisServer()
    }
  }

  private func service(_ form: Form, _ server: RedisServer) throws -> any BlobService {
    let port = server.port
    switch form {
    case .plain: return try server.service()
    case .bareAddress: return try server.service("127.0.0.1:\(port)")
    case .unixSocket: return try server.service("unix://\(server.socket)")
    case .password: return try server.service { $0.password = Secret("s3cret") }
    case .user:
      return try server.service {
        $0.username = "builder"
        $0.password = Secret("s3cret")
        $0.keyPrefix = "team/x"
      }
    case .database:
      return try server.service {
        $0.database = 3
        $0.expirationSeconds = 500
      }
    case .oldURL:
      var settings = server.settings()
      settings.endpoint = nil
      settings.url = "redis://127.0.0.1:\(port)?db=2"
      return try RedisServer.service(settings)
    case .tls: return try server.service("rediss://localhost:\(port)")
    case .tlsUnchecked:
      return try RedisServer.service(server.settings("rediss://127.0.0.1:\(port)#insecure"))
    }
  }

  @Test(arguments: Form.allCases) func keepsTheContract(form: Form) throws {
    let server = try start(form)
    try BlobContract(first: try service(form, server), second: try service(form, server)).check()
  }

  @Test func aClusterKeepsTheContract() throws {
    let cluster = try RedisCluster()
    try BlobContract(first: try cluster.service(), second: try cluster.service()).check()
    // Spread over all servers.
    let service = try cluster.service()
    for number in 0..<30 {
      #expect(service.outcomeOfStore(.entry(Digest.of([UInt8(number)]))) == .stored)
    }
    for server in cluster.servers { #expect(try server.command("dbsize") != "0") }
  }

  @Test func aClusterWithTLSKeepsTheContract() throws {
    let cluster = try RedisCluster(tls: TestCertificate())
    try BlobContract(first: try cluster.service(), second: try cluster.service()).check()
  }

  @Test func keysAreThoseOfMozilla() throws {
    let server = try RedisServer()
    let service = try server.service {
      $0.keyPrefix = "/team/x/"
      $0.expirationSeconds = 500
      $0.database = 1
    }
    let key = Digest.of([1])
    let hex = key.description
    let digits = Array(hex)
    #expect(service.outcomeOfStore(.entry(key)) == .stored)
    let name = "team/x/\(digits[0])/\(digits[1])/\(digits[2])/\(hex)"
    #expect(try server.command("-n", "1", "keys", "*") == name)
    let left = try Int(server.command("-n", "1", "ttl", name)) ?? 0
    #expect((1...500).contains(left))
    #expect(service.location == "redis, name: redis://127.0.0.1:\(server.port), prefix: /team/x/")
  }

  @Test func withoutAnExpirationEntriesStay() throws {
    let server = try RedisServer()
    #expect(try server.service().outcomeOfStore() == .stored)
    #expect(try server.command("ttl", ".sccache_check") == "-1")
  }

  @Test func prefixesAreApart() throws {
    let server = try RedisServer()
    let one = try server.service { $0.keyPrefix = "one" }
    let two = try server.service { $0.keyPrefix = "two" }
    #expect(one.outcomeOfStore(.probe, [1]) == .stored)
    #expect(two.outcomeOfFetch() == .absent)
    #expect(one.outcomeOfFetch() == .found([1]))
  }

  @Test(arguments: ["wr0ng", nil]) func aWrongPasswordIsDenied(password: String?) throws {
    let server = try RedisServer(["--requirepass", "s3cret"])
    let service = try server.service { $0.password = password.map { Secret($0) } }
    for outcome in [
      service.outcomeOfFetch(), service.outcomeOfStore(), service.outcomeOfRemove(),
    ] {
      #expect(outcome.kind == .denied)
      #expect(!outcome.description.contains("wr0ng"))
    }
  }

  @Test func whoMayOnlyReadIsDeniedToWrite() throws {
    let server = try RedisServer(["--user", "reader", "on", ">s3cret", "~*", "+get"])
    let service = try server.service("redis://reader:s3cret@127.0.0.1:\(server.port)")
    #expect(service.outcomeOfFetch() == .absent)
    #expect(service.outcomeOfStore().kind == .denied)
    // The connection is good for more.
    #expect(service.outcomeOfFetch() == .absent)
  }

  @Test func noSecretInTheLocation() throws {
    let server = try RedisServer()
    for address in [
      "redis://user:s3cret@127.0.0.1:\(server.port)", "unix://\(server.socket)?user=u&pass=s3cret",
    ] {
      #expect(!(try server.service(address).location.contains("s3cret")))
    }
  }

  @Test func aServerOfAnotherNameIsRefused() throws {
    let server = try RedisServer(tls: TestCertificate("DNS:elsewhere.example"))
    let outcome = try server.service("rediss://localhost:\(server.port)").outcomeOfFetch()
    #expect(outcome.kind == .unreachable)
    #expect(outcome.description.contains("hostname mismatch"), "\(outcome)")
  }

  @Test func aServerThatNobodyVouchesForIsRefused() throws {
    let server = try RedisServer(tls: TestCertificate())
    let outcome = try RedisServer.service(server.settings("rediss://localhost:\(server.port)"))
      .outcomeOfFetch()
    #expect(outcome.kind == .unreachable)
  }

  @Test func connectionsThatTheServerEndedAreReplaced() throws {
    let server = try RedisServer()
    let service = try server.service()
    #expect(service.outcomeOfStore() == .stored)
    for _ in 0..<3 {
      try server.command("client", "kill", "type", "normal")
      #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
    }
  }

  @Test func oneConnectionServesManyQuestions() throws {
    let server = try RedisServer()
    func connections() throws -> Int {
      let name = "total_connections_received:"
      let line = try server.command("info", "stats").split(whereSeparator: \.isNewline)
        .first { $0.hasPrefix(name) }
      return try #require(line.flatMap { Int($0.dropFirst(name.count)) })
    }
    let service = try server.service()
    let before = try connections()
    for number in 0..<20 {
      #expect(service.outcomeOfStore(.probe, [UInt8(number)]) == .stored)
      #expect(service.outcomeOfFetch() == .found([UInt8(number)]))
    }
    // One of ours, one of this question.
    #expect(try connections() == before + 2)
  }

  @Test func manyThreadsAskAtOnce() async throws {
    let server = try RedisServer()
    let service = try server.service()
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<8 {
        group.addTask {
          for round in 0..<50 {
            let key = Digest.of([UInt8(number), UInt8(round)])
            #expect(service.outcomeOfStore(.entry(key), [UInt8(round)]) == .stored)
            #expect(service.outcomeOfFetch(.entry(key)) == .found([UInt8(round)]))
          }
        }
      }
    }
  }

  @Test func aValueAboveTheServersLimitIsTooLarge() throws {
    let server = try RedisServer(["--proto-max-bulk-len", "1mb"])
    let service = try server.service()
    let outcome = service.outcomeOfStore(.probe, [UInt8](repeating: 7, count: 3 << 20))
    #expect(outcome.kind == .tooLarge || outcome.kind == .failed, "\(outcome)")
    #expect(service.outcomeOfFetch() == .absent)
  }

  @Test func aServerWithoutMemoryIsAskedLess() throws {
    let server = try RedisServer(["--maxmemory", "100kb"])
    let service = try server.service()
    #expect(service.outcomeOfStore().kind == .limited(nil))
  }

  @Test func nobodyThere() throws {
    let port = try LoopbackPort(listens: false).port
    let service = try RedisServer.service(RedisSettings(endpoint: "redis://127.0.0.1:\(port)"))
    #expect(service.outcomeOfFetch().kind == .unreachable)
    #expect(service.outcomeOfStore().kind == .unreachable)
  }

  @Test func slotsThatMoveAreFollowed() throws {
    let cluster = try RedisCluster()
    let service = try cluster.service()
    #expect(service.outcomeOfFetch() == .absent)
    let slot = RedisSlot.of(".sccache_check")
    let (owner, next) = cluster.owner(of: slot)
    let identity = try next.command("cluster", "myid")
    for server in [next, owner] {
      try server.command("cluster", "setslot", "\(slot)", "node", identity)
    }
    #expect(service.outcomeOfStore() == .stored)
    #expect(try next.command("get", ".sccache_check") == "\u{1}\u{2}\u{3}")
    #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
  }

  @Test func slotsThatAreMovingAreAskedFor() throws {
    let cluster = try RedisCluster()
    let service = try cluster.service()
    let slot = RedisSlot.of(".sccache_check")
    let (owner, next) = cluster.owner(of: slot)
    let (from, to) = try (owner.command("cluster", "myid"), next.command("cluster", "myid"))
    try next.command("cluster", "setslot", "\(slot)", "importing", from)
    try owner.command("cluster", "setslot", "\(slot)", "migrating", to)
    #expect(service.outcomeOfFetch() == .absent)
    #expect(service.outcomeOfStore() == .stored)
    #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
    #expect(service.outcomeOfRemove() == .removed)
    #expect(service.outcomeOfFetch() == .absent)
  }

  @Test func aClusterIsFoundThroughAnyOfItsServers() throws {
    let cluster = try RedisCluster()
    let gone = try LoopbackPort(listens: false).port
    let service = try cluster.service {
      $0.clusterEndpoints = ["redis://127.0.0.1:\(gone)", $0.clusterEndpoints[1]]
    }
    #expect(service.outcomeOfStore() == .stored)
    #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
  }
}
