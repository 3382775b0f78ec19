import Platform

/// A store that was started for a test, and the variables by which a daemon uses it.
package struct StoreServer {
  /// The process, its port and its directory.
  package let server: TestServer
  /// Its place, and credentials that are right.
  let place: [String: String]
  /// What takes the place of some of them when the credentials are wrong; nothing when it takes any.
  var wrong: [String: String] = [:]
  /// What nobody may read anywhere.
  package var secrets: [String] = []
  /// How the variables of the store begin: `SCCACHE_S3`.
  let variables: String
  /// The variable that keeps teams apart.
  var prefixVariable: String?
  /// What has to live as long.
  var certificate: TestCertificate?

  /// The daemon's variables: reads and writes below a prefix.
  package func environment(prefix: String = "team") -> [String: String] {
    var environment = place
    environment[prefixVariable ?? variables + "_KEY_PREFIX"] = prefix
    environment[variables + "_RW_MODE"] = "READ_WRITE"
    return environment
  }

  /// The same by another way: that of a relay at a port of 127.0.0.1, or of what speaks TLS there.
  package func environment(through port: Int, isEncrypted: Bool = false) -> [String: String] {
    environment().mapValues { value in
      let moved = value.replacing(":\(server.port)", with: ":\(port)")
      return isEncrypted ? moved.replacing("http://", with: "https://") : moved
    }
  }

  /// The same with credentials that the server refuses.
  package var strangersEnvironment: [String: String] { environment().merging(wrong) { $1 } }

  /// The same for somebody who only reads.
  package var readersEnvironment: [String: String] {
    environment().merging([variables + "_RW_MODE": "READ_ONLY"]) { $1 }
  }
}

extension StoreServer {
  private static let right = "s3cret"
  private static let other = "wr0ng-pa55word"

  static func s3() throws -> StoreServer {
    let moto = try S3Servers.moto()
    let wrong = String(moto.secret.reversed())
    return StoreServer(
      server: moto.server,
      place: [
        "SCCACHE_BUCKET": "cache", "SCCACHE_ENDPOINT": "http://127.0.0.1:\(moto.server.port)",
        "SCCACHE_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": moto.id,
        "AWS_SECRET_ACCESS_KEY": moto.secret,
      ],
      wrong: ["AWS_SECRET_ACCESS_KEY": wrong], secrets: [moto.secret, wrong],
      variables: "SCCACHE_S3")
  }

  static func redis(
    tls certificate: TestCertificate? = nil, endpoint: (RedisServer) -> String
  ) throws -> StoreServer {
    let redis = try RedisServer(["--requirepass", right], tls: certificate)
    var place = ["SCCACHE_REDIS_ENDPOINT": endpoint(redis), "SCCACHE_REDIS_PASSWORD": right]
    place["SSL_CERT_FILE"] = certificate?.certificate
    return StoreServer(
      server: redis.server, place: place, wrong: ["SCCACHE_REDIS_PASSWORD": other],
      secrets: [right, other], variables: "SCCACHE_REDIS", certificate: certificate)
  }

  static func memcached() throws -> StoreServer {
    let server = try MemcachedServers.secured()
    return forAlice("MEMCACHED", server, "tcp://127.0.0.1:\(server.port)")
  }

  static func webdav() throws -> StoreServer {
    let server = try WebDAVServers.nginx(.basic)
    return forAlice("WEBDAV", server, "http://127.0.0.1:\(server.port)/")
  }

  /// One that lets alice in.
  private static func forAlice(
    _ name: String, _ server: TestServer, _ endpoint: String
  ) -> StoreServer {
    let variables = "SCCACHE_\(name)"
    // As they are, and as HTTP has them.
    let encoded = [right, other].map { Base64.encode(Array("alice:\($0)".utf8)) }
    return StoreServer(
      server: server,
      place: [
        variables + "_ENDPOINT": endpoint, variables + "_USERNAME": "alice",
        variables + "_PASSWORD": right,
      ],
      wrong: [variables + "_PASSWORD": other], secrets: [right, other] + encoded,
      variables: variables)
  }

  static func gha(isSecond: Bool) throws -> StoreServer {
    let server = try TestServer.stub("gha-stub.py")
    let address = "http://127.0.0.1:\(server.port)/"
    var place = ["SCCACHE_GHA_ENABLED": "true", "ACTIONS_RUNTIME_TOKEN": "job-token"]
    if isSecond {
      place["ACTIONS_RESULTS_URL"] = address
      place["ACTIONS_CACHE_SERVICE_V2"] = "True"
    } else {
      place["ACTIONS_CACHE_URL"] = address
    }
    // The stub's addresses of entries are signed with topsecret.
    return StoreServer(
      server: server, place: place, wrong: ["ACTIONS_RUNTIME_TOKEN": other],
      secrets: ["job-token", "topsecret", other], variables: "SCCACHE_GHA",
      prefixVariable: "SCCACHE_GHA_VERSION")
  }
}
