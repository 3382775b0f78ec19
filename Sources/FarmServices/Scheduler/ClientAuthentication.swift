package import Farm
package import Logging
package import Platform
package import Settings
package import Transport

/// Decides whether a client's token is good. One file for each kind.
package protocol ClientAuthenticator: Sendable {
  /// What a client whose token is refused is told.
  var refusal: ErrorResponse.Refusal { get }
  func accepts(_ token: String) async -> Bool
}

/// Every client is welcome (`DANGEROUSLY_INSECURE`): only the token that clients show without any
/// configuration, as Mozilla's scheduler does.
struct InsecureClients: ClientAuthenticator {
  static let token = "dangerously_insecure_client"
  let refusal = ErrorResponse.Refusal.sharedToken

  func accepts(_ token: String) async -> Bool {
    isEqualInConstantTime(token, Self.token)
  }
}

/// One token for all clients.
struct SharedClientToken: ClientAuthenticator {
  let token: Secret
  let refusal = ErrorResponse.Refusal.sharedToken

  func accepts(_ token: String) async -> Bool {
    isEqualInConstantTime(token, self.token.value)
  }
}

extension SchedulerSettings.ClientAuthentication {
  /// The authenticator for this kind.
  package func authenticator(
    client: HTTPClient, threads: BlockingThreads, logger: Logger
  ) -> any ClientAuthenticator {
    switch self {
    case .dangerouslyInsecure: InsecureClients()
    case .token(let token): SharedClientToken(token: token)
    case .jwtValidate(let audience, let issuer, let url):
      WebTokenClients(
        audience: audience, issuer: issuer,
        keys: KeySet(url: url, client: client, threads: threads, logger: logger))
    case .proxyToken(let url, let seconds):
      ForwardedClientTokens(
        url: url, cacheSeconds: seconds ?? 0, client: client, threads: threads, logger: logger)
    }
  }
}
