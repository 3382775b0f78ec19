import Farm
import Glibc
import Platform
import Settings

/// A scheduler and build servers on loopback, with keys and directories of their own. Everything is ended
/// and removed with the value.
final class TestFarm {
  struct Silent: Error, CustomStringConvertible {
    var part: String
    var said: String
    var description: String { "\(part) isn't ready in time; it said: \(said)" }
  }

  let root: String
  let clientToken = "client-token-of-the-test"
  let schedulerAddress: SocketAddress
  private let key: [UInt8]
  private(set) var scheduler: BackgroundProcess?
  private(set) var servers: [BackgroundProcess] = []
  /// Where they listen.
  private(set) var addresses: [SocketAddress] = []
  private let schedulerMaker: Maker
  /// For what both kinds of programs need to run.
  private let environment: [String: String]

  init(scheduler maker: Maker = .ours, servers makers: [Maker] = [.ours]) throws {
    var template = Array("/tmp/sccfarm-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("make directory", "/tmp/sccfarm-") }
    root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // A sandbox's own user goes through it.
    chmod(root, 0o755)
    var random = SystemRandomNumberGenerator()
    key = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
    schedulerAddress = try Self.freeAddress()
    schedulerMaker = maker
    environment = [
      "PATH": Programs.searchPath, "HOME": root, "TMPDIR": root, "SCCACHE_NO_DAEMON": "1",
      "SCCACHE_LOG": "info",
    ]
    try startScheduler()
    for maker in makers { try addServer(maker) }
    try wait(forServers: makers.count)
  }

  deinit {
    for server in servers { server.stop(SIGTERM) }
    scheduler?.stop()
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
      type = "token"
      token = "\(clientToken)"
      [server_auth]
      type = "jwt_hs256"
      secret_key = "\(Base64URL.encode(key))"
      """)
    scheduler = try BackgroundProcess(
      try schedulerMaker.program("sccache-dist"), ["scheduler", "--config", path],
      environment: environment, log: root + "/scheduler.log")
    try wait("the scheduler", seconds: 30) { knownServers != nil }
  }

  @discardableResult
  func addServer(_ maker: Maker = .ours) throws -> BackgroundProcess {
    let address = try Self.freeAddress()
    let name = "server\(servers.count + 1)"
    mkdir("\(root)/\(name)", 0o755)
    let path = try write(
      "\(name).toml",
      """
      cache_dir = "\(root)/\(name)/cache"
      public_addr = "\(address)"
      scheduler_url = "\(schedulerURL)"
      [builder]
      type = "overlay"
      build_dir = "\(root)/\(name)/build"
      bwrap_path = "/usr/bin/bwrap"
      [scheduler_auth]
      type = "jwt_token"
      token = "\(serverToken(address))"
      """)
    let server = try BackgroundProcess(
      try maker.program("sccache-dist"), ["server", "--config", path],
      environment: environment, log: "\(root)/\(name).log")
    servers.append(server)
    addresses.append(address)
    return server
  }

  func serverToken(_ address: SocketAddress) -> String {
    ServerToken(server: address).signed(with: key)
  }

  // MARK: waiting

  private var knownServers: Int? {
    guard let text = try? FarmClient(schedulerURL: schedulerURL, token: Secret("")).status() else {
      return nil
    }
    var parser = JSON.Parser(bytes: Array(text.utf8))
    return try? parser.value()["num_servers"].total
  }

  func wait(forServers count: Int) throws {
    try wait("a server", seconds: 60) { knownServers == count }
  }

  private func wait(_ part: String, seconds: Int64, until condition: () -> Bool) throws {
    let end = Clock.monotonic + seconds * 1_000_000_000
    while !condition() {
      guard Clock.monotonic < end else {
        let processes = [scheduler].compactMap { $0 } + servers
        throw Silent(part: part, said: processes.map(\.said).joined(separator: "\n"))
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
  func client(
    _ maker: Maker = .ours, token: String? = nil, keys: String = ""
  ) throws -> Sandbox {
    let client = try Sandbox()
    client.program = try maker.program("sccache")
    let path = client.root + "/client.toml"
    let text = """
      [dist]
      scheduler_url = "\(schedulerURL)"
      cache_dir = "\(PackedToolchains.directory)/\(maker == .ours ? "ours" : "mozilla")"
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
