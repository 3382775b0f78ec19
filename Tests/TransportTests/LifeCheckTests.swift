import Platform
import ServerTestSupport
import Synchronization
import TestSupport
import Testing
import Transport
import WebServer

/// Whether the one who is asked still lives, while its answer is waited for.
@Suite(.serving) struct LifeCheckTests {
  private static func url(_ port: Int, _ path: String = "/") -> String {
    "http://127.0.0.1:\(port)\(path)"
  }

  /// A kernel takes the connection and the question; nobody else is there.
  @Test(.timeLimit(.minutes(30))) func whoSaysNothingIsLeft() async throws {
    let listener = try LoopbackPort(listens: true)
    let question = HTTPQuestion(.get, Self.url(listener.port))
    let check = HTTPLifeCheck(question, quiet: 50, answer: 100)
    #expect(await ask(question, Self.forEver, lifeCheck: check).failure == .silent)
    var body = HTTPQuestion(.post, Self.url(listener.port))
    let pieces = Mutex(3)
    body.body = .pieces {
      pieces.withLock { left in
        left -= 1
        return left >= 0 ? [1, 2, 3] : []
      }
    }
    #expect(await ask(body, Self.forEver, lifeCheck: check).failure == .silent)
  }

  /// Nor is a sign that can't be had one.
  @Test(.timeLimit(.minutes(30))) func aRefusedQuestionIsNoSign() async throws {
    let listener = try LoopbackPort(listens: true)
    let refusing = try LoopbackPort(listens: false)
    let check = HTTPLifeCheck(
      HTTPQuestion(.get, Self.url(refusing.port)), quiet: 50, answer: 500)
    let question = HTTPQuestion(.get, Self.url(listener.port))
    #expect(await ask(question, Self.forEver, lifeCheck: check).failure == .silent)
  }

  /// Work takes as long as it takes when signs come.
  @Test(.timeLimit(.minutes(30))) func whoIsBusyIsWaitedFor() async throws {
    let signs = Mutex(0)
    try await serving { head, _, isWanted in
      if head.path == "/sign" {
        signs.withLock { $0 += 1 }
        // That there is no such thing is a sign, too.
        return HTTPReply(status: 404)
      }
      while isWanted(), signs.withLock({ $0 < 5 }) { try? await Task.sleep(for: .milliseconds(10)) }
      return HTTPReply(status: 200)
    } _: { port in
      let check = HTTPLifeCheck(
        HTTPQuestion(.get, Self.url(port, "/sign")), quiet: 50, answer: 3_600_000)
      let client = HTTPClient()
      let slow = await ask(
        HTTPQuestion(.get, Self.url(port)), Self.forEver, client: client, lifeCheck: check)
      #expect(slow.answer?.status == 200)
      // On the same handle, whose loop has the connection of the signs as well.
      let fast = await ask(HTTPQuestion(.get, Self.url(port)), client: client)
      #expect(fast.answer?.status == 200)
    }
    #expect(signs.withLock { $0 } >= 5)
  }

  /// Of many who wait for the same peer one asks at a time, and the answer counts for all.
  @Test(.timeLimit(.minutes(30))) func oneAsksForAll() async throws {
    let waiting = Mutex(0)
    let signs = Mutex((count: 0, atOnce: 0, most: 0))
    try await serving { head, _, isWanted in
      if head.path == "/sign" {
        signs.withLock {
          $0.count += 1
          $0.atOnce += 1
          // The fifth may be dropped by an exchange that has its answer, and another one asks.
          if $0.count <= 5 { $0.most = max($0.most, $0.atOnce) }
        }
        try? await Task.sleep(for: .milliseconds(20))
        signs.withLock { $0.atOnce -= 1 }
        return HTTPReply(status: 200)
      }
      waiting.withLock { $0 += 1 }
      while isWanted(), waiting.withLock({ $0 < 8 }) || signs.withLock({ $0.count < 5 }) {
        try? await Task.sleep(for: .milliseconds(10))
      }
      return HTTPReply(status: 200)
    } _: { port in
      let check = HTTPLifeCheck(
        HTTPQuestion(.get, Self.url(port, "/sign")), quiet: 50, answer: 3_600_000)
      let client = HTTPClient()
      try await withThrowingTaskGroup { group in
        for _ in 0..<8 {
          group.addTask {
            let result = await ask(
              HTTPQuestion(.get, Self.url(port)), Self.forEver, client: client, lifeCheck: check)
            #expect(result.answer?.status == 200)
          }
        }
        try await group.waitForAll()
      }
    }
    #expect(signs.withLock { $0.most } == 1)
  }

  /// What is answered soon costs no question more.
  @Test func nothingIsAskedTooEarly() async throws {
    let signs = Mutex(0)
    try await serving { head, _, _ in
      if head.path == "/sign" { signs.withLock { $0 += 1 } }
      return HTTPReply(status: 200)
    } _: { port in
      let check = HTTPLifeCheck(
        HTTPQuestion(.get, Self.url(port, "/sign")), quiet: 600_000, answer: 1)
      for _ in 0..<20 {
        let result = await ask(HTTPQuestion(.get, Self.url(port)), lifeCheck: check)
        #expect(result.answer?.status == 200)
      }
    }
    #expect(signs.withLock { $0 } == 0)
  }

  /// Only the life check ends it.
  private static var forEver: HTTPDeadlines {
    var deadlines = patience
    deadlines.total = 3_600_000
    return deadlines
  }
}
