package import Platform

/// `sccache-dist server --config FILE`: the keys of Mozilla's 0.16, and ours behind them.
package struct BuildServerSettings: Sendable, Equatable {
  /// How this server shows the scheduler that it is one.
  package enum SchedulerAuthentication: Sendable, Equatable {
    case dangerouslyInsecure
    case jwtToken(Secret)
    case token(Secret)
  }

  /// Toolchains lie beneath it.
  package var cacheDirectory: String
  package var publicAddress: SocketAddress
  /// `bind_address`; the public address.
  package var bindAddress: SocketAddress
  package var schedulerURL: String
  package var schedulerAuthentication: SchedulerAuthentication
  /// Bytes (`toolchain_cache_size`; 10 GiB).
  package var toolchainCacheSize = 10 << 30
  /// Emptied at start (`builder.build_dir`).
  package var buildDirectory: String
  /// `builder.bwrap_path`.
  package var bubblewrap: String
  /// Jobs at once (`slots`; nil: as many as a scheduler gives to a server with so many cores).
  package var slots: Int?
  /// Seconds that one job may run (`job_timeout`; 600).
  package var jobSeconds = 600
  /// Bytes of memory for one job (`job_memory`; nil: as much as a slot has, 4 GiB).
  package var jobMemory: Int?
  /// As root: the first of the host users of the slots, two for each (`first_user`; 2000000000). They
  /// must belong to nobody else, another server on the machine included.
  package var firstUser = Self.defaultFirstUser

  package static let defaultFirstUser: UInt32 = 2_000_000_000

  /// - Throws: for anything that is unknown, missing or wrong, with its place.
  package init(path: String, text: String) throws(SettingsError) {
    var reader = TableReader(try ConfigurationFile(path: path, text: text))
    cacheDirectory = try reader.required("cache_dir")
    publicAddress = try reader.requiredSocketAddress("public_addr")
    bindAddress = try reader.socketAddress("bind_address") ?? publicAddress
    guard let url = try reader.schedulerURL("scheduler_url") else {
      throw reader.error("lacks the key scheduler_url: add scheduler_url = \"http://IP:PORT\"")
    }
    schedulerURL = url
    schedulerAuthentication = try Self.authentication(&reader)
    if let size = try reader.size("toolchain_cache_size") { toolchainCacheSize = size }
    (buildDirectory, bubblewrap) = try Self.builder(&reader)
    slots = try reader.positiveNumber("slots")
    if let seconds = try reader.positiveNumber("job_timeout") { jobSeconds = seconds }
    jobMemory = try reader.size("job_memory")
    if let user = try reader.number("first_user") {
      // Below are people and services, above is what the kernel keeps for itself.
      guard (1000...4_000_000_000).contains(user) else {
        throw reader.error("first_user", "must be from 1000 to 4000000000, found \(user)")
      }
      firstUser = UInt32(user)
    }
    try reader.finish()
  }

  private enum Kind: String, CaseIterable {
    case dangerouslyInsecure = "DANGEROUSLY_INSECURE"
    case jwtToken = "jwt_token"
    case token
  }

  private static func authentication(
    _ reader: inout TableReader
  ) throws(SettingsError) -> SchedulerAuthentication {
    guard var section = try reader.table("scheduler_auth") else {
      throw reader.error("lacks the table [scheduler_auth]")
    }
    guard let kind = try section.choice("type", of: Kind.self) else {
      throw section.error("lacks the key type: add type = \"jwt_token\"")
    }
    let found: SchedulerAuthentication =
      switch kind {
      case .dangerouslyInsecure: .dangerouslyInsecure
      case .jwtToken: .jwtToken(Secret(try section.required("token")))
      case .token: .token(Secret(try section.required("token")))
      }
    try section.finish()
    return found
  }

  private static func builder(
    _ reader: inout TableReader
  ) throws(SettingsError) -> (directory: String, bubblewrap: String) {
    guard var section = try reader.table("builder") else {
      throw reader.error("lacks the table [builder]")
    }
    let kind = try section.required("type")
    guard kind == "overlay" else {
      throw section.error(
        "type", "must be \"overlay\", found \"\(kind)\": docker and pot are not supported")
    }
    let found = (try section.required("build_dir"), try section.required("bwrap_path"))
    try section.finish()
    return found
  }
}
