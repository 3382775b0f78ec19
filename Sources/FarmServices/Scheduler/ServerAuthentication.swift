import Farm
import Platform
import Settings

/// Finds out which build server makes a call.
struct ServerAuthenticator: Sendable {
  private enum Kind {
    case insecure
    case webToken(key: [UInt8])
    case shared(token: Secret)
  }

  private static let insecureToken = "dangerously_insecure_server"
  private let kind: Kind
  private let proxies: Set<IPAddress>

  init(_ settings: SchedulerSettings) {
    switch settings.serverAuthentication {
    case .dangerouslyInsecure: kind = .insecure
    case .jwtHS256(let secret): kind = .webToken(key: Base64URL.decode(secret.value) ?? [])
    case .token(let token): kind = .shared(token: token)
    }
    proxies = Set(settings.trustedProxies.map(\.unmapped))
  }

  /// The server that shows this header.
  ///
  /// - Parameters:
  ///   - peer: the other end of the connection.
  ///   - realAddress: what a proxy says that the other end is (`X-Real-IP`); believed of configured
  ///     proxies alone.
  func server(
    authorization: String?, peer: IPAddress?, realAddress: String?
  ) throws(ErrorResponse) -> SocketAddress {
    guard let bearer = Authorization.bearer(authorization), let server = claimed(bearer) else {
      throw .serverTokenRefused
    }
    var address = peer?.unmapped
    if let realAddress, let peer, proxies.contains(peer.unmapped) {
      guard let told = IPAddress(realAddress) else { throw .badRealAddress }
      address = told.unmapped
    }
    guard server.host.unmapped == address else { throw .serverAddressDiffers }
    return server
  }

  private func claimed(_ bearer: String) -> SocketAddress? {
    switch kind {
    case .insecure: Authorization.server(showing: bearer, shared: Self.insecureToken)
    case .webToken(let key): (try? ServerToken(bearer, key: key))?.server
    case .shared(let token): Authorization.server(showing: bearer, shared: token.value)
    }
  }
}
