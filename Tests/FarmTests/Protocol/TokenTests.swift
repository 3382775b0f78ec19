import TestSupport
import Testing

@testable import Farm
@testable import Platform

@Suite struct TokenTests {
  private static func serverKey() throws -> [UInt8] {
    Array(try Heartbeat(body: try Golden.body("01-heartbeat_server.req")).jobKey)
  }

  /// Mozilla's tokens are good here, and ours are the same text.
  @Test(arguments: Golden.tokens.keys.sorted())
  func golden(name: String) throws {
    let token = try #require(Golden.tokens[name])
    if name.contains("heartbeat") {
      let key = try #require(Base64URL.decode(Golden.schedulerKey))
      let server = try ServerToken(token, key: key)
      #expect(server.server.description == "127.0.0.1:10511")
      #expect(server.signed(with: key) == token)
    } else {
      let key = try Self.serverKey()
      let claims = try WebToken.claims(of: token, key: key)
      guard case .number(let number) = claims.members["job_id"] else {
        Issue.record("no job_id")
        return
      }
      let job = JobToken(job: JobID(number))
      try job.verify(token, key: key)
      #expect(job.signed(with: key) == token)
    }
  }

  @Test(arguments: [0, 1, 1 << 53, UInt64.max])
  func everyNumberGoesThrough(number: UInt64) throws {
    let token = JobToken(job: JobID(number)).signed(with: [1, 2, 3])
    try JobToken(job: JobID(number)).verify(token, key: [1, 2, 3])
    #expect(throws: TokenFault.otherClaims) {
      try JobToken(job: JobID(number ^ 1)).verify(token, key: [1, 2, 3])
    }
    #expect(throws: TokenFault.otherSignature) {
      try JobToken(job: JobID(number)).verify(token, key: [1, 2, 4])
    }
  }

  @Test func addressesOfBothKinds() throws {
    for text in ["127.0.0.1:10501", "[::1]:10507"] {
      let server = try #require(SocketAddress(text))
      let token = ServerToken(server: server).signed(with: [7])
      #expect(try ServerToken(token, key: [7]).server == server)
    }
  }

  private func token(header: String, claims: String, key: [UInt8] = [1]) -> String {
    let text = "\(Base64URL.encode(header.utf8)).\(Base64URL.encode(claims.utf8))"
    let code = MessageAuthentication.code(key: key, message: text.utf8)
    return "\(text).\(Base64URL.encode(code))"
  }

  @Test(arguments: [
    #"{"alg":"HS256","typ":"JWT"}"#, #"{"alg":"HS256"}"#, #"{ "typ" : "jwt" , "alg" : "HS256" }"#,
  ])
  func orderAndTypeAreFree(header: String) throws {
    try JobToken(job: JobID(5)).verify(
      token(header: header, claims: #"{"job_id":5,"exp":0}"#), key: [1])
  }

  @Test(arguments: [
    (#"{"typ":"JWT","alg":"none"}"#, TokenFault.otherAlgorithm),
    (#"{"typ":"JWT","alg":"hs256"}"#, .otherAlgorithm),
    (#"{"typ":"JWT","alg":"RS256"}"#, .otherAlgorithm),
    (#"{"typ":"JWT","alg":"HS512"}"#, .otherAlgorithm),
    (#"{"typ":"JWT"}"#, .otherAlgorithm),
    (#"{"alg":"HS256","crit":"x"}"#, .notAToken),
    (#"{"alg":"HS256","alg":"none"}"#, .notAToken),
    (#"{"alg":["HS256"]}"#, .notAToken),
    (#"{"alg":"HS\u0032\u0035\u0036"}"#, .notAToken),
    (#"HS256"#, .notAToken),
    ("", .notAToken),
  ])
  func otherHeadersAreRefused(header: String, fault: TokenFault) {
    #expect(throws: fault) {
      try JobToken(job: JobID(5)).verify(
        token(header: header, claims: #"{"exp":0,"job_id":5}"#), key: [1])
    }
  }

  @Test(arguments: [
    #"{"job_id":5}"#, #"{"exp":0}"#, #"{"exp":1,"job_id":5}"#, #"{"exp":0,"job_id":"5"}"#,
    #"{"exp":0,"job_id":5,"x":1}"#, #"{"exp":0,"job_id":6}"#, #"{"exp":0,"job_id":5.0}"#,
    #"{"exp":0,"job_id":05}"#, #"{"exp":0,"job_id":5,"job_id":5}"#, #"{"exp":0,"job_id":5}}"#,
    #"{"exp":0,"job_id":18446744073709551621}"#, #"{"exp":null,"job_id":5}"#, "[]", "",
  ])
  func otherClaimsAreRefused(claims: String) {
    #expect(throws: TokenFault.otherClaims) {
      try JobToken(job: JobID(5)).verify(
        token(header: #"{"alg":"HS256"}"#, claims: claims), key: [1])
    }
  }

  @Test func noChangedLetterPasses() throws {
    let good = JobToken(job: JobID(77)).signed(with: [9])
    var random = SeededGenerator(seed: 3)
    for place in good.indices {
      var changed = good
      let letters = "AZaz09-_.="
      let letter = try #require(letters.randomElement(using: &random))
      guard letter != good[place] else { continue }
      changed.replaceSubrange(place...place, with: String(letter))
      #expect(throws: TokenFault.self) { try JobToken(job: JobID(77)).verify(changed, key: [9]) }
    }
    #expect(throws: TokenFault.notAToken) {
      try JobToken(job: JobID(77)).verify(String(repeating: "a", count: 100_000), key: [9])
    }
  }

  @Test func bearers() {
    #expect(Authorization.bearer("Bearer abc") == "abc")
    #expect(Authorization.bearer("Bearer 127.0.0.1:1 abc") == "127.0.0.1:1 abc")
    for bad in ["", "Bearer", "Bearer ", "bearer abc", "Bearer  abc", "Basic abc", "Bearerabc"] {
      #expect(Authorization.bearer(bad) == nil, "\(bad)")
    }
    #expect(Authorization.bearer(nil) == nil)
  }

  @Test func sharedTokens() throws {
    let server = try #require(SocketAddress("127.0.0.1:10504"))
    let shown = Authorization.sharedToken("secret", of: server)
    #expect(shown == "127.0.0.1:10504 secret")
    #expect(Authorization.server(showing: shown, shared: "secret") == server)
    #expect(Authorization.server(showing: shown, shared: "Secret") == nil)
    #expect(Authorization.server(showing: "secret", shared: "secret") == nil)
    #expect(Authorization.server(showing: "host:1 secret", shared: "secret") == nil)
  }
}
