import Glibc
import Platform
import TestSupport

/// redis-server as a test wants it.
package struct RedisServer {
  /// The process.
  package let server: TestServer
  /// What it shows, when it speaks TLS.
  package let certificate: TestCertificate?
  /// For TCP, with TLS or without.
  package var port: Int { server.port }
  /// For Unix.
  package var socket: String { server.directory("redis.sock") }

  /// - Parameter more: words of its command line.
  package init(_ more: [String] = [], tls certificate: TestCertificate? = nil) throws {
    self.certificate = certificate
    server = try TestServer("redis-server", package: "apt-get install redis-server") {
      port, directory in
      let common =
        ["--bind", "127.0.0.1", "--dir", directory.path]
        + ["--unixsocket", directory("redis.sock"), "--save", ""] + more
      guard let certificate else { return ["--port", "\(port)"] + common }
      return ["--port", "0", "--tls-port", "\(port)", "--tls-cert-file", certificate.certificate]
        + ["--tls-key-file", certificate.key, "--tls-auth-clients", "no"] + common
    }
    // It listens there a moment later.
    while server.process.isRunning, try command("PING").isEmpty { usleep(10_000) }
  }

  /// By Redis' own client.
  @discardableResult
  package func command(_ words: String...) throws -> String {
    let result = try Spawn.run(
      "/usr/bin/redis-cli", ["-s", socket] + words, environment: [], directory: "/")
    return String(decoding: result.output, as: UTF8.self)
      .trimmingSuffix { $0.isNewline }
  }
}

extension String {
  fileprivate func trimmingSuffix(while isGone: (Character) -> Bool) -> String {
    String(reversed().drop(while: isGone).reversed())
  }
}
