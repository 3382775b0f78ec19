package import Platform

/// The configuration files of a whole farm, made from a few facts: one for the scheduler, one for each
/// build server, one for all clients. Mozilla's 0.16 reads them too, unless servers share a machine or
/// the scheduler has TLS of its own.
package struct FarmFiles: Sendable, Equatable {
  /// What a farm consists of.
  package struct Plan: Sendable, Equatable {
    /// Where the scheduler listens.
    package var scheduler: SocketAddress
    /// How clients and servers reach it; nil: at its address.
    package var schedulerURL: String?
    /// Paths of PEM files on the scheduler's machine; nil: plain HTTP.
    package var tls: (certificate: String, key: String)?
    package var servers: [SocketAddress]
    /// Of every server; those that share a machine get one each beneath it.
    package var cacheDirectory: String
    package var buildDirectory: String
    package var bubblewrap: String

    package init(
      scheduler: SocketAddress, servers: [SocketAddress],
      cacheDirectory: String = FarmFiles.cacheDirectory,
      buildDirectory: String = FarmFiles.buildDirectory, bubblewrap: String = FarmFiles.bubblewrap
    ) {
      self.scheduler = scheduler
      self.servers = servers
      self.cacheDirectory = cacheDirectory
      self.buildDirectory = buildDirectory
      self.bubblewrap = bubblewrap
    }

    package static func == (a: Self, b: Self) -> Bool {
      a.scheduler == b.scheduler && a.schedulerURL == b.schedulerURL && a.servers == b.servers
        && a.tls?.certificate == b.tls?.certificate && a.tls?.key == b.tls?.key
        && a.cacheDirectory == b.cacheDirectory && a.buildDirectory == b.buildDirectory
        && a.bubblewrap == b.bubblewrap
    }
  }

  package struct Secrets: Sendable {
    /// 32 bytes in base64url.
    package var schedulerKey: Secret
    package var clientToken: Secret
    /// One for each server, in their order.
    package var serverTokens: [Secret]

    package init(schedulerKey: Secret, clientToken: Secret, serverTokens: [Secret]) {
      self.schedulerKey = schedulerKey
      self.clientToken = clientToken
      self.serverTokens = serverTokens
    }
  }

  package struct File: Sendable, Equatable {
    package var name: String
    package var text: String
  }

  package static let cacheDirectory = "/var/cache/sccache-dist"
  package static let buildDirectory = "/var/lib/sccache-dist"
  package static let bubblewrap = "/usr/bin/bwrap"
  /// More are made by whatever rolls out so many machines.
  package static let greatestNumberOfServers = 1000

  package var scheduler: File
  package var servers: [File]
  package var client: File

  package var all: [File] { [scheduler] + servers + [client] }

  package init(_ plan: Plan, _ secrets: Secrets) {
    scheduler = File(name: "scheduler.toml", text: Self.scheduler(plan, secrets))
    let url = plan.url
    servers = zip(plan.servers, secrets.serverTokens).enumerated().map { index, server in
      File(
        name: "server-\(index + 1).toml",
        text: Self.server(index, plan, token: server.1, schedulerURL: url))
    }
    client = File(
      name: "client.toml",
      text: """
        # One for all who compile: ~/.config/sccache/config, or these lines in the one that is there.
        [dist]
        scheduler_url = \(Self.quoted(url))

        [dist.auth]
        type = "token"
        token = \(Self.quoted(secrets.clientToken.value))

        """)
  }

  private static func quoted(_ text: String) -> String { CachedConfiguration.quoted(text) }

  private static func scheduler(_ plan: Plan, _ secrets: Secrets) -> String {
    var tls = ""
    if let paths = plan.tls {
      tls = """
        tls_certificate = \(quoted(paths.certificate))
        tls_key = \(quoted(paths.key))

        """
    }
    return """
      # For `sccache-dist scheduler --config` on the machine with this address.
      public_addr = "\(plan.scheduler)"
      \(tls)
      [client_auth]
      type = "token"
      token = \(quoted(secrets.clientToken.value))

      [server_auth]
      type = "jwt_hs256"
      secret_key = \(quoted(secrets.schedulerKey.value))

      """
  }

  private static func server(
    _ index: Int, _ plan: Plan, token: Secret, schedulerURL: String
  ) -> String {
    let address = plan.servers[index]
    var places = (cache: plan.cacheDirectory, build: plan.buildDirectory, user: "")
    if plan.sharesMachine(index) {
      places.cache = Path.join(plan.cacheDirectory, "server-\(index + 1)")
      places.build = Path.join(plan.buildDirectory, "server-\(index + 1)")
      let first = BuildServerSettings.defaultFirstUser + UInt32(index) * plan.usersOfServer
      places.user = """
        # Another server runs on this machine: their jobs must not be the same users.
        first_user = \(first)

        """
    }
    return """
      # For `sccache-dist server --config` on the machine with this address.
      public_addr = "\(address)"
      scheduler_url = \(quoted(schedulerURL))
      cache_dir = \(quoted(places.cache))
      \(places.user)
      [builder]
      type = "overlay"
      build_dir = \(quoted(places.build))
      bwrap_path = \(quoted(plan.bubblewrap))

      [scheduler_auth]
      type = "jwt_token"
      token = \(quoted(token.value))

      """
  }
}

extension FarmFiles.Plan {
  /// How clients and servers reach the scheduler.
  package var url: String {
    schedulerURL ?? "\(tls == nil ? "http" : "https")://\(scheduler)"
  }

  /// Two for each of the most slots that a server can have.
  fileprivate var usersOfServer: UInt32 { 2 * 4096 }

  fileprivate func sharesMachine(_ index: Int) -> Bool {
    servers.count { $0.host.unmapped == servers[index].host.unmapped } > 1
  }

  /// Why these facts make no farm, and what to do; nil when they do.
  package var problem: String? {
    if servers.isEmpty { return "a farm needs one build server at least: add --server IP:PORT" }
    if servers.count > FarmFiles.greatestNumberOfServers {
      return "at most \(FarmFiles.greatestNumberOfServers) servers, found \(servers.count)"
    }
    if scheduler.host.isUnspecified, schedulerURL == nil {
      return "\(scheduler) is no address to reach the scheduler at: give --scheduler-url too"
    }
    if let server = servers.first(where: { $0.host.isUnspecified }) {
      return "\(server) is no address to reach a server at: give the one that clients see"
    }
    if let zero = ([scheduler] + servers).first(where: { $0.port == 0 }) {
      return "\(zero) has no port: give the one that is to be used"
    }
    var seen: Set<SocketAddress> = []
    if let double = ([scheduler] + servers).first(where: { !seen.insert($0).inserted }) {
      return "\(double) is given twice: every program needs an address of its own"
    }
    let paths =
      [cacheDirectory, buildDirectory, bubblewrap]
      + [tls?.certificate, tls?.key]
      .compactMap(\.self)
    if let relative = paths.first(where: { !$0.hasPrefix("/") }) {
      return "\(relative) is relative: the programs may run anywhere, so give an absolute path"
    }
    return nil
  }
}

extension IPAddress {
  /// Every address of this machine, to listen on; none to connect to.
  fileprivate var isUnspecified: Bool {
    switch unmapped {
    case .v4(let bytes): bytes == 0
    case .v6(let high, let low): high == 0 && low == 0
    }
  }
}
