import Glibc
import Settings
import Storage
import StoreServers

extension RedisServer {
  func settings(_ endpoint: String? = nil) -> RedisSettings {
    RedisSettings(endpoint: endpoint ?? "redis://127.0.0.1:\(port)")
  }

  func service(
    _ endpoint: String? = nil, _ change: (inout RedisSettings) -> Void = { _ in }
  ) throws -> any BlobService {
    var settings = settings(endpoint)
    change(&settings)
    return try Self.service(settings, trusting: certificate)
  }

  static func service(
    _ settings: RedisSettings, trusting certificate: TestCertificate? = nil
  ) throws -> any BlobService {
    // As the daemon does: OpenSSL writes to sockets whose other end may be gone.
    signal(SIGPIPE, SIG_IGN)
    let file = certificate?.certificate
    return try BlobServices.service(
      for: .redis(settings),
      BackendContext(variable: { $0 == "SSL_CERT_FILE" ? file : nil }))
  }
}

extension RedisCluster {
  func service(_ change: (inout RedisSettings) -> Void = { _ in }) throws -> any BlobService {
    var settings = RedisSettings(endpoint: "")
    settings.endpoint = nil
    settings.clusterEndpoints = servers.map { server in
      server.certificate == nil
        ? "redis://127.0.0.1:\(server.port)" : "rediss://localhost:\(server.port)"
    }
    change(&settings)
    return try RedisServer.service(settings, trusting: servers[0].certificate)
  }
}
