import Glibc
import Platform
import Settings
import Storage
import StoreServers
import TestSupport
import Testing

/// Lookups of the same moment, which share connections.
@Suite(.blocking) struct RedisTogetherTests {
  private static func name(_ number: Int) -> BlobName {
    .entry(Digest.of(Array("redis \(number)".utf8)))
  }

  private static func value(_ number: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number * 37 % 9000 + 1)
  }

  /// What many threads, which begin at once, find each.
  private func outcomes(
    _ count: Int, _ ask: @escaping @Sendable (Int) -> [Outcome]
  ) -> [[Outcome]] {
    let start = Monitor(0)
    let told = Monitor([Int: [Outcome]]())
    for number in 0..<count {
      let isStarted = startThread {
        start.change { $0 += 1 }
        _ = start.wait(until: .max) { $0 >= count ? true : nil }
        let outcomes = ask(number)
        told.change { $0[number] = outcomes }
      }
      #expect(isStarted)
    }
    let all = told.wait(until: .max) { $0.count == count ? $0 : nil } ?? [:]
    return (0..<count).map { all[$0] ?? [] }
  }

  enum Form: CaseIterable { case plain, socket, tls, password, cluster, clusterTLS }

  /// A server or a cluster, as long as `body` runs.
  private func withService(
    _ form: Form, _ body: (any BlobService, [RedisServer]) throws -> Void
  ) throws {
    switch form {
    case .plain:
      let server = try RedisServer()
      try body(try server.service(), [server])
    case .socket:
      let server = try RedisServer()
      try body(try server.service("unix://\(server.socket)"), [server])
    case .tls:
      let server = try RedisServer(tls: TestCertificate())
      try body(try server.service("rediss://localhost:\(server.port)"), [server])
    case .password:
      let server = try RedisServer(["--requirepass", "s3cret"])
      try body(
        try server.service {
          $0.password = Secret("s3cret")
          $0.database = 3
        }, [])
    case .cluster:
      let cluster = try RedisCluster()
      try body(try cluster.service(), cluster.servers)
    case .clusterTLS:
      let cluster = try RedisCluster(tls: TestCertificate())
      try body(try cluster.service(), [])
    }
  }

  /// Everybody gets what they asked for, over few connections.
  @Test(arguments: Form.allCases) func manyAskAtOnce(_ form: Form) throws {
    try withService(form) { service, servers in
      for number in stride(from: 0, to: 300, by: 2) {
        #expect(service.outcomeOfStore(Self.name(number), Self.value(number)) == .stored)
      }
      let observed = form == .tls ? [] : servers
      let before = try observed.map(Self.connections)
      let all = outcomes(48) { thread in
        (0..<40).map { service.outcomeOfFetch(Self.name((thread * 7 + $0) % 300)) }
      }
      for (thread, outcomes) in all.enumerated() {
        for (round, outcome) in outcomes.enumerated() {
          let number = (thread * 7 + round) % 300
          #expect(outcome == (number % 2 == 0 ? .found(Self.value(number)) : .absent))
        }
      }
      // Without sharing, each thread would have one of its own to each server.
      for (server, before) in zip(observed, before) {
        let count = try Self.connections(server) - before
        #expect(count < 30, "\(count) connections")
      }
    }
  }

  /// How many a server has taken.
  private static func connections(_ server: RedisServer) throws -> Int {
    let line = try server.command("info", "stats").split(whereSeparator: \.isNewline)
      .first { $0.hasPrefix("total_connections_received:") }
    return try #require(line.flatMap { Int($0.split(separator: ":")[1]) })
  }

  /// Large values among small ones: nobody gets another's bytes.
  @Test(arguments: [Form.plain, .tls, .cluster]) func largeOnesAmongSmallOnes(_ form: Form) throws {
    try withService(form) { service, _ in
      func value(_ number: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(number), count: number % 5 == 0 ? 700_000 + number : number)
      }
      for number in 1...60 {
        #expect(service.outcomeOfStore(Self.name(number), value(number)) == .stored)
      }
      let all = outcomes(24) { thread in
        (0..<20).map { service.outcomeOfFetch(Self.name((thread + $0 * 7) % 60 + 1)) }
      }
      for (thread, outcomes) in all.enumerated() {
        for (round, outcome) in outcomes.enumerated() {
          #expect(outcome == .found(value((thread + round * 7) % 60 + 1)))
        }
      }
    }
  }

  /// Who wants no more of its value spoils nothing for the others.
  @Test func sinksThatRefuse() throws {
    let server = try RedisServer()
    let service = try server.service()
    for number in 1...20 {
      #expect(service.outcomeOfStore(Self.name(number), Self.value(number)) == .stored)
    }
    let refused = Monitor(0)
    let all = outcomes(16) { thread in
      (0..<20).map { round in
        guard thread % 2 == 0 else { return service.outcomeOfFetch(Self.name(round + 1)) }
        do throws(BlobFailure) {
          _ = try service.fetch(Self.name(round + 1), into: Refusing(), .patient)
        } catch {
          if case .given = error { refused.change { $0 += 1 } }
        }
        return .absent
      }
    }
    #expect(refused.withLock { $0 } == 160)
    for (thread, outcomes) in all.enumerated() where thread % 2 == 1 {
      #expect(outcomes == (1...20).map { .found(Self.value($0)) })
    }
  }

  private struct Refusing: BlobSink {
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool { false }
  }

  @Test func aServerThatIsKilledEndsThemAll() throws {
    let server = try RedisServer()
    let service = try server.service()
    #expect(service.outcomeOfStore() == .stored)
    let found = Monitor(0)
    let pid = server.server.process.pid
    let isStarted = startThread {
      // In the middle of their questions.
      _ = found.wait(until: .max) { $0 > 500 ? true : nil }
      kill(pid, SIGKILL)
    }
    #expect(isStarted)
    let last = outcomes(32) { _ in
      while true {
        let outcome = service.outcomeOfFetch()
        guard outcome == .found([1, 2, 3]) else { return [outcome] }
        found.change { $0 += 1 }
      }
    }
    for outcome in last.joined() {
      #expect(outcome.kind == .failed || outcome.kind == .unreachable, "\(outcome)")
    }
  }

  private func service(_ server: FaultServer) throws -> any BlobService {
    try RedisServer.service(RedisSettings(endpoint: "redis://127.0.0.1:\(server.port)"))
  }

  /// It answers one and goes: the other one asks again, for itself.
  @Test func aConnectionThatEndsAmongTheRepliesIsReplaced() throws {
    let (one, two) = (Self.name(1), Self.name(2))
    let server = try FaultServer(
      [.hear(one.path), .hear(two.path), .say("$3\r\nabc\r\n")],
      [.hear(two.path), .say("$3\r\ndef\r\n"), .hang])
    let service = try service(server)
    let told = Monitor<Outcome?>(nil)
    let isStarted = startThread {
      let outcome = service.outcomeOfFetch(one)
      told.change { $0 = outcome }
    }
    #expect(isStarted)
    while server.heard.first?.contains(one.path) != true { pause() }
    #expect(service.outcomeOfFetch(two) == .found(Array("def".utf8)))
    let outcome = told.wait(until: .max) { $0 }
    #expect(outcome == .found(Array("abc".utf8)))
    #expect(server.heard.count == 2)
  }

  @Test func silenceEndsThemAll() throws {
    let server = try FaultServer([.hang])
    let service = try service(server)
    for outcome in outcomes(12, { _ in [service.outcomeOfFetch(.probe, .short)] }).joined() {
      #expect(outcome.kind == .timedOut)
    }
  }

  @Test func nonsenseEndsThemAll() throws {
    let server = try FaultServer([.hear("GET"), .say("$-7\r\n"), .hang])
    let service = try service(server)
    for outcome in outcomes(12, { _ in [service.outcomeOfFetch(.probe, .short)] }).joined() {
      #expect(outcome.kind == .failed, "\(outcome)")
    }
  }

  /// Two on one connection: the first one's value is large and slow, and the second does not wait for it.
  @Test func aLargeValueHoldsUpNobody() throws {
    let (large, small) = (Self.name(1), Self.name(2))
    let server = try FaultServer(
      [
        .hear(large.path), .hear(small.path), .say("$9000000\r\n"), .trickle("x", milliseconds: 20),
      ],
      [.hear(small.path), .say("$3\r\nabc\r\n"), .hang])
    let service = try service(server)
    let isOver = Monitor(false)
    let told = Monitor<Outcome?>(nil)
    let isStarted = startThread {
      var deadlines = BlobDeadlines.patient
      deadlines.total = 20_000
      let outcome = service.outcomeOfFetch(large, deadlines)
      isOver.change { $0 = true }
      told.change { $0 = outcome }
    }
    #expect(isStarted)
    while server.heard.first?.contains(large.path) != true { pause() }
    #expect(service.outcomeOfFetch(small) == .found(Array("abc".utf8)))
    let wasOver = isOver.withLock { $0 }
    #expect(!wasOver, "it waited for the large one")
    let outcome = told.wait(until: .max) { $0 }
    #expect(outcome?.kind == .timedOut)
  }

  private func pause() { usleep(5_000) }
}
