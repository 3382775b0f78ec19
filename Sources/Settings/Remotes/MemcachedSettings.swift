/// Memcached (`[cache.memcached]`; switched on by `SCCACHE_MEMCACHED_ENDPOINT` or,
/// deprecated, `SCCACHE_MEMCACHED`).
package struct MemcachedSettings: RemoteSection {
  /// How the servers are spoken to (`SCCACHE_MEMCACHED_PROTOCOL`, `protocol`). Not known to Mozilla's.
  package enum Language: String, Sendable, CaseIterable {
    case binary, text
  }

  /// `url`, `endpoint`: `tcp://host:port`, several separated by commas.
  package var endpoint: String
  /// For SASL.
  package var username: String?
  package var password: Secret?
  /// Seconds that an entry lives (86400).
  package var expirationSeconds = 86400
  package var keyPrefix = ""
  package var mode: AccessMode = .readWrite
  package var `protocol` = Language.binary

  package init(endpoint: String) { self.endpoint = endpoint }

  init?(_ environment: inout EnvironmentReader) throws(SettingsError) {
    let old = environment.string("SCCACHE_MEMCACHED")
    let new = environment.string("SCCACHE_MEMCACHED_ENDPOINT")
    guard old == nil || new == nil else {
      throw SettingsError(
        "You mustn't set both SCCACHE_MEMCACHED and SCCACHE_MEMCACHED_ENDPOINT. "
          + "Please, use only SCCACHE_MEMCACHED_ENDPOINT.")
    }
    guard let endpoint = new ?? old else { return nil }
    self.endpoint = endpoint
    username = environment.string("SCCACHE_MEMCACHED_USERNAME")
    password = environment.secret("SCCACHE_MEMCACHED_PASSWORD")
    expirationSeconds =
      try environment.number("SCCACHE_MEMCACHED_EXPIRATION") ?? expirationSeconds
    keyPrefix = environment.keyPrefix("SCCACHE_MEMCACHED_KEY_PREFIX")
    mode = environment.mode("SCCACHE_MEMCACHED_RW_MODE", otherwise: mode) ?? mode
    `protocol` =
      environment.choice("SCCACHE_MEMCACHED_PROTOCOL", of: Language.self, otherwise: `protocol`)
      ?? `protocol`
  }

  init(_ reader: inout TableReader) throws(SettingsError) {
    let url = try reader.string("url")
    let alias = try reader.string("endpoint")
    guard url == nil || alias == nil else {
      throw reader.error("endpoint", "is another name of url: keep one of the two")
    }
    guard let endpoint = url ?? alias, !endpoint.isEmpty else {
      throw reader.error("lacks the key url: add url = \"tcp://HOST:11211\"")
    }
    self.endpoint = endpoint
    username = try reader.string("username")
    password = try reader.secret("password")
    expirationSeconds = try reader.number("expiration") ?? expirationSeconds
    keyPrefix = try reader.keyPrefix("key_prefix")
    mode = try reader.choice("rw_mode", of: AccessMode.self) ?? mode
    `protocol` = try reader.choice("protocol", of: Language.self) ?? `protocol`
  }
}
