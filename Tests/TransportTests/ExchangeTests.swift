import Glibc
import Platform
import ServerTestSupport
import Synchronization
import TestSupport
import Testing
import Transport
import WebServer

/// Our client against our server.
@Suite(.serving) struct ExchangeTests {
  private static func url(_ port: Int, _ path: String = "/") -> String {
    "http://127.0.0.1:\(port)\(path)"
  }

  @Test func questionsAndAnswers() async throws {
    try await serving { head, body, _ in
      let bytes = (try? await body.collect(limit: 1 << 20)) ?? []
      let text = "\(head.method) \(head.path) \(head.header("X-Name") ?? "-") \(head.peer ?? "-") "
      return HTTPReply(
        status: 203, headers: [("X-Answer", "Yes")], body: Array(text.utf8) + bytes)
    } _: { port in
      let client = HTTPClient()
      var get = HTTPQuestion(.get, Self.url(port, "/a/b?c=d"))
      get.headers = [("x-name", "value")]
      let first = try await ask(get, client: client).get()
      #expect(first.status == 203)
      #expect(first.header("x-answer") == "Yes")
      #expect(String(decoding: first.body, as: UTF8.self) == "GET /a/b value 127.0.0.1 ")

      var post = HTTPQuestion(.post, Self.url(port, "/%5Bx"))
      post.body = .bytes([0, 1, 2])
      let second = try await ask(post, client: client).get()
      #expect(second.body == Array("POST /%5Bx - 127.0.0.1 ".utf8) + [0, 1, 2])
      post.body = .none
      #expect(await ask(post, client: client).answer?.body.last == UInt8(ascii: " "))
    }
  }

  @Test func uploadsInPieces() async throws {
    let sizes = Mutex<[Int]>([])
    let digests = Mutex<[Digest]>([])
    try await serving { head, body, _ in
      let bytes = Mutex<[UInt8]>([])
      do {
        try await body.read(limit: 8 << 20, seconds: 20) { piece in
          bytes.withLock { $0 += piece }
        }
      } catch {
        return HTTPReply(status: 500)
      }
      sizes.withLock { $0.append(bytes.withLock { $0.count }) }
      digests.withLock { $0.append(Digest.of(bytes.withLock { $0 })) }
      return HTTPReply(status: 200, body: Array((head.header("transfer-encoding") ?? "").utf8))
    } _: { port in
      for pieces in [0, 1, 40] {
        let sent = Atomic(0)
        var question = HTTPQuestion(.post, Self.url(port))
        question.body = .pieces {
          let number = sent.wrappingAdd(1, ordering: .relaxed).newValue
          return number > pieces ? [] : [UInt8](repeating: UInt8(number), count: 100_000)
        }
        let answer = try await ask(question).get()
        #expect(answer.status == 200)
        #expect(answer.body == Array("chunked".utf8))
      }
    }
    #expect(sizes.withLock { $0 } == [0, 100_000, 4_000_000])
    let all = (1...40).flatMap { [UInt8](repeating: UInt8($0), count: 100_000) }
    #expect(digests.withLock { $0.last } == Digest.of(all))
  }

  @Test func anUploadIsGivenUp() async throws {
    let failures = Mutex<[String]>([])
    try await serving { _, body, _ in
      do {
        _ = try await body.collect(limit: 8 << 20)
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
      return HTTPReply(status: 200)
    } _: { port in
      let sent = Atomic(0)
      var question = HTTPQuestion(.post, Self.url(port))
      question.body = .pieces {
        sent.wrappingAdd(1, ordering: .relaxed).newValue > 3 ? nil : [UInt8](repeating: 1, count: 9)
      }
      #expect(await ask(question).failure == .cancelled)
      // The server learns of it a little later.
      for _ in 0..<2000 where failures.withLock({ $0.isEmpty }) {
        try await Task.sleep(for: .milliseconds(10))
      }
    }
    #expect(failures.withLock { $0.count } == 1)
  }

  @Test func answersAreBounded() async throws {
    try await serving { _, _, _ in
      HTTPReply(status: 200, body: [UInt8](repeating: 7, count: 100_000))
    } _: { port in
      var question = HTTPQuestion(.get, Self.url(port))
      question.answerLimit = 100_000
      #expect(await ask(question).answer?.body.count == 100_000)
      question.answerLimit = 99_999
      #expect(await ask(question).failure == .answerTooLarge(limit: 99_999))
      question.answerLimit = 0
      #expect(await ask(question).failure == .answerTooLarge(limit: 0))
    }
  }

  @Test func bodiesAreBounded() async throws {
    let failures = Mutex<[HTTPBodyFailure]>([])
    try await serving { _, body, _ in
      do {
        return HTTPReply(status: 200, body: try await body.collect(limit: 1000))
      } catch {
        failures.withLock { $0.append(error as? HTTPBodyFailure ?? .closed) }
        return HTTPReply(status: 413)
      }
    } _: { port in
      var question = HTTPQuestion(.post, Self.url(port))
      question.body = .bytes([UInt8](repeating: 1, count: 1000))
      #expect(await ask(question).answer?.status == 200)
      question.body = .bytes([UInt8](repeating: 1, count: 1001))
      #expect(await ask(question).answer?.status == 413)
    }
    #expect(failures.withLock { $0 } == [.tooLarge(limit: 1000)])
  }

  /// One connection for all questions of one thread, with bodies, without, and answered by errors.
  @Test(arguments: [false, true])
  func connectionsAreKept(isSecure: Bool) async throws {
    let certificate = try SelfSignedCertificate(address: "127.0.0.1", ip: "127.0.0.1", nonce: 1)
    let identity = HTTPServerIdentity(
      certificates: certificate.certificatePEM, key: certificate.keyPEM)
    let ports = Mutex<[Int]>([])
    try await serving(identity: isSecure ? identity : nil) { head, body, _ in
      ports.withLock { $0.append(head.peerPort ?? 0) }
      let bytes = (try? await body.collect(limit: 8 << 20)) ?? []
      return HTTPReply(status: head.path == "/bad" ? 500 : 200, body: bytes)
    } _: { port in
      let client = HTTPClient()
      for round in 0..<3 {
        for path in ["/get", "/bytes", "/pieces", "/bad"] {
          let url = "\(isSecure ? "https" : "http")://127.0.0.1:\(port)\(path)"
          var question = HTTPQuestion(path == "/get" ? .get : .post, url)
          if isSecure { question.pinnedCertificate = certificate.certificatePEM }
          let bytes = [UInt8](repeating: 7, count: 100_000)
          let sent = Atomic(0)
          if path == "/bytes" { question.body = .bytes(bytes) }
          if path == "/pieces" {
            question.body = .pieces {
              sent.wrappingAdd(1, ordering: .relaxed).newValue > 20 ? [] : bytes
            }
          }
          let answer = try await ask(question, client: client).get()
          #expect(answer.status == (path == "/bad" ? 500 : 200), "\(path) \(round)")
          let wanted = ["/bytes": 100_000, "/pieces": 2_000_000][path] ?? 0
          #expect(answer.body.count == wanted, "\(path) \(round)")
        }
      }
    }
    #expect(ports.withLock { $0.count } == 12)
    #expect(ports.withLock { Set($0).count } == 1)
  }

  /// What a client sends behind an answer is not waited for, nor kept for the next question.
  @Test func aBodyThatNobodyReads() async throws {
    try await serving { head, _, _ in
      HTTPReply(status: 401, body: Array(head.path.utf8))
    } _: { port in
      let client = HTTPClient()
      for path in ["/a", "/b"] {
        var question = HTTPQuestion(.post, Self.url(port, path))
        question.body = .bytes([UInt8](repeating: 1, count: 3 << 20))
        let answer = try await ask(question, client: client).get()
        #expect(answer.status == 401)
        #expect(answer.body == Array(path.utf8))
        #expect(answer.header("connection") == "close")
      }
      let slow = try RawConnection(port: port)
      slow.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc")
      #expect(await slow.isClosed(within: 20))
    }
  }

  /// Neither a connection that comes at the last moment nor one that is kept holds a server up, for
  /// the hour that a connection may be idle here.
  @Test(.timeLimit(.minutes(30)))
  func aServerEndsWhileClientsCome() async throws {
    let kept = HTTPClient()
    for _ in 0..<5 {
      let connections = try await serving { _, _, isWanted in
        for _ in 0..<100_000 where isWanted() { await Task.yield() }
        return HTTPReply(status: 200)
      } _: { port in
        let slow = try RawConnection(port: port)
        slow.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        _ = await ask(HTTPQuestion(.get, Self.url(port)), client: kept)
        return try (0..<20).map { _ in try RawConnection(port: port) }
      }
      withExtendedLifetime(connections) {}
    }
  }

  @Test func aSlowAnswerIsNotWaitedFor() async throws {
    try await serving { _, _, isWanted in
      for _ in 0..<200 where isWanted() { try? await Task.sleep(for: .milliseconds(50)) }
      return HTTPReply(status: 200)
    } _: { port in
      var deadlines = HTTPDeadlines()
      deadlines.total = 300
      let start = Clock.monotonic
      #expect(await ask(HTTPQuestion(.get, Self.url(port)), deadlines).kind == "timedOut")
      deadlines.total = 20_000
      deadlines.silence = 1000
      #expect(await ask(HTTPQuestion(.get, Self.url(port)), deadlines).kind == "timedOut")
      let unwanted = await ask(
        HTTPQuestion(.get, Self.url(port)),
        isWanted: {
          Clock.monotonic < start + 100_000_000
        })
      #expect(unwanted.failure == .cancelled)
    }
  }

  @Test func whereNobodyListens() async throws {
    let reserved = try LoopbackPort(listens: false)
    #expect(await ask(HTTPQuestion(.get, Self.url(reserved.port))).kind == "unreachable")
    for bad in ["", "file:///etc/hostname", "http://[::1", "ftp://127.0.0.1/"] {
      #expect(await ask(HTTPQuestion(.get, bad)).kind == "badAddress", "\(bad)")
    }
  }

  /// A body that stalls must not hold its handler for ever.
  @Test func aStalledBodyIsGivenUp() async throws {
    var limits = HTTPServerLimits()
    limits.bodySilenceSeconds = 1
    let failures = Mutex<[HTTPBodyFailure]>([])
    try await serving(limits: limits) { _, body, _ in
      do {
        _ = try await body.collect(limit: 1000)
      } catch {
        failures.withLock { $0.append(error as? HTTPBodyFailure ?? .closed) }
      }
      return HTTPReply(status: 200)
    } _: { port in
      let connection = try RawConnection(port: port)
      connection.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc")
      let closed = await connection.isClosed(within: 60)
      #expect(closed)
    }
    #expect(failures.withLock { $0 } == [.timedOut])
  }

  @Test func aSilentConnectionIsClosed() async throws {
    var limits = HTTPServerLimits()
    limits.idleSeconds = 1
    try await serving(limits: limits) { _, _, _ in
      HTTPReply(status: 200)
    } _: { port in
      let silent = try RawConnection(port: port)
      let half = try RawConnection(port: port)
      half.send("GET / HTTP/1.1\r\nhost:")
      #expect(await silent.isClosed(within: 60))
      #expect(await half.isClosed(within: 60))
      #expect(await ask(HTTPQuestion(.get, Self.url(port))).answer?.status == 200)
    }
  }
}

/// A TCP connection that says what a test wants.
final class RawConnection: Sendable {
  private let descriptor: Int32

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | 0o2000000, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else { throw SystemError("connect to", "127.0.0.1:\(port)") }
  }

  deinit { close(descriptor) }

  func send(_ text: String) { _ = Glibc.send(descriptor, text, text.utf8.count, 0x4000) }

  /// Reads until the other end closes.
  func isClosed(within seconds: Int64) async -> Bool {
    let end = Clock.monotonic + seconds * 1_000_000_000
    while Clock.monotonic < end {
      var byte: UInt8 = 0
      let count = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT))
      if count == 0 || (count < 0 && errno != EAGAIN) { return true }
      if count < 0 { try? await Task.sleep(for: .milliseconds(20)) }
    }
    return false
  }
}
