import Farm
import Platform
import Settings

/// Clients with JSON Web Tokens (RFC 7519) that a key of a key set has signed (`jwt_validate`). Mozilla's
/// lets tokens pass that lack `aud` or `iss` and ignores `nbf`; here all of aud, iss, exp and nbf must be
/// there and right.
final class WebTokenClients: ClientAuthenticator {
  let refusal = ErrorResponse.Refusal.webToken
  private let audience: String
  private let issuer: String
  private let keys: KeySet
  /// Seconds that clocks may differ.
  private static let leeway: Int64 = 60
  private static let greatestLength = 16 << 10

  init(audience: String, issuer: String, keys: KeySet) {
    self.audience = audience
    self.issuer = issuer
    self.keys = keys
  }

  func accepts(_ token: String) async -> Bool {
    guard let parts = Self.parts(of: token), let key = await keys.key(parts.keyName),
      key.verifies(parts.signature, of: parts.signed, parts.algorithm)
    else { return false }
    return Self.isValid(
      parts.claims, audience: audience, issuer: issuer, now: Clock.now / 1_000_000_000)
  }

  struct Parts {
    var algorithm: RSAKey.Algorithm
    var keyName: String
    var claims: [String: ConfigurationValue]
    var signed: [UInt8]
    var signature: [UInt8]
  }

  /// Takes a token apart; nil for algorithms that don't use a public key, and for headers that change
  /// how the token is to be read.
  static func parts(of token: String) -> Parts? {
    guard token.utf8.count <= greatestLength else { return nil }
    let texts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard texts.count == 3, let header = object(texts[0]), let claims = object(texts[1]),
      let signature = Base64URL.decode(texts[2]), header["crit"] == nil,
      case .string(let name)? = header["alg"], let algorithm = RSAKey.Algorithm(rawValue: name),
      case .string(let keyName)? = header["kid"]
    else { return nil }
    return Parts(
      algorithm: algorithm, keyName: keyName, claims: claims,
      signed: Array("\(texts[0]).\(texts[1])".utf8), signature: signature)
  }

  private static func object(_ text: Substring) -> [String: ConfigurationValue]? {
    guard let bytes = Base64URL.decode(text), let json = String(validating: bytes, as: UTF8.self)
    else { return nil }
    return try? JSONDocument.parse(json)
  }

  /// - Parameter now: seconds since 1970.
  static func isValid(
    _ claims: [String: ConfigurationValue], audience: String, issuer: String, now: Int64
  ) -> Bool {
    let isForUs: Bool
    switch claims["aud"] {
    case .string(let text): isForUs = text == audience
    case .array(let list): isForUs = list.contains(.string(audience))
    default: isForUs = false
    }
    guard isForUs, claims["iss"] == .string(issuer), let end = seconds(claims["exp"]),
      let start = seconds(claims["nbf"])
    else { return false }
    return start <= now + leeway && now - leeway < end
  }

  private static func seconds(_ value: ConfigurationValue?) -> Int64? {
    switch value {
    case .integer(let number): return Int64(number)
    case .number(let number) where abs(number) < 1e15: return Int64(number)
    default: return nil
    }
  }
}
