import Glibc
import Platform
import TestSupport

/// memcached as tests want it.
package enum MemcachedServers {
  /// For everybody.
  package static func plain(_ more: [String] = []) throws -> TestServer {
    try start(more, environment: [:], in: TemporaryDirectory())
  }

  /// For alice with the password s3cret. With SASL only the binary protocol is left.
  package static func secured() throws -> TestServer {
    let directory = TemporaryDirectory()
    chmod(directory.path, 0o755)
    try directory.write("memcached.conf", "mech_list: plain\nsasldb_path: \(directory("users"))\n")
    let made = try Spawn.run(
      "/bin/sh",
      [
        "-c",
        "printf s3cret | saslpasswd2 -p -a memcached -c -f \(directory("users")) -u $(hostname) alice",
      ], environment: [Array("PATH=\(TestServer.searchPath)".utf8)], directory: "/")
    guard made.isSuccess else {
      throw TestServer.Missing(
        program: "saslpasswd2", package: "apt-get install sasl2-bin libsasl2-modules")
    }
    chmod(directory("users"), 0o644)
    return try start(["-S"], environment: ["SASL_CONF_PATH": directory.path], in: directory)
  }

  private static func start(
    _ more: [String], environment: [String: String], in directory: TemporaryDirectory
  ) throws -> TestServer {
    try TestServer(
      "memcached", package: "apt-get install memcached", environment: environment, in: directory
    ) { port, _ in
      ["-u", "nobody", "-l", "127.0.0.1", "-p", "\(port)", "-U", "0"] + more
    }
  }
}
