import TestSupport

/// Servers of Google's storage.
package enum GCSServers {
  /// fake-gcs-server, with the bucket `box`; takes any token, also none.
  package static func fake(tls certificate: TestCertificate? = nil) throws -> TestServer {
    try TestServer(
      ServicePrograms.path("gcs", "fake-gcs-server-linux-amd64"),
      package: ServicePrograms.installation(of: "gcs")
    ) { port, directory in
      try directory.write("data/box/seed", "x")
      let common = [
        "-backend", "memory", "-host", "127.0.0.1", "-port", "\(port)", "-data", directory("data"),
      ]
      guard let certificate else { return common + ["-scheme", "http"] }
      return common + [
        "-scheme", "https", "-cert-location", certificate.certificate,
        "-private-key-location", certificate.key,
      ]
    }
  }
}
