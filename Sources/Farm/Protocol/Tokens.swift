import Platform

// Two kinds of HS256 tokens (RFC 7515, 7519) with fixed claims. `exp` is always 0 and never checked: the
// claim is there because Mozilla's library demands one. Towards Mozilla's programs the claims must be
// exactly these.

/// Why a token is refused.
package enum TokenFault: Error, Sendable, Equatable {
  /// Not three parts of base64, no JSON, a header with more than it may have.
  case notAToken
  /// Signed with anything but HS256; "none" and public keys used as secrets are the classic attacks.
  case otherAlgorithm
  case otherSignature
  /// A claim is missing, too many, or not what it should be.
  case otherClaims

  /// As Mozilla's library names it.
  package var wireText: String {
    switch self {
    case .notAToken: "InvalidToken"
    case .otherAlgorithm: "InvalidAlgorithm"
    case .otherSignature: "InvalidSignature"
    case .otherClaims: "InvalidClaims"
    }
  }
}

/// What lets a client, and the scheduler, use a server for one job.
package struct JobToken: Sendable, Hashable {
  package var job: JobID

  package init(job: JobID) {
    self.job = job
  }

  /// The token's text, signed with the server's key.
  package func signed(with key: [UInt8]) -> String {
    WebToken.sign(claims: "{\"exp\":0,\"job_id\":\(job)}", key: key)
  }

  /// Checks a token that must be for this job.
  package func verify(_ token: String, key: [UInt8]) throws(TokenFault) {
    let claims = try WebToken.claims(of: token, key: key)
    guard claims.members == ["exp": .number(0), "job_id": .number(job.number)] else {
      throw .otherClaims
    }
  }
}

/// What lets a server take part in a farm, under one address.
package struct ServerToken: Sendable, Hashable {
  package var server: SocketAddress

  package init(server: SocketAddress) {
    self.server = server
  }

  /// The token's text, signed with the scheduler's key.
  package func signed(with key: [UInt8]) -> String {
    WebToken.sign(claims: "{\"exp\":0,\"server_id\":\"\(server)\"}", key: key)
  }

  /// Reads and checks a token.
  package init(_ token: String, key: [UInt8]) throws(TokenFault) {
    let claims = try WebToken.claims(of: token, key: key)
    guard claims.members.count == 2, claims.members["exp"] == .number(0),
      case .text(let text) = claims.members["server_id"], let server = SocketAddress(text)
    else { throw .otherClaims }
    self.server = server
  }
}

/// Signs and checks compact tokens.
enum WebToken {
  /// Exactly as Mozilla's library writes it.
  private static let header = Base64URL.encode("{\"typ\":\"JWT\",\"alg\":\"HS256\"}".utf8)
  /// The longest of ours has about 200.
  private static let greatestLength = 1024

  static func sign(claims: String, key: [UInt8]) -> String {
    let text = "\(header).\(Base64URL.encode(claims.utf8))"
    return
      "\(text).\(Base64URL.encode(MessageAuthentication.code(key: key, message: text.utf8)))"
  }

  /// Nothing of a token is believed before its signature was compared; of the header only the
  /// algorithm is looked at, which must be the one that is used anyway.
  static func claims(of token: String, key: [UInt8]) throws(TokenFault) -> FlatObject {
    guard token.utf8.count <= greatestLength else { throw .notAToken }
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let headerBytes = Base64URL.decode(parts[0]),
      let header = FlatObject(headerBytes), let claims = Base64URL.decode(parts[1]),
      let signature = Base64URL.decode(parts[2])
    else { throw .notAToken }
    guard header.members["alg"] == .text("HS256") else { throw .otherAlgorithm }
    // Anything else in a header would change how the token is to be read ("crit", "b64", "zip").
    guard Set(header.members.keys).isSubset(of: ["alg", "typ"]) else { throw .notAToken }
    let signed = "\(parts[0]).\(parts[1])"
    guard
      isEqualInConstantTime(
        signature, MessageAuthentication.code(key: key, message: signed.utf8))
    else { throw .otherSignature }
    guard let object = FlatObject(claims) else { throw .otherClaims }
    return object
  }
}
