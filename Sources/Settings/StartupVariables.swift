/// The variables that the daemon was started with and that hold for all calls: what a caller sets
/// otherwise can't be honoured, and ought to be said.
package struct StartupVariables: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  /// Every variable that can be watched begins so.
  package static let prefix = "SCCACHE_"

  /// Name and value, as bytes: a call's environment comes as bytes.
  private var values: [ArraySlice<UInt8>: [UInt8]] = [:]

  package init() {}

  package init(_ environment: [String: String]) {
    for name in Self.watched {
      values[Array(name.utf8)[...]] = Array((environment[name] ?? "").utf8)
    }
  }

  /// The value at start; nil for a variable that was unset or empty, or that isn't watched.
  package subscript(name: String) -> String? {
    guard let value = values[Array(name.utf8)[...]], !value.isEmpty else { return nil }
    return String(decoding: value, as: UTF8.self)
  }

  /// The names of variables that the caller has set to something else than the daemon was started
  /// with, sorted. A variable that the caller has not set, or has set to nothing, asks for nothing.
  ///
  /// Cheap enough for every call: a variable that doesn't begin with `prefix` costs a comparison of a
  /// byte or few, another one a look-up in a dictionary, and nothing is allocated unless there is a
  /// difference. Some four microseconds for an environment of eighty variables.
  ///
  /// - Parameter variables: `NAME=value` each; the whole environment, or those with the prefix.
  package func differences(from variables: some Sequence<[UInt8]>) -> [String] {
    var names: [String] = []
    for variable in variables where Self.isCandidate(variable) {
      guard let equals = variable.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let value = variable[(equals + 1)...]
      guard !value.isEmpty, let own = values[variable[..<equals]], !own.elementsEqual(value) else {
        continue
      }
      names.append(String(decoding: variable[..<equals], as: UTF8.self))
    }
    return names.sorted()
  }

  private static func isCandidate(_ variable: [UInt8]) -> Bool {
    variable.first == UInt8(ascii: "S") && variable.starts(with: prefix.utf8)
  }

  // They hold passwords.
  package var description: String { "\(values.count) variables" }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension StartupVariables {
  /// Left out: what is taken from each call (see `RequestSettings`), what only a client reads, and
  /// what only matters while a daemon is started.
  static let watched: [String] =
    [
      "CONF", "DIR", "CACHE_SIZE", "LOCAL_RW_MODE", "HARD_LINKS",
      "IDLE_TIMEOUT", "MAX_FRAME_LENGTH",
      "CACHE_ZSTD_LEVEL", "CACHE_MULTIARCH", "JOBS", "ERROR_LOG", "LOG",
      "MULTILEVEL_CHAIN", "MULTILEVEL_WRITE_ERROR_POLICY", "SIGNING_KEY",
    ].map { prefix + $0 } + DistributionSettings.variables + remote

  private static let remote: [String] = [
    "": ["BUCKET", "REGION", "ENDPOINT", "REDIS", "MEMCACHED"],
    "REMOTE_": [
      "CONNECT_TIMEOUT_MS", "LOOKUP_TIMEOUT_MS", "TRANSFER_TIMEOUT_MS", "QUEUE_ENTRIES",
      "QUEUE_SIZE", "FLUSH_TIMEOUT_MS",
    ],
    "S3_": [
      "USE_SSL", "KEY_PREFIX", "NO_CREDENTIALS", "SERVER_SIDE_ENCRYPTION",
      "SERVER_SIDE_ENCRYPTION_AWS_KMS", "SERVER_SIDE_ENCRYPTION_KMS_KEY_ID",
      "ENABLE_VIRTUAL_HOST_STYLE", "RW_MODE",
    ],
    "REDIS_": [
      "ENDPOINT", "CLUSTER_ENDPOINTS", "USERNAME", "PASSWORD", "DB", "EXPIRATION", "TTL",
      "KEY_PREFIX", "RW_MODE",
    ],
    "MEMCACHED_": ["ENDPOINT", "USERNAME", "PASSWORD", "EXPIRATION", "KEY_PREFIX", "RW_MODE"],
    "GCS_": [
      "BUCKET", "KEY_PREFIX", "KEY_PATH", "SERVICE_ACCOUNT", "CREDENTIALS_URL", "OAUTH_URL",
      "RW_MODE",
    ],
    "GHA_": ["ENABLED", "VERSION", "RW_MODE"],
    "AZURE_": [
      "BLOB_CONTAINER", "CONNECTION_STRING", "ENDPOINT", "STORAGE_ACCOUNT", "KEY_PREFIX", "RW_MODE",
    ],
    "WEBDAV_": ["ENDPOINT", "KEY_PREFIX", "USERNAME", "PASSWORD", "TOKEN", "RW_MODE"],
    "OSS_": ["BUCKET", "ENDPOINT", "KEY_PREFIX", "NO_CREDENTIALS", "RW_MODE"],
    "COS_": ["BUCKET", "ENDPOINT", "KEY_PREFIX", "RW_MODE"],
  ].flatMap { kind, names in names.map { prefix + kind + $0 } }
}
