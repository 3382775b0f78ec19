/// WebDAV (`[cache.webdav]`; switched on by `SCCACHE_WEBDAV_ENDPOINT`).
package struct WebDAVSettings: RemoteSection {
  /// How names are laid out on the server (`SCCACHE_WEBDAV_LAYOUT`, `layout`). Not known to Mozilla's.
  package enum Layout: String, Sendable, CaseIterable {
    /// `a/3/2/a320d6…`
    case sccache
    /// `a3/20d6…`, as ccache's default.
    case subdirs
    /// `a320d6…`
    case flat
    /// `ac/a320d6…`, for servers of Bazel's HTTP protocol.
    case bazel
    /// 32 digits, for servers of Gradle's.
    case gradle
  }

  package var endpoint: String
  package var keyPrefix = ""
  /// For basic authentication.
  package var username: String?
  package var password: Secret?
  /// For bearer authentication.
  package var token: Secret?
  package var mode: AccessMode = .readWrite
  package var layout = Layout.sccache

  package init(endpoint: String) { self.endpoint = endpoint }

  init?(_ environment: inout EnvironmentReader) throws(SettingsError) {
    guard let endpoint = environment.string("SCCACHE_WEBDAV_ENDPOINT") else { return nil }
    self.endpoint = endpoint
    keyPrefix = environment.keyPrefix("SCCACHE_WEBDAV_KEY_PREFIX")
    username = environment.string("SCCACHE_WEBDAV_USERNAME")
    password = environment.secret("SCCACHE_WEBDAV_PASSWORD")
    token = environment.secret("SCCACHE_WEBDAV_TOKEN")
    mode = environment.mode("SCCACHE_WEBDAV_RW_MODE", otherwise: mode) ?? mode
    layout =
      environment.choice("SCCACHE_WEBDAV_LAYOUT", of: Layout.self, otherwise: layout) ?? layout
  }

  init(_ reader: inout TableReader) throws(SettingsError) {
    endpoint = try reader.required("endpoint")
    keyPrefix = try reader.keyPrefix("key_prefix")
    username = try reader.string("username")
    password = try reader.secret("password")
    token = try reader.secret("token")
    mode = try reader.choice("rw_mode", of: AccessMode.self) ?? mode
    layout = try reader.choice("layout", of: Layout.self) ?? layout
  }
}
