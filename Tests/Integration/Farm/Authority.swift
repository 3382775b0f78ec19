import Glibc
import Platform
import TestSupport
import Testing
import Transport

/// An OAuth2 authority on loopback: whoever asks is signed in, or refused as the test wants. It remembers
/// challenges and gives a token only for the verifier that belongs to one.
final class Authority {
  private let process: BackgroundProcess
  let url: String

  /// - Parameters:
  ///   - answers: what it does; the names are those in the program below.
  ///   - token: what it gives to whom it lets in.
  init(_ box: Sandbox, answers: String, token: String = "the-token") throws {
    let port = try Loopback.freePort()
    url = "http://127.0.0.1:\(port)"
    let log = box.root + "/authority.log"
    process = try BackgroundProcess(
      "/usr/bin/python3", ["-c", Self.program, "\(port)", answers, token],
      environment: ["PATH": Programs.searchPath], log: log)
    for _ in 0..<1000
    where
      (try? HTTPClient().ask(
        HTTPQuestion(.get, url + "/ready"), deadlines: HTTPDeadlines())) == nil
    {
      pause(milliseconds: 10)
    }
  }

  private static let program = """
    import base64, hashlib, http.server, json, sys, urllib.parse
    port, answers, token = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    challenges = {}
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *words): pass
        def tell(self, status, text, headers={}):
            body = text.encode()
            self.send_response(status)
            for name, value in headers.items(): self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def do_GET(self):
            url = urllib.parse.urlparse(self.path)
            if url.path != "/authorize": return self.tell(200, "ready")
            asked = dict(urllib.parse.parse_qsl(url.query, strict_parsing=True))
            state = "state=" + urllib.parse.quote(asked["state"])
            assert asked["client_id"] == "client"
            if asked["response_type"] == "code":
                assert asked["code_challenge_method"] == "S256"
                challenges["the code"] = asked["code_challenge"]
            back = {
                "code": "?code=the+code&" + state, "form": "?code=the+code&" + state, "mac": "?code=the+code&" + state,
                "bad-code": "?code=another&" + state, "no-code": "?" + state,
                "wrong-state": "?code=the+code&state=wrong",
                "denied": "?error=access_denied&error_description=not+today&" + state,
                "implicit": "#access_token=" + token + "&token_type=Bearer&expires_in=3600&" + state,
                "implicit-denied": "#error=access_denied&" + state,
            }[answers]
            self.tell(302, "", {"location": asked["redirect_uri"] + back})
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            kind = self.headers["content-type"]
            wanted = "application/json"
            if answers == "form": wanted = "application/x-www-form-urlencoded"
            if kind != wanted: return self.tell(400, json.dumps({"error": "invalid_request"}))
            if answers == "form": asked = dict(urllib.parse.parse_qsl(body.decode()))
            else: asked = json.loads(body)
            digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            good = (asked["client_id"] == "client"
                    and asked["grant_type"] == "authorization_code"
                    and asked["redirect_uri"].endswith("/redirect")
                    and challenges.pop(asked["code"], None) == challenge)
            if not good: return self.tell(400, json.dumps({"error": "invalid_grant"}))
            kind = "mac" if answers == "mac" else "bearer"
            self.tell(200, json.dumps(
                {"access_token": token, "token_type": kind, "expires_in": 864000}))
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
    """
}

/// A browser without a person: it follows redirects, and hands on a fragment as the page of the implicit
/// grant has its script do.
enum ScriptedBrowser {
  /// The text of the page at the end.
  static func visit(_ start: String) throws -> String {
    var url = start
    for _ in 0..<10 {
      let parts = url.split(separator: "#", maxSplits: 1).map(String.init)
      let answer = try HTTPClient().ask(
        HTTPQuestion(.get, parts[0]), deadlines: HTTPDeadlines())
      if answer.status == 302, let next = answer.header("location") {
        url = next
        continue
      }
      guard parts.count == 2 else { return String(decoding: answer.body, as: UTF8.self) }
      #expect(String(decoding: answer.body, as: UTF8.self).contains("/save_auth"))
      let base = try #require(parts[0].firstRange(of: "/redirect"))
      var handing = HTTPQuestion(.post, parts[0][..<base.lowerBound] + "/save_auth")
      handing.headers = [("content-type", "application/x-www-form-urlencoded")]
      handing.body = .bytes(Array(parts[1].utf8))
      let said = try HTTPClient().ask(handing, deadlines: HTTPDeadlines())
      return String(decoding: said.body, as: UTF8.self)
    }
    Issue.record("redirected for ever")
    return ""
  }
}
