import Settings
import Transport

/// Turns a code into a token at the authority (RFC 6749, section 4.1.3).
enum TokenExchange {
  static func token(
    for code: String, _ signIn: SignIn, tokenURL: String, verifier: String
  ) throws(SignInFailure) -> SignIn.Token {
    var answer = try ask(
      tokenURL, .json, signIn.exchange(code: code, verifier: verifier, as: .json))
    // One that knows forms only has not looked at the code: it is still good.
    if [400, 415].contains(answer.status) {
      let form = signIn.exchange(code: code, verifier: verifier, as: .form)
      let second = try ask(tokenURL, .form, form)
      // Otherwise the first answer says what is wrong.
      if second.status == 200 { answer = second }
    }
    let text = String(decoding: answer.body, as: UTF8.self)
    guard answer.status == 200 else {
      throw .exchange(url: tokenURL, reason: "the answer is \(answer.status): \(text.prefix(200))")
    }
    guard let fields = try? JSONDocument.parse(text) else {
      throw .exchange(url: tokenURL, reason: "the answer is no JSON object")
    }
    return try SignIn.token(
      string(fields["access_token"]), type: string(fields["token_type"]),
      expires: seconds(fields["expires_in"]))
  }

  private static func ask(
    _ url: String, _ encoding: SignIn.Encoding, _ body: [UInt8]
  ) throws(SignInFailure) -> HTTPAnswer {
    var question = HTTPQuestion(.post, url)
    question.headers = [("content-type", encoding.rawValue), ("accept", "application/json")]
    question.body = .bytes(body)
    question.answerLimit = 1 << 20
    var deadlines = HTTPDeadlines()
    // A person waits, and the authority may be far.
    deadlines.connect = 10_000
    do throws(HTTPFailure) {
      return try HTTPClient().ask(question, deadlines: deadlines)
    } catch {
      throw .exchange(url: url, reason: "\(error)")
    }
  }

  private static func string(_ value: ConfigurationValue?) -> String? {
    if case .string(let text) = value { return text }
    return nil
  }

  /// Some authorities write numbers as text.
  private static func seconds(_ value: ConfigurationValue?) -> Int? {
    switch value {
    case .integer(let number): number
    case .string(let text): Int(text)
    default: nil
    }
  }
}
