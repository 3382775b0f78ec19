package import Platform

/// `sccache-dist scheduler --config FILE`: the keys of Mozilla's 0.16, and ours behind them.
package struct SchedulerSettings: Sendable, Equatable {
  /// How a client shows that it may use the farm.
  package enum ClientAuthentication: Sendable, Equatable {
    case dangerouslyInsecure
    case token(Secret)
    case jwtValidate(audience: String, issuer: String, keySetURL: String)
    /// The token is shown to this URL; good for `cacheSeconds` when it answers 2xx.
    case proxyToken(url: String, cacheSeconds: Int?)
  }

  /// How a build server shows that it is one.
  package enum ServerAuthentication: Sendable, Equatable {
    case dangerouslyInsecure
    /// 32 bytes.
    case jwtHS256(secretKey: Secret)
    case token(Secret)
  }

  /// Where it listens.
  package var publicAddress: SocketAddress
  package var clientAuthentication: ClientAuthentication
  package var serverAuthentication: ServerAuthentication
  /// Paths of PEM files (`tls_certificate`, `tls_key`); nil: plain HTTP.
  package var tls: (certificate: String, key: String)?
  /// Addresses whose `X-Real-IP` is believed (`trusted_proxies`; none).
  package var trustedProxies: [IPAddress] = []

  package static func == (a: Self, b: Self) -> Bool {
    a.publicAddress == b.publicAddress && a.clientAuthentication == b.clientAuthentication
      && a.serverAuthentication == b.serverAuthentication
      && a.tls?.certificate == b.tls?.certificate && a.tls?.key == b.tls?.key
      && a.trustedProxies == b.trustedProxies
  }

  /// - Throws: for anything that is unknown, missing or wrong, with its place.
  package init(path: String, text: String) throws(SettingsError) {
    var reader = TableReader(try ConfigurationFile(path: path, text: text))
    publicAddress = try reader.requiredSocketAddress("public_addr")
    clientAuthentication = try Self.client(&reader)
    serverAuthentication = try Self.server(&reader)
    let certificate = try reader.string("tls_certificate")
    let key = try reader.string("tls_key")
    switch (certificate, key) {
    case (nil, nil): break
    case (let certificate?, let key?): tls = (certificate, key)
    case (nil, _): throw reader.error("tls_key", "needs tls_certificate beside it")
    case (_, nil): throw reader.error("tls_certificate", "needs tls_key beside it")
    }
    for text in try reader.strings("trusted_proxies") ?? [] {
      guard let address = IPAddress(text) else {
        throw reader.error("trusted_proxies", "must hold IP addresses, found \"\(text)\"")
      }
      trustedProxies.append(address)
    }
    try reader.finish()
  }

  private enum ClientKind: String, CaseIterable {
    case dangerouslyInsecure = "DANGEROUSLY_INSECURE"
    case token
    case jwtValidate = "jwt_validate"
    case proxyToken = "proxy_token"
  }

  private static func client(
    _ reader: inout TableReader
  ) throws(SettingsError) -> ClientAuthentication {
    guard var section = try reader.table("client_auth") else {
      throw reader.error("lacks the table [client_auth]")
    }
    guard let kind = try section.choice("type", of: ClientKind.self) else {
      throw section.error("lacks the key type: add type = \"token\"")
    }
    let found: ClientAuthentication
    switch kind {
    case .dangerouslyInsecure: found = .dangerouslyInsecure
    case .token: found = .token(Secret(try section.required("token")))
    case .jwtValidate:
      found = .jwtValidate(
        audience: try section.required("audience"), issuer: try section.required("issuer"),
        keySetURL: try section.required("jwks_url"))
    case .proxyToken:
      found = .proxyToken(
        url: try section.required("url"), cacheSeconds: try section.number("cache_secs"))
    }
    try section.finish()
    return found
  }

  private enum ServerKind: String, CaseIterable {
    case dangerouslyInsecure = "DANGEROUSLY_INSECURE"
    case jwtHS256 = "jwt_hs256"
    case token
  }

  private static func server(
    _ reader: inout TableReader
  ) throws(SettingsError) -> ServerAuthentication {
    guard var section = try reader.table("server_auth") else {
      throw reader.error("lacks the table [server_auth]")
    }
    guard let kind = try section.choice("type", of: ServerKind.self) else {
      throw section.error("lacks the key type: add type = \"jwt_hs256\"")
    }
    let found: ServerAuthentication
    switch kind {
    case .dangerouslyInsecure: found = .dangerouslyInsecure
    case .jwtHS256:
      let text = try section.required("secret_key")
      guard let key = Base64URL.decode(text), key.count == 32 else {
        throw section.error(
          "secret_key",
          "must be 32 bytes in base64url; `sccache-dist auth generate-jwt-hs256-key` makes one")
      }
      found = .jwtHS256(secretKey: Secret(text))
    case .token: found = .token(Secret(try section.required("token")))
    }
    try section.finish()
    return found
  }
}
