/// WebDAV (`[cache.webdav]`; switched on by `SCCACHE_WEBDAV_ENDPOINT`).
package struct WebDAVSettings: RemoteSection {
  package var endpoint: String
  package var keyPrefix = ""
  /// For basic authentication.
  package var username: String?
  package var password: Secret?
  /// For bearer authentication.
  package var token: Secret?
  package var mode: AccessMode = .readWrite

  package init(endpoint: String) { self.endpoint = endpoint }

  init?(_ environment: inout EnvironmentReader) throws(SettingsError) {
    guard let endpoint = environment.string("SCCACHE_WEBDAV_ENDPOINT") else { return nil }
    self.endpoint = endpoint
    keyPrefix = environment.keyPrefix("SCCACHE_WEBDAV_KEY_PREFIX")
    username = environment.string("SCCACHE_WEBDAV_USERNAME")
    password = environment.secret("SCCACHE_WEBDAV_PASSWORD")
    token = environment.secret("SCCACHE_WEBDAV_TOKEN")
    mode = environment.mode("SCCACHE_WEBDAV_RW_MODE", otherwise: mode) ?? mode
  }

  init(_ reader: inout TableReader) throws(SettingsError) {
    endpoint = try reader.required("endpoint")
    keyPrefix = try reader.keyPrefix("key_prefix")
    username = try reader.string("username")
    password = try reader.secret("password")
    token = try reader.secret("token")
    mode = try reader.choice("rw_mode", of: AccessMode.self) ?? mode
  }
}
