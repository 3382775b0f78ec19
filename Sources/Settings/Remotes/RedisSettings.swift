/// Redis (`[cache.redis]`; switched on by one of `SCCACHE_REDIS_ENDPOINT`,
/// `SCCACHE_REDIS_CLUSTER_ENDPOINTS` and, deprecated, `SCCACHE_REDIS`).
package struct RedisSettings: RemoteSection {
  /// Where the servers are, as written: a URL of the scheme redis, rediss, tcp, unix or redis+unix,
  /// or host:port.
  package enum Address: Sendable, Equatable {
    case single(String)
    case cluster([String])
    /// The old form: user, password and database number stand in the URL.
    case url(String)
  }

  package var endpoint: String?
  /// Separated by commas where they come as one string.
  package var clusterEndpoints: [String] = []
  package var url: String?
  package var username: String?
  package var password: Secret?
  /// The number of the database (0).
  package var database = 0
  /// Seconds that an entry lives; 0 for ever (`SCCACHE_REDIS_EXPIRATION`, deprecated
  /// `SCCACHE_REDIS_TTL`; `ttl` or `expiration`).
  package var expirationSeconds = 0
  package var keyPrefix = ""
  package var mode: AccessMode = .readWrite

  package init(endpoint: String) { self.endpoint = endpoint }

  /// Nil when there is none; when there are several, `problem` says so.
  package var address: Address? {
    if let endpoint { return .single(endpoint) }
    if !clusterEndpoints.isEmpty { return .cluster(clusterEndpoints) }
    return url.map { .url($0) }
  }

  var problem: String? {
    let count = [endpoint != nil, !clusterEndpoints.isEmpty, url != nil].count { $0 }
    if count != 1 { return "Only one of `endpoint`, `cluster_endpoints`, `url` must be set" }
    if url != nil, username != nil || password != nil || database != 0 {
      return "`username`, `password` and `db` have no effect beside `url`; "
        + "use `endpoint` or `cluster_endpoints`"
    }
    return nil
  }

  init?(_ environment: inout EnvironmentReader) throws(SettingsError) {
    if environment.string("SCCACHE_REDIS_EXPIRATION") != nil,
      environment.string("SCCACHE_REDIS_TTL") != nil
    {
      throw SettingsError(
        "You mustn't set both SCCACHE_REDIS_EXPIRATION and SCCACHE_REDIS_TTL. Use only one.")
    }
    endpoint = environment.string("SCCACHE_REDIS_ENDPOINT")
    clusterEndpoints =
      environment.string("SCCACHE_REDIS_CLUSTER_ENDPOINTS").map(Self.split) ?? []
    url = environment.string("SCCACHE_REDIS")
    guard endpoint != nil || !clusterEndpoints.isEmpty || url != nil else { return nil }
    username = environment.string("SCCACHE_REDIS_USERNAME")
    password = environment.secret("SCCACHE_REDIS_PASSWORD")
    database = try environment.number("SCCACHE_REDIS_DB") ?? 0
    let expiration = try environment.number("SCCACHE_REDIS_EXPIRATION")
    let ttl = try environment.number("SCCACHE_REDIS_TTL")
    expirationSeconds = expiration ?? ttl ?? 0
    keyPrefix = environment.keyPrefix("SCCACHE_REDIS_KEY_PREFIX")
    mode = environment.mode("SCCACHE_REDIS_RW_MODE", otherwise: mode) ?? mode
  }

  init(_ reader: inout TableReader) throws(SettingsError) {
    endpoint = try reader.string("endpoint")
    if case .array = reader.value("cluster_endpoints") {
      clusterEndpoints = try reader.strings("cluster_endpoints") ?? []
    } else {
      clusterEndpoints = try reader.string("cluster_endpoints").map(Self.split) ?? []
    }
    url = try reader.string("url")
    username = try reader.string("username")
    password = try reader.secret("password")
    database = try reader.number("db") ?? 0
    let ttl = try reader.number("ttl")
    let expiration = try reader.number("expiration")
    guard ttl == nil || expiration == nil else {
      throw reader.error("expiration", "is another name of ttl: keep one of the two")
    }
    expirationSeconds = ttl ?? expiration ?? 0
    keyPrefix = try reader.keyPrefix("key_prefix")
    mode = try reader.choice("rw_mode", of: AccessMode.self) ?? mode
  }

  private static func split(_ list: String) -> [String] {
    list.split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
  }
}
