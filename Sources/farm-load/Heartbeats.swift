import Farm
import NIOCore
import Platform
import Synchronization
import Transport

/// What all servers tell the scheduler again and again.
struct Heartbeats: Sendable {
  struct Refused: Error, CustomStringConvertible {
    var count: Int
    var of: Int
    var description: String { "the scheduler takes only \(of - count) of \(of) heartbeats" }
  }

  private let questions: [Question]

  init(
    _ servers: [ServerAddress], _ key: [UInt8], _ certificate: SelfSignedCertificate,
    archive: ArchiveID, processors: Int
  ) {
    let heartbeat = Heartbeat(
      jobKey: Array(repeating: 1, count: 32)[...], cpus: UInt64(processors), nonce: 1,
      certificate: ServerCertificate(
        digest: certificate.digest[...], pem: certificate.certificatePEM[...]),
      extras: HeartbeatExtras(
        interval: nil, freeMemory: nil, isDraining: false, jobs: nil, toolchains: [archive]))
    let body = heartbeat.body
    questions = servers.map { server in
      Question(call: .heartbeat, token: ServerToken(server: server).signed(with: key), body: body)
    }
  }

  /// One of each server.
  ///
  /// - Throws: when the scheduler is away, or refuses one.
  func sendOnce(_ connector: Connector) async throws {
    let round = Round(questions)
    while round.left > 0 {
      let before = round.left
      try await connector.ask(round)
      if round.left == before { break }
    }
    let refused = round.refused + round.left
    guard refused == 0 else { throw Refused(count: refused, of: questions.count) }
  }

  /// - Parameters:
  ///   - seconds: between two of a server.
  ///   - end: nanoseconds of the monotonic clock.
  func keepSending(_ connector: Connector, every seconds: Int, until end: Int64) async {
    // Spread over the time, as servers that were started one by one: a tenth of them each time.
    let part = max(1, questions.count / 10)
    var first = 0
    while Clock.monotonic < end {
      try? await connector.ask(Round(Array(questions[first..<min(first + part, questions.count)])))
      first = first + part < questions.count ? first + part : 0
      try? await Task.sleep(for: .milliseconds(seconds * 100))
    }
  }
}

private final class Round: Asking {
  private struct State {
    var answered = 0
    var refused = 0
  }

  private let questions: [Question]
  private let state = Mutex(State())

  init(_ questions: [Question]) { self.questions = questions }

  var left: Int { state.withLock { questions.count - $0.answered } }
  var refused: Int { state.withLock { $0.refused } }

  func next() -> Question? {
    // After a connection that broke, what was asked last is asked again.
    state.withLock { $0.answered < questions.count ? questions[$0.answered] : nil }
  }

  func took(status: UInt, body: ByteBuffer, nanoseconds: Int64) {
    state.withLock { state in
      state.answered += 1
      if status != 200 { state.refused += 1 }
    }
  }
}
