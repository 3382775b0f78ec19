/// What a browser finds on loopback during a sign-in.
///
/// | path | |
/// | --- | --- |
/// | `/` | sends it to the authority |
/// | `/redirect` | where the authority sends it back to; for the implicit grant a page that hands on what stands in the fragment, which no browser sends by itself |
/// | `/save_auth` | takes that (POST) |
struct SignInPages {
  let signIn: SignIn
  let port: UInt16

  enum Step: Equatable {
    case reply(BrowserReply)
    case code(String)
    case token(SignIn.Token)
    case failed(SignInFailure)
  }

  func step(_ request: BrowserRequest) -> Step {
    // Another name that leads here is a foreign page's trick to read our answers (DNS rebinding).
    guard ["localhost", "127.0.0.1"].contains(where: { request.host == "\($0):\(port)" }) else {
      return .reply(.page(400, "Ask for http://localhost:\(port).\n"))
    }
    switch (request.method, request.path, signIn.grant) {
    case ("GET", "/", _):
      return .reply(
        BrowserReply(status: 302, headers: [("location", signIn.authorizationURL)], text: ""))
    case ("GET", "/redirect", .code):
      return attempt { () throws(SignInFailure) in
        guard let code = try signIn.answer(request.query)["code"], !code.isEmpty else {
          throw .noCode
        }
        return .code(code)
      }
    case ("GET", "/redirect", .implicit):
      return .reply(Self.handingOn)
    case ("POST", "/save_auth", .implicit):
      return attempt { () throws(SignInFailure) in
        let fields = try signIn.answer(String(decoding: request.body, as: UTF8.self))
        return .token(
          try SignIn.token(
            fields["access_token"], type: fields["token_type"],
            expires: fields["expires_in"].flatMap { Int($0) }))
      }
    default:
      return .reply(.page(404, "Nothing is here.\n"))
    }
  }

  private func attempt(_ body: () throws(SignInFailure) -> Step) -> Step {
    do throws(SignInFailure) { return try body() } catch { return .failed(error) }
  }

  /// Takes the fragment out of the address bar, and shows in words what became of it.
  private static let handingOn = BrowserReply(
    status: 200,
    headers: [
      ("content-type", "text/html; charset=utf-8"),
      (
        "content-security-policy",
        "default-src 'none'; script-src 'unsafe-inline'; connect-src 'self'"
      ),
    ],
    text: """
      <!doctype html>
      <html lang="en">
      <meta charset="utf-8">
      <title>sccache</title>
      <p id="said">One moment …</p>
      <script>
      const answer = location.hash.slice(1) || location.search.slice(1);
      history.replaceState(null, "", location.pathname);
      const said = document.getElementById("said");
      fetch("/save_auth", {
        method: "POST", body: answer,
        headers: {"content-type": "application/x-www-form-urlencoded"},
      }).then(reply => reply.text()).then(text => { said.textContent = text; })
        .catch(() => { said.textContent = "sccache doesn't listen any more: run it again."; });
      </script>
      </html>

      """)
}
