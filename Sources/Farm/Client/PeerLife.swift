import Platform
import Transport

/// Whether a scheduler or a build server still lives while its answer is waited for. That answer may take
/// long: alloc_job tries one server after the other, a job is a whole compilation. But a peer that can't even
/// tell its status is stopped or cut off, and its kernel may keep the connection up all the same.
/// Asked once a second, on the thread that waits.
final class PeerLife {
  private let client: HTTPClient
  private let question: HTTPQuestion
  private let milliseconds: Int
  private var lastSign = Clock.monotonic
  /// It was asked and said nothing.
  private(set) var hasEnded = false

  /// - Parameters:
  ///   - question: any answer is a sign of life.
  ///   - milliseconds: between two signs, and how long one may take.
  init(_ client: HTTPClient, _ question: HTTPQuestion, milliseconds: Int) {
    self.client = client
    self.question = question
    self.milliseconds = milliseconds
  }

  var lasts: Bool {
    if Clock.monotonic - lastSign < Int64(milliseconds) * 1_000_000 { return true }
    var deadlines = HTTPDeadlines()
    deadlines.connect = milliseconds
    deadlines.total = milliseconds
    guard (try? client.ask(question, deadlines: deadlines)) != nil else {
      hasEnded = true
      return false
    }
    lastSign = Clock.monotonic
    return true
  }
}
