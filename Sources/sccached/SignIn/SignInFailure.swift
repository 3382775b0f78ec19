/// Why `--dist-auth` got no token.
enum SignInFailure: Error, Equatable, CustomStringConvertible {
  /// A key of `[dist.auth]` that is no URL, with its value.
  case badAddress(key: String, value: String)
  case noPort([UInt16])
  /// The value of `SCCACHE_DIST_AUTH_TIMEOUT`.
  case badLimit(String)
  /// Nobody came back from the authority in so many seconds.
  case timedOut(seconds: Int)
  /// The authority's own code and words.
  case refused(code: String, text: String?)
  case unreadableRedirect
  case wrongState
  case noCode
  /// The authority did not give a token for the code.
  case exchange(url: String, reason: String)
  case noToken
  case wrongTokenType(String)
  case notSaved(path: String, reason: String)

  var description: String {
    switch self {
    case .badAddress(let key, let value):
      "dist.auth.\(key) must be an http or https URL, found \"\(value)\""
    case .noPort(let ports):
      "Could not listen on localhost: the ports "
        + "\(ports.map(String.init).joined(separator: ", ")) are all taken; end what uses one of them"
    case .badLimit(let text):
      "SCCACHE_DIST_AUTH_TIMEOUT value is invalid: \"\(text)\": write a whole number of seconds from 1 "
        + "to \(Int32.max), or unset it"
    case .timedOut(let seconds):
      "Nobody signed in within \(seconds) seconds: run sccache --dist-auth again "
        + "(SCCACHE_DIST_AUTH_TIMEOUT sets another limit)"
    case .refused(let code, let text):
      "The authority refused: \(Self.printable(code))"
        + (text.map { ": " + Self.printable($0) } ?? "")
    case .unreadableRedirect: "The browser came back with an answer that can't be read"
    case .wrongState:
      "The browser came back with a wrong state: the answer is not for this sign-in; "
        + "run sccache --dist-auth again"
    case .noCode: "The browser came back without a code"
    case .exchange(let url, let reason):
      "Failed to convert oauth2 code into a token: \(url): \(Self.printable(reason))"
    case .noToken: "The authority's answer has no usable access_token"
    case .wrongTokenType(let type):
      "The authority gave a token of type \"\(Self.printable(type))\": only bearer is supported"
    case .notSaved(let path, let reason): "The token can't be saved in \(path): \(reason)"
    }
  }

  /// Others' words on one line of a terminal.
  private static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.prefix(300).map { scalar in
          switch scalar.properties.generalCategory {
          case .control, .format, .lineSeparator, .paragraphSeparator: " "
          default: scalar
          }
        }))
  }
}
