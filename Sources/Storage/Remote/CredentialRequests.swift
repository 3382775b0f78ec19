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

  /// Whole seconds that are left, one at least.
  var secondsLeft: Int { max(1, Int((end - Clock.monotonic + 500_000_000) / 1_000_000_000)) }

  /// For the next request.
  ///
  /// - Parameter subject: who is asked, for messages.
  func deadlinesLeft(_ subject: String) throws(BlobFailure) -> BlobDeadlines {
    let left = Int((end - Clock.monotonic) / 1_000_000)
    guard left > 0 else { throw .timedOut("\(subject): no time is left to ask for credentials") }
    var times = deadlines
    times.lookup = left
    times.connect = min(times.connect, left)
    return times
  }

  /// The body of an answer of the class 2xx.
  ///
  /// - Parameter subject: who is asked, for messages.
  func ask(_ question: HTTPQuestion, subject: String) throws(BlobFailure) -> String {
    let times = try deadlinesLeft(subject)
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
