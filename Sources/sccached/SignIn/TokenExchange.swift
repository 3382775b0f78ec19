import Settings
import Transport

/// Turns a code into a token at the authority (RFC 6749, section 4.1.3).
enum TokenExchange {
  static func token(
    for code: String, _ signIn: SignIn, tokenURL: String, verifier: String
  ) throws(SignInFailure) -> SignIn.Token {
    var question = HTTPQuestion(.post, tokenURL)
    question.headers = [("content-type", "application/json"), ("accept", "application/json")]
    question.body = .bytes(signIn.exchange(code: code, verifier: verifier))
    question.answerLimit = 1 << 20
    var deadlines = HTTPDeadlines()
    // A person waits, and the authority may be far.
    deadlines.connect = 10_000
    let answer: HTTPAnswer
    do throws(HTTPFailure) {
      answer = try HTTPClient().ask(question, deadlines: deadlines)
    } catch {
      throw .exchange(url: tokenURL, reason: "\(error)")
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
