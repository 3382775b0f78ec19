package import Transport
import CacheKey
import Platform

/// How backends that speak HTTP ask their servers.
package struct HTTPBlobs: Sendable {
  let client: HTTPClient
  /// `SSL_CERT_FILE` of the daemon; nil: the system's authorities.
  let authoritiesFile: String?

  package init(client: HTTPClient, authoritiesFile: String?) {
    self.client = client
    self.authoritiesFile = authoritiesFile
  }

  /// Fetches a blob.
  ///
  /// - Parameter mayBeAbsence: whether a refusal may say that there is none.
  /// - Returns: false when the server has none (404).
  func fetch(
    _ question: HTTPQuestion, into sink: any BlobSink, _ deadlines: BlobDeadlines,
    mayBeAbsence: (HTTPAnswer) -> Bool = { _ in false }
  ) throws(BlobFailure) -> Bool {
    var question = question
    question.sink = { sink.take($0) }
    let answer = try ask(question, deadlines, isLarge: true)
    if 200..<300 ~= answer.status { return true }
    if answer.status == 404 { return false }
    if mayBeAbsence(answer) { throw .deniedOrAbsent("\(answer.status)") }
    throw Self.failure(answer)
  }

  /// Sends a blob with a question that is complete but for its body.
  func send(
    _ question: HTTPQuestion, _ blob: MemberContent, _ deadlines: BlobDeadlines
  ) throws(BlobFailure) {
    var question = question
    question.body = Self.body(blob)
    let answer = try ask(question, deadlines, isLarge: true)
    guard 200..<300 ~= answer.status else { throw Self.failure(answer) }
  }

  static func body(_ blob: MemberContent) -> HTTPQuestion.Body {
    switch blob {
    case .bytes(let bytes): return .bytes(bytes)
    case .file(let file):
      return .readable(count: file.size) { offset, target in
        file.read(at: offset, into: target)
      }
    }
  }

  /// Any question; what the status means is the caller's to say.
  ///
  /// - Parameter isLarge: the answer, or what is sent, may be a blob: it may take as long as it moves on.
  func ask(
    _ question: HTTPQuestion, _ deadlines: BlobDeadlines, isLarge: Bool = false
  ) throws(BlobFailure) -> HTTPAnswer {
    var question = question
    question.headers.append(("user-agent", Self.userAgent))
    question.allowsHTTP2 = true
    question.authoritiesFile = authoritiesFile
    var times = HTTPDeadlines()
    times.connect = deadlines.connect
    if isLarge {
      if question.body.isEmpty {
        times.firstByte = min(deadlines.firstByte ?? .max, deadlines.lookup)
      }
      times.silence = deadlines.lookup
      times.total = deadlines.total
    } else {
      times.total = deadlines.lookup
    }
    do throws(HTTPFailure) {
      return try client.ask(question, deadlines: times)
    } catch {
      switch error {
      case .unreachable, .badAddress, .untrusted: throw .unreachable(error.description)
      case .timedOut, .silent: throw .timedOut(error.description)
      case .answerTooLarge, .broken: throw .failed(error.description)
      case .cancelled: throw .given(up: "the transfer was given up")
      }
    }
  }

  static let userAgent = "sccache/0.16.0"

  /// What an answer that is not a success means.
  static func failure(_ answer: HTTPAnswer) -> BlobFailure {
    let text = "\(answer.status)" + reason(in: answer)
    switch answer.status {
    case 401, 403: return .denied(text)
    case 413: return .tooLarge(text)
    case 429, 503: return .limited(seconds: answer.header("retry-after").flatMap { Int($0) }, text)
    default: return .failed(text)
    }
  }

  /// Of S3, OSS and COS. A bucket that is not there is a mistake; an object that is not there is none.
  static func isAbsence(_ answer: HTTPAnswer) -> Bool {
    answer.status == 404 && errorCode(answer) != "NoSuchBucket"
  }

  /// What S3, OSS and COS answer for an object that is not there to those who may not list the bucket; that
  /// keys are not good has other names.
  static func hiddenAbsence(_ answer: HTTPAnswer) -> BlobFailure? {
    guard answer.status == 403, errorCode(answer) == "AccessDenied" else { return nil }
    return .deniedOrAbsent("403" + reason(in: answer))
  }

  /// ` (AccessDenied)`. Nothing else of a body is shown: some servers repeat in it what was sent to them.
  private static func reason(in answer: HTTPAnswer) -> String {
    errorCode(answer).map { " (\($0))" } ?? ""
  }

  /// The code in an error of S3, Azure, OSS or COS: `AccessDenied`.
  static func errorCode(_ answer: HTTPAnswer) -> String? {
    element("Code", in: answer).flatMap { code in
      code.allSatisfy { $0.isLetter || $0.isNumber || $0 == "." } ? code : nil
    }
  }

  /// The beginning of the text of the first XML element of a name in an answer's body.
  static func element(_ name: String, in answer: HTTPAnswer) -> String? {
    let text = String(decoding: answer.body.prefix(4096), as: UTF8.self)
    guard let start = text.firstRange(of: "<\(name)>")?.upperBound,
      let end = text[start...].firstRange(of: "</\(name)>")?.lowerBound
    else { return nil }
    return String(text[start..<end].prefix(60))
  }
}

extension HTTPQuestion.Body {
  fileprivate var isEmpty: Bool { if case .none = self { true } else { false } }
}
