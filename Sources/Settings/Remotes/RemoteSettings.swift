/// The kinds of remote stores, in the order in which one is taken when several are configured.
package enum RemoteKind: String, Sendable, CaseIterable {
  case s3, redis, memcached, gcs, gha, azure, webdav, oss, cos
}

/// A remote store that is to be used.
package enum RemoteStore: Sendable, Equatable {
  case s3(S3Settings)
  case redis(RedisSettings)
  case memcached(MemcachedSettings)
  case gcs(GCSSettings)
  case gha(GHASettings)
  case azure(AzureSettings)
  case webdav(WebDAVSettings)
  case oss(OSSSettings)
  case cos(COSSettings)

  package var kind: RemoteKind {
    switch self {
    case .s3: .s3
    case .redis: .redis
    case .memcached: .memcached
    case .gcs: .gcs
    case .gha: .gha
    case .azure: .azure
    case .webdav: .webdav
    case .oss: .oss
    case .cos: .cos
    }
  }

  /// Whether it is written.
  package var mode: AccessMode {
    switch self {
    case .s3(let section): section.mode
    case .redis(let section): section.mode
    case .memcached(let section): section.mode
    case .gcs(let section): section.mode
    case .gha(let section): section.mode
    case .azure(let section): section.mode
    case .webdav(let section): section.mode
    case .oss(let section): section.mode
    case .cos(let section): section.mode
    }
  }

  var problem: String? {
    switch self {
    case .s3(let section): section.problem
    case .redis(let section): section.problem
    case .memcached(let section): section.problem
    case .gcs(let section): section.problem
    case .gha(let section): section.problem
    case .azure(let section): section.problem
    case .webdav(let section): section.problem
    case .oss(let section): section.problem
    case .cos(let section): section.problem
    }
  }
}

/// Every remote store that is configured, used or not (`[cache.NAME]` and the variables of each).
package struct RemoteSettings: Sendable, Equatable {
  package var s3: S3Settings?
  package var redis: RedisSettings?
  package var memcached: MemcachedSettings?
  package var gcs: GCSSettings?
  package var gha: GHASettings?
  package var azure: AzureSettings?
  package var webdav: WebDAVSettings?
  package var oss: OSSSettings?
  package var cos: COSSettings?

  package init() {}

  package subscript(kind: RemoteKind) -> RemoteStore? {
    switch kind {
    case .s3: s3.map { .s3($0) }
    case .redis: redis.map { .redis($0) }
    case .memcached: memcached.map { .memcached($0) }
    case .gcs: gcs.map { .gcs($0) }
    case .gha: gha.flatMap { $0.isEnabled ? .gha($0) : nil }
    case .azure: azure.map { .azure($0) }
    case .webdav: webdav.map { .webdav($0) }
    case .oss: oss.map { .oss($0) }
    case .cos: cos.map { .cos($0) }
    }
  }

  /// The first that is configured, in the order of `RemoteKind`.
  package var first: RemoteStore? {
    for kind in RemoteKind.allCases {
      if let store = self[kind] { return store }
    }
    return nil
  }

  /// - Parameter cache: the table `[cache]` of the file.
  init(
    _ cache: inout TableReader?, _ environment: inout EnvironmentReader
  ) throws(SettingsError) {
    s3 = try .read(&cache, "s3", &environment)
    redis = try .read(&cache, "redis", &environment)
    memcached = try .read(&cache, "memcached", &environment)
    gcs = try .read(&cache, "gcs", &environment)
    gha = try .read(&cache, "gha", &environment)
    azure = try .read(&cache, "azure", &environment)
    webdav = try .read(&cache, "webdav", &environment)
    oss = try .read(&cache, "oss", &environment)
    cos = try .read(&cache, "cos", &environment)
  }
}
