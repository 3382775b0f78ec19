package import Settings
import Platform
package import Transport

/// What a backend finds of its surroundings.
package struct BackendContext: Sendable {
  package let http: HTTPBlobs
  /// Variables of the daemon's environment: those of the clouds' own tools (`AWS_PROFILE`).
  package let variable: @Sendable (String) -> String?
  /// The daemon's whole environment, `NAME=VALUE` each: for programs that give credentials.
  package let environment: @Sendable () -> [[UInt8]]
  /// Seconds since 1970: for signatures and for when credentials end.
  package let now: @Sendable () -> Int64

  package init(
    client: HTTPClient = HTTPClient(keptHandles: 64),
    variable: @escaping @Sendable (String) -> String?,
    environment: @escaping @Sendable () -> [[UInt8]] = { [] },
    now: @escaping @Sendable () -> Int64 = { Clock.now / 1_000_000_000 }
  ) {
    self.variable = variable
    self.environment = environment
    self.now = now
    http = HTTPBlobs(client: client, authoritiesFile: variable("SSL_CERT_FILE"))
  }
}

/// A store that is configured can't be used as it is configured.
package struct BackendProblem: Error, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// The kinds of remote stores in this build. Each is a trait of the package: `Package.swift` lists them.
package enum BlobServices {
  /// The service of a configured store. Asks nobody: a server that is away shows when it is used.
  package static func service(
    for store: RemoteStore, _ context: BackendContext
  ) throws(BackendProblem) -> any BlobService {
    switch store {
    #if S3
      case .s3(let settings): return try S3Blobs(settings, context)
    #endif
    #if Redis
      case .redis(let settings): return try RedisBlobs(settings, context)
    #endif
    #if Memcached
      case .memcached(let settings): return try MemcachedBlobs(settings, context)
    #endif
    #if GCS
      case .gcs(let settings): return try GCSBlobs(settings, context)
    #endif
    #if GHA
      case .gha(let settings): return try GHABlobs(settings, context)
    #endif
    #if Azure
      case .azure(let settings): return try AzureBlobs(settings, context)
    #endif
    #if WebDAV
      case .webdav(let settings): return try WebDAVBlobs(settings, context)
    #endif
    #if OSS
      case .oss(let settings): return try OSSBlobs.service(settings, context)
    #endif
    #if COS
      case .cos(let settings): return try COSBlobs.service(settings, context)
    #endif
    #if !(S3 && Redis && Memcached && GCS && GHA && Azure && WebDAV && OSS && COS)
      default:
        throw BackendProblem(
          "this sccache was built without the store \(store.kind.rawValue): it has "
            + kinds.map(\.rawValue).joined(separator: ", "))
    #endif
    }
  }

  /// Those in this build.
  package static let kinds: [RemoteKind] = {
    var kinds: [RemoteKind] = []
    #if S3
      kinds.append(.s3)
    #endif
    #if Redis
      kinds.append(.redis)
    #endif
    #if Memcached
      kinds.append(.memcached)
    #endif
    #if GCS
      kinds.append(.gcs)
    #endif
    #if GHA
      kinds.append(.gha)
    #endif
    #if Azure
      kinds.append(.azure)
    #endif
    #if WebDAV
      kinds.append(.webdav)
    #endif
    #if OSS
      kinds.append(.oss)
    #endif
    #if COS
      kinds.append(.cos)
    #endif
    return kinds
  }()
}
