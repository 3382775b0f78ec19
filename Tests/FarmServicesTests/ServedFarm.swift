import Farm
import Glibc
import Platform
import ServerTestSupport
import Settings
import Synchronization
import TestSupport
import Testing
import Transport
import WebServer

@testable import FarmServices

/// A scheduler and build servers in this process, each on a port of its own, and a client of theirs.
struct ServedFarm: Sendable {
  /// What came to a server: the connections by their ports, and the calls.
  final class Traffic: Sendable {
    private struct State {
      var ports: Set<Int> = []
      var calls: [String] = []
    }
    private let state = Mutex(State())

    /// - Parameter client: whether a call comes from the client, and not from a part of the farm.
    func saw(_ head: HTTPRequestHead, isClient: Bool) {
      guard isClient else { return }
      state.withLock { state in
        if let port = head.peerPort { state.ports.insert(port) }
        let parts = head.path.split(separator: "/")
        state.calls.append(String(parts.count > 3 ? parts[3] : head.path[...]))
      }
    }

    var connections: Int { state.withLock { $0.ports.count } }
    var calls: [String] { state.withLock { $0.calls } }
  }

  static let token = "client-token"

  let url: String
  let scheduler: Traffic
  let servers: [Traffic]
  let client: FarmClient
  /// The toolchain, and where its archive lies.
  let archive: ToolchainFile
  let directory: TemporaryDirectory

  /// Runs a farm with a server for each runner.
  static func with<Value: Sendable>(
    _ runners: [FakeRunner], _ body: @escaping @Sendable (ServedFarm) async throws -> Value
  ) async throws -> Value {
    try await withScheduler { scheduler, url, directory in
      try await withServers(runners[...], url, directory, []) { servers in
        let farm = try ServedFarm(url, scheduler, servers, directory)
        try await farm.until { try await $0.metric("sccache_scheduler_servers") == runners.count }
        return try await body(farm)
      }
    }
  }

  /// Runs a farm whose servers are known to the scheduler, and say nothing when they are asked.
  static func withSilentServers(
    _ ports: [LoopbackPort], _ body: @escaping @Sendable (ServedFarm) async throws -> Void
  ) async throws {
    try await withScheduler { scheduler, url, directory in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for port in ports {
          let certificate = try SelfSignedCertificate(
            address: "127.0.0.1", ip: "127.0.0.1", nonce: UInt64(port.port))
          let service = try worker(
            FakeRunner(), port.port, url, directory, certificate, nonce: port.port)
          group.addTask { await service.keepInTouch() }
        }
        defer { group.cancelAll() }
        let farm = try ServedFarm(url, scheduler, [], directory)
        try await farm.until { try await $0.metric("sccache_scheduler_servers") == ports.count }
        try await body(farm)
      }
    }
  }

  private static func withScheduler<Value: Sendable>(
    _ body: @escaping @Sendable (Traffic, String, TemporaryDirectory) async throws -> Value
  ) async throws -> Value {
    let scheduler = Traffic()
    let service = SchedulerService(
      try schedulerSettings(), policy: patientPolicy, logger: silence)
    let directory = TemporaryDirectory()
    return try await serving { head, body, isWanted in
      scheduler.saw(
        head, isClient: !head.path.contains("heartbeat") && !head.path.contains("_state"))
      return await service.reply(to: head, body, isWanted)
    } _: { port in
      try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask {
          await service.keepTime()
          return nil
        }
        group.addTask { try await body(scheduler, "http://127.0.0.1:\(port)", directory) }
        defer { group.cancelAll() }
        while let value = try await group.next() {
          if let value { return value }
        }
        throw WorkerFailure("the scheduler ended")
      }
    }
  }

  private init(
    _ url: String, _ scheduler: Traffic, _ servers: [Traffic], _ directory: TemporaryDirectory
  ) throws {
    let archive = [UInt8](repeating: 0x42, count: 700_000)
    try directory.write("archive", archive)
    var hash = ArchiveIDHash()
    archive.withUnsafeBytes { hash.update($0) }
    self.archive = ToolchainFile(id: hash.finish(), path: directory("archive"))
    self.url = url
    self.scheduler = scheduler
    self.servers = servers
    self.directory = directory
    client = FarmClient(
      schedulerURL: url, token: Secret(Self.token), deadlines: Self.patience)
  }

  private static func withServers<Value: Sendable>(
    _ runners: ArraySlice<FakeRunner>, _ url: String, _ directory: TemporaryDirectory,
    _ traffic: [Traffic], _ body: @escaping @Sendable ([Traffic]) async throws -> Value
  ) async throws -> Value {
    guard let runner = runners.first else { return try await body(traffic) }
    let certificate = try SelfSignedCertificate(
      address: "127.0.0.1", ip: "127.0.0.1", nonce: UInt64(runners.count))
    let served = Shared<WorkerService?>(nil)
    let mine = Traffic()
    let identity = HTTPServerIdentity(
      certificates: certificate.certificatePEM, key: certificate.keyPEM)
    return try await serving(identity: identity) { head, body, isWanted in
      mine.saw(head, isClient: !head.path.contains("assign_job"))
      guard let service = served.value else { return HTTPReply(status: 503) }
      return await service.reply(to: head, body, isWanted)
    } _: { port in
      let service = try worker(
        runner, port, url, directory, certificate, nonce: runners.count)
      served.value = service
      return try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask {
          await service.keepInTouch()
          return nil
        }
        group.addTask {
          try await withServers(runners.dropFirst(), url, directory, traffic + [mine], body)
        }
        defer { group.cancelAll() }
        while let value = try await group.next() {
          if let value { return value }
        }
        throw WorkerFailure("the servers ended")
      }
    }
  }

  private static func worker(
    _ runner: FakeRunner, _ port: Int, _ url: String, _ directory: TemporaryDirectory,
    _ certificate: SelfSignedCertificate, nonce: Int
  ) throws -> WorkerService {
    WorkerService(
      try workerSettings(port: port, schedulerURL: url, directory: directory.path),
      credentials: WorkerService.Credentials(
        jobKey: [UInt8](repeating: UInt8(truncatingIfNeeded: nonce), count: 32),
        nonce: UInt64(nonce), certificate: certificate),
      runner: runner,
      trees: try ToolchainTrees(directory: directory("trees-\(port)"), limit: 1 << 20), slots: 4,
      logger: silence)
  }

  /// Every step of a server waits behind all other tests of this process: on a slow machine that runs all of
  /// them at once ten minutes were not enough.
  private static var patience: DistributionSettings.Deadlines {
    var deadlines = DistributionSettings.Deadlines()
    deadlines.connect = 3_600_000
    deadlines.allocation = 3_600_000
    return deadlines
  }

  private static var patientPolicy: SchedulerPolicy {
    var policy = SchedulerPolicy()
    policy.assignTimeout = .minutes(60)
    policy.connectTimeout = .minutes(60)
    policy.uploadStartTimeout = .minutes(60)
    policy.claimTimeout = .minutes(60)
    policy.serverTimeout = .minutes(120)
    policy.missedHeartbeats = 1000
    return policy
  }

  private static func schedulerSettings() throws -> SchedulerSettings {
    try SchedulerSettings(
      path: "scheduler.toml",
      text: """
        public_addr = "127.0.0.1:10600"
        [client_auth]
        type = "token"
        token = "\(token)"
        [server_auth]
        type = "token"
        token = "s"
        """)
  }

  // MARK: what tests do with it

  static func job(input: [UInt8] = Array("int a;\n".utf8)) -> RemoteJob {
    RemoteJob(
      command: CompileCommand(
        executable: "/usr/bin/cc", arguments: ["-c"], environment: [], directory: "/w"),
      outputs: ["/w/a.o"], inputs: [RemoteJob.Input(path: "/w/a.c", content: .bytes(input))])
  }

  /// Compiles off the cooperative pool.
  func compile(
    _ job: RemoteJob = job(), isWanted: @escaping @Sendable () -> Bool = { true }
  ) async -> Result<FarmClient.Result, FarmFailure> {
    await BlockingThreads(limit: 1).run { [client, archive] in
      Result { () throws(FarmFailure) in
        try client.compile(job, archive: archive, isWanted: isWanted)
      }
    }
  }

  /// One of `/metrics` of the scheduler.
  func metric(_ name: String) async throws -> Int {
    let answer = try await ask(HTTPQuestion(.get, url + "/metrics")).get()
    let line = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
      .first { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{") }
    return try #require(line?.split(separator: " ").last.flatMap { Int($0) })
  }

  /// Waits for something that happens soon.
  func until(_ condition: @Sendable (Self) async throws -> Bool) async throws {
    for _ in 0..<144_000 {
      if try await condition(self) { return }
      try await Task.sleep(for: .milliseconds(25))
    }
    throw WorkerFailure("it didn't happen within an hour")
  }
}

/// A value that several closures see.
final class Shared<Value: Sendable>: Sendable {
  private let state: Mutex<Value>

  init(_ value: Value) { state = Mutex(value) }

  var value: Value {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }

  func change<Result: Sendable>(_ body: (inout sending Value) -> sending Result) -> Result {
    state.withLock(body)
  }
}
