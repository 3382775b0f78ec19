import Farm
import Platform
import Settings

/// One sign-in at an OAuth2 authority: what the browser is sent there with, and what it may come back
/// with. Does no I/O.
struct SignIn: Sendable {
  enum Grant: Sendable, Equatable {
    /// The browser brings a code, which is worth a token only together with `verifier` (RFC 7636).
    case code(tokenURL: String, verifier: String)
    /// The browser brings the token itself.
    case implicit
  }

  let grant: Grant
  let clientID: String
  /// Where the person signs in. Tokens are kept under this name.
  let authority: String
  /// Where the browser is sent from there.
  let redirectURL: String
  /// What the browser must bring back: nobody else can have started this sign-in.
  let state: String

  /// A token, and how many seconds it is good for if the authority says so.
  struct Token: Sendable, Equatable {
    var secret: Secret
    var validity: Int?
  }

  /// - Parameter random: gives what nobody may guess.
  /// - Throws: `badAddress`.
  init?(
    _ authentication: DistributionSettings.Authentication, port: UInt16,
    random: inout some RandomNumberGenerator
  ) throws(SignInFailure) {
    func bytes(_ count: Int) -> [UInt8] {
      (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }
    switch authentication {
    case .token: return nil
    case .oauth2CodeGrantPKCE(let clientID, let authority, let tokenURL):
      try Self.check(tokenURL, "token_url")
      (self.clientID, self.authority) = (clientID, authority)
      grant = .code(tokenURL: tokenURL, verifier: Base64URL.encode(bytes(32)))
    case .oauth2Implicit(let clientID, let authority):
      (self.clientID, self.authority) = (clientID, authority)
      grant = .implicit
    }
    try Self.check(authority, "auth_url")
    redirectURL = "http://localhost:\(port)/redirect"
    state = Base64URL.encode(bytes(16))
  }

  private static func check(_ url: String, _ key: String) throws(SignInFailure) {
    let isWeb = ["http://", "https://"].contains { url.lowercased().hasPrefix($0) }
    // It goes into a header of ours.
    let isClean = url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    guard isWeb, isClean else { throw .badAddress(key: key, value: url) }
  }

  /// Where the browser shall go first.
  var authorizationURL: String {
    var fields = [(name: "client_id", value: clientID)]
    switch grant {
    case .code(_, let verifier):
      let challenge = Digest.of(Array(verifier.utf8)).bytes
      fields += [
        ("code_challenge", Base64URL.encode(challenge)), ("code_challenge_method", "S256"),
        ("redirect_uri", redirectURL), ("response_type", "code"), ("state", state),
      ]
    case .implicit:
      fields += [("redirect_uri", redirectURL), ("response_type", "token"), ("state", state)]
    }
    // An authority may have a query of its own, and no fragment.
    let base = authority.prefix { $0 != "#" }
    return base + (base.contains("?") ? "&" : "?") + FormText.encode(fields)
  }

  /// What came back with the browser, if it is for this sign-in.
  ///
  /// - Parameter text: the query, or what stood in the fragment.
  func answer(_ text: some StringProtocol) throws(SignInFailure) -> [String: String] {
    guard let fields = FormText.decode(text) else { throw .unreadableRedirect }
    // Before anything else is believed, the refusal included.
    guard let given = fields["state"], given == state else { throw .wrongState }
    if let code = fields["error"] {
      throw .refused(code: code, text: fields["error_description"])
    }
    return fields
  }

  /// How a question that turns a code into a token is written.
  enum Encoding: String, CaseIterable {
    /// As Mozilla's asks.
    case json = "application/json"
    /// As the standard wants it (RFC 6749, section 4.1.3).
    case form = "application/x-www-form-urlencoded"
  }

  /// The body of that question.
  func exchange(code: String, verifier: String, as encoding: Encoding) -> [UInt8] {
    let fields: [(name: String, value: String)] = [
      ("client_id", clientID), ("code_verifier", verifier), ("code", code),
      ("grant_type", "authorization_code"), ("redirect_uri", redirectURL),
    ]
    switch encoding {
    case .json: return JSONValue.object(fields.map { ($0.name, .text($0.value)) }).bytes
    case .form: return Array(FormText.encode(fields).utf8)
    }
  }

  /// - Parameter expires: `expires_in`, in seconds, where it is there.
  static func token(
    _ text: String?, type: String?, expires: Int?
  ) throws(SignInFailure) -> Token {
    // It becomes a header: nothing but visible ASCII.
    guard let text, !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw .noToken
    }
    guard let type, type.lowercased() == "bearer" else { throw .wrongTokenType(type ?? "") }
    return Token(secret: Secret(text), validity: expires)
  }
}
