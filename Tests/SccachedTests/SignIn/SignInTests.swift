import Platform
import Settings
import TestSupport
import Testing

@testable import sccached

@Suite struct SignInTests {
  private static func code(
    authority: String = "https://a.example/authorize", tokenURL: String = "https://a.example/token"
  ) throws -> SignIn {
    var random = SystemRandomNumberGenerator()
    return try #require(
      try SignIn(
        .oauth2CodeGrantPKCE(clientID: "i d&", authURL: authority, tokenURL: tokenURL),
        port: 12731, random: &random))
  }

  private static func implicit() throws -> SignIn {
    var random = SystemRandomNumberGenerator()
    return try #require(
      try SignIn(
        .oauth2Implicit(clientID: "me", authURL: "https://a.example/?x=1#y"), port: 12731,
        random: &random))
  }

  private static func fields(_ signIn: SignIn) throws -> [String: String] {
    let url = signIn.authorizationURL
    return try #require(FormText.decode(url.drop { $0 != "?" }.dropFirst()))
  }

  @Test func theBrowserIsSentWithAChallenge() throws {
    let signIn = try Self.code()
    #expect(signIn.authorizationURL.hasPrefix("https://a.example/authorize?client_id=i%20d%26&"))
    let fields = try Self.fields(signIn)
    guard case .code(_, let verifier) = signIn.grant else { return }
    // RFC 7636: 43 letters at least, and the challenge is the verifier's SHA-256.
    #expect(verifier.utf8.count == 43)
    let challenge = Base64URL.encode(Digest.of(Array(verifier.utf8)).bytes)
    #expect(
      fields == [
        "client_id": "i d&", "code_challenge": challenge, "code_challenge_method": "S256",
        "redirect_uri": "http://localhost:12731/redirect", "response_type": "code",
        "state": signIn.state,
      ])
    #expect(!signIn.authorizationURL.contains(verifier))
  }

  /// The verifier of RFC 7636, appendix B.
  @Test func challengeOfTheStandard() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    #expect(
      Base64URL.encode(Digest.of(Array(verifier.utf8)).bytes)
        == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
  }

  @Test func implicitKeepsTheAuthoritysQuery() throws {
    let signIn = try Self.implicit()
    #expect(signIn.authorizationURL.hasPrefix("https://a.example/?x=1&client_id=me&"))
    let fields = try Self.fields(signIn)
    #expect(fields["response_type"] == "token")
    #expect(fields["state"] == signIn.state)
    #expect(fields["code_challenge"] == nil)
  }

  @Test func nothingIsUsedTwice() throws {
    let (one, two) = (try Self.code(), try Self.code())
    #expect(one.state != two.state)
    #expect(one.grant != two.grant)
  }

  @Test(arguments: ["", "a", "ftp://a", "javascript:alert(1)", "https://a\r\nx: y", "https://ä"])
  func noURLs(text: String) {
    #expect(throws: SignInFailure.badAddress(key: "auth_url", value: text)) {
      try Self.code(authority: text)
    }
    #expect(throws: SignInFailure.badAddress(key: "token_url", value: text)) {
      try Self.code(tokenURL: text)
    }
  }

  @Test func onlyTheOwnStateIsBelieved() throws {
    let signIn = try Self.code()
    let state = "state=\(signIn.state)"
    #expect(try signIn.answer("code=a%20b&\(state)")["code"] == "a b")
    for text in [
      "", "code=a", "code=a&state=", "code=a&state=\(signIn.state)x", "error=access_denied",
    ] {
      #expect(throws: SignInFailure.wrongState) { try signIn.answer(text) }
    }
    for text in ["code=a&code=b&\(state)", "\(state)&\(state)", "code=%f&\(state)", "%ff=1"] {
      #expect(throws: SignInFailure.unreadableRedirect) { try signIn.answer(text) }
    }
    #expect(throws: SignInFailure.refused(code: "access_denied", text: "not you")) {
      try signIn.answer("error=access_denied&error_description=not+you&\(state)")
    }
  }

  @Test func tokens() throws {
    let token = try SignIn.token("abc", type: "Bearer", expires: 5)
    #expect(token == SignIn.Token(secret: Secret("abc"), validity: 5))
    for text in [nil, "", "a b", "a\r\nx: y", "ä"] as [String?] {
      #expect(throws: SignInFailure.noToken) {
        try SignIn.token(text, type: "bearer", expires: nil)
      }
    }
    #expect(throws: SignInFailure.wrongTokenType("mac")) {
      try SignIn.token("abc", type: "mac", expires: nil)
    }
    #expect(throws: SignInFailure.wrongTokenType("")) {
      try SignIn.token("abc", type: nil, expires: nil)
    }
  }

  /// Others' words can't move the cursor or begin a line.
  @Test func messagesAreOneLine() {
    let failure = SignInFailure.refused(code: "a\u{1b}[2J", text: "b\nsccache: ok\u{202e}\u{2028}")
    let printed = "\(failure)"
    #expect(
      printed.unicodeScalars.allSatisfy {
        $0.value >= 0x20 && $0 != "\u{202e}" && $0 != "\u{2028}"
      })
  }

  @Test func formText() {
    let fields = [(name: "a b", value: "ö&=+%"), (name: "", value: "")]
    let text = FormText.encode(fields)
    #expect(text == "a%20b=%C3%B6%26%3D%2B%25&=")
    #expect(FormText.decode(text) == ["a b": "ö&=+%", "": ""])
    #expect(FormText.decode("a+b&c=") == ["a b": "", "c": ""])
    #expect(FormText.decode("a=%") == nil && FormText.decode("a=%4") == nil)
    #expect(FormText.decode("a=%zz") == nil && FormText.decode("a=%c3") == nil)
  }
}

@Suite struct SignInPageTests {
  private let port: UInt16 = 32492

  private func pages(isImplicit: Bool) throws -> SignInPages {
    var random = SystemRandomNumberGenerator()
    let authentication: DistributionSettings.Authentication =
      isImplicit
      ? .oauth2Implicit(clientID: "i", authURL: "http://a")
      : .oauth2CodeGrantPKCE(clientID: "i", authURL: "http://a", tokenURL: "http://t")
    return SignInPages(
      signIn: try #require(try SignIn(authentication, port: port, random: &random)), port: port)
  }

  private func request(
    _ method: String, _ path: String, _ query: String = "", body: String = "",
    host: String = "localhost:32492"
  ) -> BrowserRequest {
    BrowserRequest(
      method: method, path: path, query: query, host: host, body: Array(body.utf8))
  }

  private func status(_ step: SignInPages.Step) -> Int? {
    if case .reply(let reply) = step { return reply.status }
    return nil
  }

  @Test(arguments: [true, false])
  func theFirstPageLeadsToTheAuthority(isImplicit: Bool) throws {
    let pages = try pages(isImplicit: isImplicit)
    guard case .reply(let reply) = pages.step(request("GET", "/")) else {
      Issue.record("no reply")
      return
    }
    #expect(reply.status == 302)
    #expect(reply.headers.first?.value == pages.signIn.authorizationURL)
    #expect(status(pages.step(request("GET", "/favicon.ico"))) == 404)
    #expect(status(pages.step(request("POST", "/"))) == 404)
  }

  /// A page elsewhere whose name was made to lead here reads nothing and sends nothing.
  @Test(arguments: ["", "evil.example:32492", "localhost", "localhost:1", "evil.localhost:32492"])
  func foreignNames(host: String) throws {
    let pages = try pages(isImplicit: false)
    for path in ["/", "/redirect"] {
      let query = "code=a&state=\(pages.signIn.state)"
      #expect(status(pages.step(request("GET", path, query, host: host))) == 400)
    }
  }

  @Test func codes() throws {
    let pages = try pages(isImplicit: false)
    let state = "state=\(pages.signIn.state)"
    #expect(pages.step(request("GET", "/redirect", "code=x&\(state)")) == .code("x"))
    #expect(pages.step(request("GET", "/redirect", state)) == .failed(.noCode))
    #expect(pages.step(request("GET", "/redirect", "code=&\(state)")) == .failed(.noCode))
    #expect(pages.step(request("GET", "/redirect", "code=x")) == .failed(.wrongState))
    // A token that nobody exchanged a code for is not taken.
    let token = "access_token=t&token_type=bearer&\(state)"
    #expect(status(pages.step(request("POST", "/save_auth", body: token))) == 404)
  }

  @Test func implicitTokens() throws {
    let pages = try pages(isImplicit: true)
    let state = "state=\(pages.signIn.state)"
    #expect(status(pages.step(request("GET", "/redirect"))) == 200)
    let token = "access_token=t&token_type=bearer&expires_in=9&\(state)"
    #expect(
      pages.step(request("POST", "/save_auth", body: token))
        == .token(SignIn.Token(secret: Secret("t"), validity: 9)))
    #expect(status(pages.step(request("GET", "/save_auth", token))) == 404)
    #expect(
      pages.step(request("POST", "/save_auth", body: "access_token=t&token_type=bearer"))
        == .failed(.wrongState))
    #expect(
      pages.step(request("POST", "/save_auth", body: "error=denied&\(state)"))
        == .failed(.refused(code: "denied", text: nil)))
    #expect(pages.step(request("POST", "/save_auth", body: state)) == .failed(.noToken))
  }
}

@Suite struct BrowserRequestTests {
  private static let head =
    "POST /save_auth?a=b HTTP/1.1\r\nHost: LocalHost:1\r\nContent-Length: 3\r\n\r\n"

  @Test func arrivesInPieces() {
    let bytes = Array((Self.head + "xyz").utf8)
    for count in 0..<bytes.count {
      #expect(BrowserRequest.read(Array(bytes[..<count])) == .incomplete)
    }
    let wanted = BrowserRequest(
      method: "POST", path: "/save_auth", query: "a=b", host: "localhost:1",
      body: Array("xyz".utf8))
    #expect(BrowserRequest.read(bytes) == .complete(wanted))
  }

  @Test(arguments: [
    "GET /\r\n\r\n", "GET http://x/ HTTP/1.1\r\n\r\n", "GET / HTTP/2\r\n\r\n", "\r\n\r\n",
    "GET / HTTP/1.1\r\nnonsense\r\n\r\n", "GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    "GET / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n",
    "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
    "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
  ])
  func nonsense(text: String) {
    #expect(BrowserRequest.read(Array(text.utf8)) == .malformed)
  }

  @Test func endlessHeads() {
    #expect(BrowserRequest.read(Array(repeating: 65, count: 100_000)) == .malformed)
  }

  /// Whatever comes is judged without a trap.
  @Test func randomBytes() {
    var random = SeededGenerator(seed: 7)
    let valid = Array((Self.head + "xyz").utf8)
    for _ in 0..<2000 {
      var bytes = valid
      for _ in 0..<4 {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: .min ... .max, using: &random)
      }
      _ = BrowserRequest.read(bytes)
    }
  }
}

@Suite(.blocking) struct RedirectListenerTests {
  @Test func theFirstFreePortIsTaken() throws {
    let first = try RedirectListener(ports: [0])
    let second = try RedirectListener(ports: [first.port, 0])
    #expect(second.port != first.port)
    #expect(throws: SignInFailure.noPort([first.port, second.port])) {
      _ = try RedirectListener(ports: [first.port, second.port])
    }
  }

  @Test func nobodyComes() throws {
    let listener = try RedirectListener(ports: [0])
    let result: Int? = listener.serve(until: Clock.monotonic + 20_000_000) { _ in
      (.page(200, ""), 1)
    }
    #expect(result == nil)
  }
}
