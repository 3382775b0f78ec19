/// The kinds of stores, each with a server that tests can start.
package enum StoreKind: String, CaseIterable, Sendable {
  /// moto, which checks signatures and rights.
  case s3
  case redis, redisOverTLS, redisOnSocket
  /// With SASL.
  case memcached
  /// fake-gcs-server, which takes any token.
  case gcs
  /// A stub that wants the tokens back that it gave.
  case gcsWithTokens
  case azure
  case ghaFirst, ghaSecond
  /// nginx.
  case webdav
  case oss, cos

  /// Those whose server refuses wrong credentials.
  package static let guarded = allCases.filter { $0 != .gcs }

  /// Those that are reached by TCP.
  package static let onNetwork = allCases.filter { $0 != .redisOnSocket }

  /// Those that speak HTTP, or HTTPS.
  package static let onWeb = onNetwork.filter { $0.name != "redis" && $0 != .memcached }

  /// Those that say "stored" at once and send much at a time, later.
  package var sendsLater: Bool { self == .ghaFirst || self == .ghaSecond }

  /// What chains of levels call it.
  package var name: String {
    switch self {
    case .s3: "s3"
    case .redis, .redisOverTLS, .redisOnSocket: "redis"
    case .memcached: "memcached"
    case .gcs, .gcsWithTokens: "gcs"
    case .azure: "azure"
    case .ghaFirst, .ghaSecond: "gha"
    case .webdav: "webdav"
    case .oss: "oss"
    case .cos: "cos"
    }
  }

  /// How the place of a result begins in statistics.
  package var scheme: String {
    switch self {
    case .azure: "azblob"
    case .ghaFirst, .ghaSecond: "ghac"
    default: name
    }
  }

  /// Starts a server of its own for the time of a call.
  package func withServer(_ body: (StoreServer) throws -> Void) throws {
    let store = try start()
    defer { withExtendedLifetime(store) {} }
    try body(store)
  }

  private func start() throws -> StoreServer {
    switch self {
    case .s3: try .s3()
    case .redis: try .redis { "redis://127.0.0.1:\($0.port)" }
    case .redisOverTLS: try .redis(tls: TestCertificate()) { "rediss://localhost:\($0.port)" }
    case .redisOnSocket: try .redis { "unix://\($0.socket)" }
    case .memcached: try .memcached()
    case .gcs: try .gcs()
    case .gcsWithTokens: try .gcsWithTokens()
    case .azure: try .azure()
    case .ghaFirst: try .gha(isSecond: false)
    case .ghaSecond: try .gha(isSecond: true)
    case .webdav: try .webdav()
    case .oss: try .oss()
    case .cos: try .cos()
    }
  }
}
