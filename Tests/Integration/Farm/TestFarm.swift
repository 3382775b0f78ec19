import Farm
import Glibc
import Platform
import Settings
import TestSupport

/// A scheduler and build servers on loopback, with keys and directories of their own. Everything is ended
/// and removed with the value.
final class TestFarm {
  struct Silent: Error, CustomStringConvertible {
    var part: String
    var said: String
    var description: String { "\(part) isn't ready in time; it said: \(said)" }
  }

  /// What a program of the farm is started in, when it is not simply this machine.
  struct Surroundings {
    /// A command that runs the command behind it.
    var prefix: [String] = []
    var environment: [String: String] = [:]
  }

  /// How a farm differs from an ordinary one.
  struct Setting {
    var network: FarmNetwork?
    /// TOML behind `[client_auth]`; nil: one token for all.
    var clientAuthentication: String?
    var aroundScheduler = Surroundings()
    var aroundServers = Surroundings()
    /// More TOML for servers of ours.
    var serverKeys = ""
  }

  let root: String
  let clientToken = "client-token-of-the-test"
  let schedulerAddress: SocketAddress
  private let key: [UInt8]
  private(set) var scheduler: BackgroundProcess?
  private(set) var servers: [BackgroundProcess] = []
  private let schedulerMaker: Maker
  /// For what both kinds of programs need to run.
  private let environment: [String: String]
  var setting: Setting
  private var serverAddresses: [SocketAddress] = []
  /// The host users of the slots of this farm's servers, which nobody else has.
  let users: Range<UInt32>
  private static let usersOfAServer: UInt32 = 64

  init(
    scheduler maker: Maker = .ours, servers makers: [Maker] = [.ours],
    setting: Setting = Setting()
  ) throws {
    var template = Array("/tmp/sccfarm-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("make directory", "/tmp/sccfarm-") }
    root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // A sandbox's own user goes through it.
    chmod(root, 0o755)
    var random = SystemRandomNumberGenerator()
    key = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
    self.setting = setting
    let first = UInt32.random(in: 1_000_000...1_900_000, using: &random) * 1000
    users = first..<(first + 16 * Self.usersOfAServer)
    schedulerAddress = try setting.network?.address(of: .scheduler) ?? Self.freeAddress()
    schedulerMaker = maker
    environment = [
      "PATH": Programs.searchPath, "HOME": root, "TMPDIR": root + "/tmp",
      "SCCACHE_NO_DAEMON": "1", "SCCACHE_LOG": "info",
    ]
    mkdir(root + "/tmp", 0o755)
    try startScheduler()
    for maker in makers { try addServer(maker) }
    try wait(forServers: makers.count)
  }

  /// Ends all programs as a person would.
  func end() {
    for process in servers + [scheduler].compactMap({ $0 }) {
      process.signal(SIGCONT)
      process.stop(SIGTERM)
    }
  }

  deinit {
    end()
    _ = try? Spawn.run(
      "/bin/rm", ["-rf", root], environment: [], directory: "/", timeoutSeconds: 60)
  }

  static func freeAddress() throws -> SocketAddress {
    SocketAddress(host: .v4(0x7f00_0001), port: try Loopback.freePort())
  }

  var schedulerURL: String { "http://\(schedulerAddress)" }

  private func write(_ name: String, _ text: String) throws -> String {
    let path = "\(root)/\(name)"
    try Files.write(Array(text.utf8), to: path, temporary: path + ".new", mode: 0o600)
    return path
  }

  // MARK: parts

  func startScheduler() throws {
    let path = try write(
      "scheduler.toml",
      """
      public_addr = "\(schedulerAddress)"
      [client_auth]
      \(setting.clientAuthentication ?? "type = \"token\"\ntoken = \"\(clientToken)\"")
      [server_auth]
      type = "jwt_hs256"
      secret_key = "\(Base64URL.encode(key))"
      """)
    scheduler = try start(
      [try schedulerMaker.program("sccache-dist"), "scheduler", "--config", path], .scheduler,
      setting.aroundScheduler, log: "scheduler.log")
    try wait("the scheduler", seconds: 300) { knownServers != nil }
  }

  private func start(
    _ command: [String], _ host: FarmNetwork.Host, _ surroundings: Surroundings, log: String
  ) throws -> BackgroundProcess {
    let words = surroundings.prefix + (setting.network?.entering(host) ?? []) + command
    return try BackgroundProcess(
      words[0], Array(words.dropFirst()),
      environment: environment.merging(surroundings.environment) { $1 }, log: "\(root)/\(log)")
  }

  /// - Parameter token: what it shows to the scheduler; nil: the right one for its address.
  @discardableResult
  func addServer(
    _ maker: Maker = .ours, token: ((SocketAddress) -> String)? = nil
  ) throws -> BackgroundProcess {
    let index = servers.count
    let address = try setting.network?.address(of: .server(index)) ?? Self.freeAddress()
    serverAddresses.append(address)
    let name = "server\(index + 1)"
    mkdir("\(root)/\(name)", 0o755)
    // Mozilla's refuses keys that it doesn't know.
    let user = users.lowerBound + UInt32(index) * Self.usersOfAServer
    let keys = maker == .ours ? "first_user = \(user)\n\(setting.serverKeys)" : ""
    _ = try write(
      "\(name).toml",
      """
      cache_dir = "\(cacheDirectory(ofServer: index))"
      public_addr = "\(address)"
      scheduler_url = "\(schedulerURL)"
      \(keys)
      [builder]
      type = "overlay"
      build_dir = "\(root)/\(name)/build"
      bwrap_path = "/usr/bin/bwrap"
      [scheduler_auth]
      type = "jwt_token"
      token = "\(token?(address) ?? serverToken(address))"
      """)
    servers.append(try startServer(index, maker))
    return servers[index]
  }

  func cacheDirectory(ofServer index: Int) -> String { "\(root)/server\(index + 1)/cache" }

  func address(ofServer index: Int) -> SocketAddress { serverAddresses[index] }

  private func startServer(_ index: Int, _ maker: Maker) throws -> BackgroundProcess {
    let name = "server\(index + 1)"
    return try start(
      [try maker.program("sccache-dist"), "server", "--config", "\(root)/\(name).toml"],
      .server(index), setting.aroundServers, log: "\(name).log")
  }

  /// Starts a server of ours again that was killed.
  func restartServer(_ index: Int) throws {
    servers[index].stop()
    servers[index] = try startServer(index, .ours)
  }

  func serverToken(_ address: SocketAddress) -> String {
    ServerToken(server: address).signed(with: key)
  }

  // MARK: waiting

  /// Nil when the scheduler doesn't answer. Asked by the program, which may have to be in a namespace.
  var knownServers: Int? {
    let words =
      (setting.network?.entering(.client) ?? []) + [Programs.wrapper, "--dist-status"]
    let asked = try? write("status.toml", "[dist]\nscheduler_url = \"\(schedulerURL)\"\n")
    let variables = environment.merging([
      "SCCACHE_CONF": asked ?? "", "SCCACHE_SERVER_UDS": root + "/no-daemon",
    ]) { $1 }
    let result = try? Spawn.run(
      words[0], Array(words.dropFirst()),
      environment: variables.map { Array("\($0.key)=\($0.value)".utf8) }, directory: "/",
      timeoutSeconds: 20)
    guard let result else { return nil }
    var parser = JSON.Parser(bytes: result.output)
    guard case .array(let told)? = try? parser.value()["SchedulerStatus"], told.count > 1 else {
      return nil
    }
    return told[1]["num_servers"].total
  }

  /// What all its programs wrote, for a test that fails.
  var said: String { ([scheduler].compactMap { $0 } + servers).map(\.said).joined(separator: "\n") }

  func wait(forServers count: Int) throws {
    try wait("a server", seconds: 300) { knownServers == count }
  }

  private func wait(_ part: String, seconds: Int64, until condition: () -> Bool) throws {
    let end = Clock.monotonic + seconds * 1_000_000_000
    while !condition() {
      guard Clock.monotonic < end else {
        throw Silent(part: part, said: said)
      }
      pause(milliseconds: 50)
    }
  }

  // MARK: clients

  /// A client of this farm with its own cache.
  ///
  /// - Parameters:
  ///   - token: what it shows; nil: the right one.
  ///   - keys: more lines for `[dist]`.
  ///   - suite: who asks, by the file.
  func client(
    _ maker: Maker = .ours, token: String? = nil, keys: String = "", suite: String = #fileID
  ) throws -> Sandbox {
    let client = try Sandbox()
    client.program = try maker.program("sccache")
    if let network = setting.network {
      let command = (network.entering(.client) + [client.program]).joined(separator: " ")
      let script = client.root + "/sccache"
      try Files.write(
        Array("#!/bin/sh\nexec \(command) \"$@\"\n".utf8), to: script,
        temporary: script + ".new", mode: 0o755)
      client.program = script
    }
    let path = client.root + "/client.toml"
    let text = """
      [dist]
      scheduler_url = "\(schedulerURL)"
      cache_dir = "\(PackedToolchains.directory(of: maker, suite: suite))"
      \(keys)
      [dist.auth]
      type = "token"
      token = "\(token ?? clientToken)"
      """
    try Files.write(Array(text.utf8), to: path, temporary: path + ".new", mode: 0o600)
    client.environment["SCCACHE_CONF"] = path
    return client
  }
}

/// Where the clients of one test run pack their toolchains: each compiler once, not once for each test.
enum PackedToolchains {
  /// Mozilla's daemon removes what others are packing there when it starts, so a suite of its clients, one
  /// after the other, has a directory of its own.
  static func directory(of maker: Maker, suite: String = #fileID) -> String {
    guard maker == .mozilla else { return directory + "/ours" }
    return "\(directory)/mozilla-\(suite.replacing("/", with: "-"))"
  }

  /// The path of an archive in the cache of our clients.
  static func archive(_ name: String) -> String {
    let digits = name.prefix(2).map(String.init)
    return "\(directory(of: .ours))/client/tc/\(digits[0])/\(digits[1])/\(name)"
  }

  static let directory: String = {
    let path = "/tmp/sccfarm-toolchains-\(getpid())"
    mkdir(path, 0o700)
    atexit {
      _ = try? Spawn.run(
        "/bin/rm", ["-rf", "/tmp/sccfarm-toolchains-\(getpid())"], environment: [],
        directory: "/", timeoutSeconds: 60)
    }
    return path
  }()
}

enum Loopback {
  /// A port of 127.0.0.1 on which nobody listens.
  static func freePort() throws -> UInt16 {
    UInt16(try LoopbackPort(listens: false).port)
  }
}
