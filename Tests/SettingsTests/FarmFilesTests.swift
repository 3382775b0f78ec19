import Platform
import Testing

@testable import Settings

/// What `sccache-dist auth init` writes is what the programs read.
@Suite struct FarmFilesTests {
  private static let key = Secret(Base64URL.encode([UInt8](repeating: 7, count: 32)))

  private static func address(_ text: String) throws -> SocketAddress {
    try #require(SocketAddress(text))
  }

  private static func plan(_ servers: String...) throws -> FarmFiles.Plan {
    FarmFiles.Plan(scheduler: try address("10.0.0.1:10600"), servers: try servers.map(address))
  }

  private static func files(_ plan: FarmFiles.Plan) -> FarmFiles {
    FarmFiles(
      plan,
      FarmFiles.Secrets(
        schedulerKey: key, clientToken: Secret("client"),
        serverTokens: plan.servers.map { Secret("token of \($0)") }))
  }

  private static func server(_ file: FarmFiles.File) throws -> BuildServerSettings {
    try BuildServerSettings(path: file.name, text: file.text)
  }

  @Test func threeMachines() throws {
    let files = Self.files(try Self.plan("10.0.0.2:10501", "[2001:db8::1]:10501"))
    #expect(
      files.all.map(\.name) == [
        "scheduler.toml", "server-1.toml", "server-2.toml", "client.toml",
      ])
    let scheduler = try SchedulerSettings(path: "s", text: files.scheduler.text)
    #expect(scheduler.publicAddress == (try Self.address("10.0.0.1:10600")))
    #expect(scheduler.clientAuthentication == .token(Secret("client")))
    #expect(scheduler.serverAuthentication == .jwtHS256(secretKey: Self.key))
    #expect(scheduler.tls == nil)
    let first = try Self.server(files.servers[0])
    #expect(first.publicAddress == (try Self.address("10.0.0.2:10501")))
    #expect(first.schedulerURL == "http://10.0.0.1:10600")
    #expect(first.schedulerAuthentication == .jwtToken(Secret("token of 10.0.0.2:10501")))
    #expect(first.cacheDirectory == "/var/cache/sccache-dist")
    #expect(first.buildDirectory == "/var/lib/sccache-dist")
    #expect(first.bubblewrap == "/usr/bin/bwrap")
    let second = try Self.server(files.servers[1])
    #expect(second.publicAddress == (try Self.address("[2001:db8::1]:10501")))
    #expect(second.cacheDirectory == first.cacheDirectory)
    #expect(second.firstUser == first.firstUser)
    let client = try load(file: files.client.text).distribution
    #expect(client.schedulerURL == "http://10.0.0.1:10600")
    #expect(client.authentication == .token(Secret("client")))
  }

  /// Mozilla's programs refuse a key that they don't know.
  @Test func mozillaKnowsEveryKey() throws {
    let known = [
      "public_addr", "client_auth", "server_auth", "type", "token", "secret_key", "scheduler_url",
      "cache_dir", "builder", "build_dir", "bwrap_path", "scheduler_auth", "dist", "auth",
    ]
    for file in Self.files(try Self.plan("10.0.0.2:1", "10.0.0.3:1")).all {
      for line in file.text.split(separator: "\n") where !line.hasPrefix("#") {
        let words = line.split { "[]. =".contains($0) }
        #expect(known.contains(String(words[0])), "\(line)")
      }
    }
  }

  @Test func serversOnOneMachineShareNothing() throws {
    let files = Self.files(try Self.plan("127.0.0.1:1", "127.0.0.1:2", "127.0.0.2:1"))
    let settings = try files.servers.map(Self.server)
    #expect(Set(settings.map(\.cacheDirectory)).count == 3)
    #expect(Set(settings.map(\.buildDirectory)).count == 3)
    #expect(settings[1].firstUser - settings[0].firstUser >= 2 * 4096)
    #expect(settings[2].cacheDirectory == FarmFiles.cacheDirectory)
  }

  @Test func schedulerElsewhere() throws {
    var plan = try Self.plan("10.0.0.2:1")
    plan.tls = ("/c \"q\".pem", "/k\\.pem")
    var files = Self.files(plan)
    let scheduler = try SchedulerSettings(path: "s", text: files.scheduler.text)
    #expect(scheduler.tls?.certificate == "/c \"q\".pem")
    #expect(scheduler.tls?.key == "/k\\.pem")
    #expect(try Self.server(files.servers[0]).schedulerURL == "https://10.0.0.1:10600")
    plan.schedulerURL = "https://farm.example"
    files = Self.files(plan)
    #expect(try Self.server(files.servers[0]).schedulerURL == "https://farm.example")
    #expect(try load(file: files.client.text).distribution.schedulerURL == "https://farm.example")
  }

  @Test(arguments: [
    ("0.0.0.0:1", ["10.0.0.2:1"], "--scheduler-url"), ("10.0.0.1:1", ["[::]:1"], "clients see"),
    ("10.0.0.1:1", [], "--server"), ("10.0.0.1:1", ["10.0.0.2:0"], "no port"),
    ("10.0.0.1:1", ["10.0.0.1:1"], "twice"), ("10.0.0.1:1", ["10.0.0.2:1", "10.0.0.2:1"], "twice"),
  ])
  func noFarm(_ scheduler: String, _ servers: [String], _ reason: String) throws {
    let plan = FarmFiles.Plan(
      scheduler: try Self.address(scheduler), servers: try servers.map(Self.address))
    #expect(try #require(plan.problem).contains(reason))
  }

  @Test func relativePath() throws {
    var plan = try Self.plan("10.0.0.2:1")
    #expect(plan.problem == nil)
    plan.cacheDirectory = "cache"
    #expect(try #require(plan.problem).contains("cache is relative"))
  }

  @Test(arguments: ["0", "999", "4000000001", "-1", "\"1000\""])
  func firstUserIsNobodys(_ text: String) throws {
    let file = Self.files(try Self.plan("10.0.0.2:1")).servers[0]
    #expect(throws: SettingsError.self) {
      try BuildServerSettings(path: "s", text: "first_user = \(text)\n" + file.text)
    }
    let settings = try BuildServerSettings(path: "s", text: "first_user = 5000\n" + file.text)
    #expect(settings.firstUser == 5000)
  }
}
