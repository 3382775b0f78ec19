import Glibc
import Platform
import Settings
import Storage
import TestSupport

/// redis-server as a test wants it.
struct RedisServer {
  let server: TestServer
  let certificate: TestCertificate?
  var port: Int { server.port }
  var socket: String { server.directory("redis.sock") }

  init(_ more: [String] = [], tls certificate: TestCertificate? = nil) throws {
    self.certificate = certificate
    server = try TestServer("redis-server", package: "apt-get install redis-server") {
      port, directory in
      let common =
        ["--bind", "127.0.0.1", "--dir", directory.path]
        + ["--unixsocket", directory("redis.sock"), "--save", ""] + more
      guard let certificate else { return ["--port", "\(port)"] + common }
      return ["--port", "0", "--tls-port", "\(port)", "--tls-cert-file", certificate.certificate]
        + ["--tls-key-file", certificate.key, "--tls-auth-clients", "no"] + common
    }
  }

  /// By Redis' own client.
  @discardableResult
  func command(_ words: String...) throws -> String {
    let result = try Spawn.run(
      "/usr/bin/redis-cli", ["-s", socket] + words, environment: [], directory: "/")
    return String(decoding: result.output, as: UTF8.self)
      .trimmingSuffix { $0.isNewline }
  }

  func settings(_ endpoint: String? = nil) -> RedisSettings {
    RedisSettings(endpoint: endpoint ?? "redis://127.0.0.1:\(port)")
  }

  func service(
    _ endpoint: String? = nil, _ change: (inout RedisSettings) -> Void = { _ in }
  ) throws -> any BlobService {
    var settings = settings(endpoint)
    change(&settings)
    return try Self.service(settings, trusting: certificate)
  }

  static func service(
    _ settings: RedisSettings, trusting certificate: TestCertificate? = nil
  ) throws -> any BlobService {
    // As the daemon does: OpenSSL writes to sockets whose other end may be gone.
    signal(SIGPIPE, SIG_IGN)
    let file = certificate?.certificate
    return try BlobServices.service(
      for: .redis(settings),
      BackendContext(variable: { $0 == "SSL_CERT_FILE" ? file : nil }))
  }
}

extension String {
  fileprivate func trimmingSuffix(while isGone: (Character) -> Bool) -> String {
    String(reversed().drop(while: isGone).reversed())
  }
}

/// Three masters that share the slots.
struct RedisCluster {
  let servers: [RedisServer]

  init(tls certificate: TestCertificate? = nil) throws {
    var servers: [RedisServer] = []
    var buses: [Int] = []
    for _ in 0..<3 {
      let bus = try LoopbackPort(listens: false).port
      let more = certificate == nil ? [] : ["--tls-cluster", "yes"] + Self.authority(certificate)
      servers.append(
        try RedisServer(
          ["--cluster-enabled", "yes", "--cluster-port", "\(bus)"]
            + ["--cluster-node-timeout", "5000"] + more, tls: certificate))
      buses.append(bus)
    }
    self.servers = servers
    for (number, range) in [(0, 5460), (5461, 10922), (10923, 16383)].enumerated() {
      try servers[number].command("cluster", "addslotsrange", "\(range.0)", "\(range.1)")
      try servers[0].command(
        "cluster", "meet", "127.0.0.1", "\(servers[number].port)", "\(buses[number])")
    }
    // Each has to have heard of all slots, too.
    for server in servers {
      var left = 2000
      while try !server.command("cluster", "info").contains("slots_ok:16384"), left > 0 {
        usleep(10_000)
        left -= 1
      }
      while try !server.command("cluster", "info").contains("state:ok"), left > 0 {
        usleep(10_000)
        left -= 1
      }
    }
  }

  private static func authority(_ certificate: TestCertificate?) -> [String] {
    certificate.map { ["--tls-ca-cert-file", $0.certificate] } ?? []
  }

  func service(_ change: (inout RedisSettings) -> Void = { _ in }) throws -> any BlobService {
    var settings = RedisSettings(endpoint: "")
    settings.endpoint = nil
    settings.clusterEndpoints = servers.map { server in
      server.certificate == nil
        ? "redis://127.0.0.1:\(server.port)" : "rediss://localhost:\(server.port)"
    }
    change(&settings)
    return try RedisServer.service(settings, trusting: servers[0].certificate)
  }

  /// Which server has a slot, and which comes after it.
  func owner(of slot: Int) -> (owner: RedisServer, next: RedisServer) {
    let index = slot <= 5460 ? 0 : slot <= 10922 ? 1 : 2
    return (servers[index], servers[(index + 1) % 3])
  }
}
