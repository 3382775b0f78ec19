import Platform
package import TestSupport

/// A certificate that vouches for itself: the server shows it, and a client that trusts this file alone
/// takes no other.
package struct TestCertificate {
  /// Where its files are.
  package let directory = TemporaryDirectory()

  /// - Parameter name: as the extension `subjectAltName` has it.
  package init(_ name: String = "DNS:localhost,IP:127.0.0.1") throws {
    let result = try Spawn.run(
      "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", "/CN=test", "-addext", "subjectAltName=\(name)", "-days", "2",
        "-keyout", key, "-out", certificate,
      ],
      environment: [], directory: directory.path)
    guard result.isSuccess else {
      throw SystemError("make a certificate with", "openssl", code: result.exitCode)
    }
  }

  /// The file of the certificate.
  package var certificate: String { directory("certificate.pem") }
  /// The file of its key.
  package var key: String { directory("key.pem") }
}
