import Platform
import Settings
import Transport

/// Asks servers that give bearer tokens (OAuth 2.0, RFC 6749, and the metadata servers of clouds).
struct TokenServer: Sendable {
  let http: HTTPBlobs
  let now: @Sendable () -> Int64
  /// For messages: `Entra ID`.
  let name: String

  /// Sends a form and reads the token in the answer.
  func token(
    _ url: String, form: [(name: String, value: String)], _ deadlines: BlobDeadlines
  ) throws(BlobFailure) -> CredentialCache<String>.Granted {
    var question = HTTPQuestion(.post, url)
    question.headers = [("content-type", "application/x-www-form-urlencoded")]
    question.body = .bytes(Array(PercentEncoding.form(form).utf8))
    return try token(question, deadlines)
  }

  func token(
    _ question: HTTPQuestion, _ deadlines: BlobDeadlines
  ) throws(BlobFailure) -> CredentialCache<String>.Granted {
    let fields = try answer(question, deadlines)
    guard let token = fields.text("access_token") ?? fields.text("accessToken"), !token.isEmpty
    else { throw .failed("\(name) gives no token in its answer") }
    return CredentialCache.Granted(value: token, end: end(fields))
  }

  /// The object in an answer. What it says besides is not shown: it may be a secret.
  func answer(
    _ question: HTTPQuestion, _ deadlines: BlobDeadlines
  ) throws(BlobFailure) -> [String: ConfigurationValue] {
    var question = question
    question.answerLimit = 1 << 20
    let answer: HTTPAnswer
    do throws(BlobFailure) {
      answer = try http.ask(question, deadlines)
    } catch {
      throw error.concerning(name)
    }
    guard 200..<300 ~= answer.status else { throw failure(answer) }
    guard let fields = try? JSONDocument.parse(String(decoding: answer.body, as: UTF8.self)) else {
      throw .failed("\(name) answers with something that is no JSON object")
    }
    return fields
  }

  private func failure(_ answer: HTTPAnswer) -> BlobFailure {
    let text = "\(name) gives no token: \(answer.status)" + Self.reason(in: answer.body)
    switch answer.status {
    case 400, 401, 403, 404: return .denied(text)
    case 429, 503: return .limited(seconds: answer.header("retry-after").flatMap { Int($0) }, text)
    default: return .failed(text)
    }
  }

  /// OAuth's code of an error: ` (invalid_client)`.
  private static func reason(in body: [UInt8]) -> String {
    let fields = try? JSONDocument.parse(String(decoding: body.prefix(65536), as: UTF8.self))
    guard let code = fields?.text("error"), !code.isEmpty, code.utf8.count <= 60,
      code.utf8.allSatisfy({ 0x61...0x7a ~= $0 || $0 == UInt8(ascii: "_") })
    else { return "" }
    return " (\(code))"
  }

  /// `expires_in`: seconds from now; `expires_on`: since 1970; `expireTime`: RFC 3339. Numbers may stand
  /// in quotes. An answer without any is taken for one that lasts an hour, as all of these do.
  private func end(_ fields: [String: ConfigurationValue]) -> Int64 {
    let now = self.now()
    if let time = fields.text("expireTime") ?? fields.text("expires_on"),
      let end = UTCTime.seconds(of: time)
    {
      return end
    }
    if let end = fields.integer("expires_on") { return Int64(end) }
    return now + Int64(min(max(fields.integer("expires_in") ?? 3600, 0), 1 << 32))
  }
}

extension [String: ConfigurationValue] {
  func text(_ name: String) -> String? {
    if case .string(let text) = self[name] { text } else { nil }
  }

  func table(_ name: String) -> [String: ConfigurationValue]? {
    if case .table(let table) = self[name] { table } else { nil }
  }

  /// A number, also one in quotes.
  func integer(_ name: String) -> Int? {
    switch self[name] {
    case .integer(let number): number
    case .number(let number): Int(exactly: number.rounded())
    case .string(let text): Int(text)
    default: nil
    }
  }
}
