import Platform
import Transport

/// The requests that are made to get credentials: small, and all of them together within the time of one
/// lookup, because somebody waits for a blob meanwhile.
struct CredentialRequests {
  let http: HTTPBlobs
  private let deadlines: BlobDeadlines
  private let end: Int64

  init(_ http: HTTPBlobs, _ deadlines: BlobDeadlines) {
    self.http = http
    self.deadlines = deadlines
    end = Clock.monotonic + Int64(deadlines.lookup) * 1_000_000
  }

  /// The body of an answer of the class 2xx.
  ///
  /// - Parameter subject: who is asked, for messages.
  func ask(_ question: HTTPQuestion, subject: String) throws(BlobFailure) -> String {
    let left = Int((end - Clock.monotonic) / 1_000_000)
    guard left > 0 else { throw .timedOut("\(subject): no time is left to ask for credentials") }
    var times = deadlines
    times.lookup = left
    times.connect = min(times.connect, left)
    var question = question
    question.answerLimit = 256 << 10
    do throws(BlobFailure) {
      let answer = try http.ask(question, times)
      guard 200..<300 ~= answer.status else { throw HTTPBlobs.failure(answer) }
      return String(decoding: answer.body, as: UTF8.self)
    } catch {
      throw error.concerning(subject)
    }
  }
}

extension BlobFailure {
  /// The same failure with who failed before its text.
  func concerning(_ subject: String) -> BlobFailure {
    switch self {
    case .unreachable(let text): .unreachable("\(subject): \(text)")
    case .timedOut(let text): .timedOut("\(subject): \(text)")
    case .denied(let text): .denied("\(subject): \(text)")
    case .limited(let seconds, let text): .limited(seconds: seconds, "\(subject): \(text)")
    case .failed(let text): .failed("\(subject): \(text)")
    case .tooLarge(let text): .tooLarge("\(subject): \(text)")
    case .given(let text): .given(up: "\(subject): \(text)")
    }
  }
}
