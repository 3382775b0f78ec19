import CCurl
import Glibc
import Platform
import Synchronization

/// What is asked of an HTTP server.
package struct HTTPQuestion: Sendable {
  package enum Method: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case propertiesFind = "PROPFIND"
    case makeCollection = "MKCOL"
  }

  /// What is sent with a question that is neither GET nor HEAD.
  package enum Body: Sendable {
    case none
    case bytes([UInt8])
    /// So many bytes, read where they lie: at an offset into a buffer, giving how many there were; fewer
    /// than one end the exchange. Called on the thread that asks.
    case readable(
      count: Int, @Sendable (_ offset: Int, _ target: UnsafeMutableRawBufferPointer) -> Int)
    /// Sent in chunks while it is made: the next piece each time, empty at the end, nil to give up.
    /// Called on the thread that asks.
    case pieces(@Sendable () -> [UInt8]?)
  }

  package var method: Method
  package var url: String
  /// Names in lower case.
  package var headers: [(name: String, value: String)] = []
  package var body: Body = .none
  /// PEM of the only certificate that the server may show; nil: what the system trusts.
  package var pinnedCertificate: [UInt8]?
  /// A file with the authorities that may vouch for the server, in PEM; nil: what the system trusts.
  package var authoritiesFile: String?
  /// The server is asked itself, whatever proxy the environment names.
  package var avoidsProxy = false
  /// HTTP/2 is taken where a server offers it over TLS.
  package var allowsHTTP2 = false
  /// Larger answers are refused.
  package var answerLimit = 16 << 20
  /// Gets the body of an answer of the class 2xx in pieces instead of the answer; false ends the exchange.
  /// Called on the thread that asks.
  package var sink: (@Sendable (UnsafeRawBufferPointer) -> Bool)?

  package init(_ method: Method, _ url: String) {
    self.method = method
    self.url = url
  }
}

/// Milliseconds that a question may take.
package struct HTTPDeadlines: Sendable {
  /// Until a connection stands, TLS included.
  package var connect = 2_000
  /// Without a byte in either direction. Counted in whole seconds, 0: no limit.
  package var silence = 0
  /// From beginning to end.
  package var total = 30_000
  /// Until the answer's first byte; 0: no limit of its own.
  package var firstByte = 0
  package init() {}
}

package struct HTTPAnswer: Sendable {
  package var status: Int
  /// Names in lower case.
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]

  package func header(_ name: String) -> String? {
    headers.first { $0.name == name }?.value
  }
}

/// How to find out, while an answer is waited for, that the one who is asked has died: an answer may take
/// as long as its work takes, but who is asked a small question beside it answers at once. A peer's kernel
/// says nothing about that: it keeps connections up, and acknowledges, for a process that stands still.
package struct HTTPLifeCheck: Sendable {
  /// Any answer to it is a sign of life. Without a body.
  package var question: HTTPQuestion
  /// Milliseconds without a byte in either direction after which it is asked.
  package var quiet: Int
  /// Milliseconds after which, without a byte all the while, the peer is given up.
  package var answer: Int

  package init(_ question: HTTPQuestion, quiet: Int, answer: Int) {
    self.question = question
    self.quiet = quiet
    self.answer = answer
  }
}

/// Why there is no answer.
package enum HTTPFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// The address can't be used.
  case badAddress(String)
  /// Nobody listens, or no connection within the limit.
  case unreachable(String)
  /// The certificate is not the expected one, or TLS failed otherwise.
  case untrusted(String)
  case timedOut(String)
  case answerTooLarge(limit: Int)
  /// The caller gave up.
  case cancelled
  /// It doesn't even give signs of life.
  case silent
  case broken(String)

  package var description: String {
    switch self {
    case .badAddress(let text): "the address can't be used: \(text)"
    case .unreachable(let text): "no connection: \(text)"
    case .untrusted(let text): "the server isn't trusted: \(text)"
    case .timedOut(let text): "no answer in time: \(text)"
    case .answerTooLarge(let limit): "the answer has more than \(limit) bytes"
    case .cancelled: "cancelled"
    case .silent: "it says nothing"
    case .broken(let text): "the exchange broke off: \(text)"
    }
  }
}

/// Asks HTTP servers with libcurl, one question at a time for each thread that calls; connections are
/// kept and used again. Blocks its thread: never called on an event loop or in the cooperative pool.
package final class HTTPClient: Sendable {
  private let idle = Mutex(IdleHandles())
  private let keptHandles: Int
  private let connections = Atomic(0)
  private let signs = SignsOfLife()
  private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  /// - Parameter keptHandles: how many are kept with their connections while nobody asks: one for each
  ///   server that is asked again and again is a good number.
  package init(keptHandles: Int = 16) {
    self.keptHandles = keptHandles
  }

  deinit {
    for handle in idle.withLock({ $0.takeAll() }) { handle.destroy() }
  }

  /// Connections made so far.
  package var connectionsMade: Int { connections.load(ordering: .relaxed) }

  /// - Parameters:
  ///   - lifeCheck: how to find out that nobody is there any more; nil: `deadlines` alone count.
  ///   - isWanted: asked some times a second; false ends the exchange.
  package func ask(
    _ question: HTTPQuestion, deadlines: HTTPDeadlines, lifeCheck: HTTPLifeCheck? = nil,
    isWanted: @escaping () -> Bool = { true }
  ) throws(HTTPFailure) -> HTTPAnswer {
    let origin = IdleHandles.origin(of: question.url)
    guard Self.isReady, let handle = take(origin) else {
      throw .broken("libcurl could not be started")
    }
    let exchange = Exchange(question)
    exchange.prepare(handle.transfer, deadlines)
    let end = exchange.withBody(handle.transfer) {
      ExchangeLoop(
        handle, lifeCheck, signs: signs, isWanted: isWanted, isLate: exchange.isLate(waited:)
      ).run()
    }
    let answer = exchange.answer(handle.transfer)
    connections.add(exchange.connectionsMade(handle.transfer), ordering: .relaxed)
    curl_easy_reset(handle.transfer)
    giveBack(handle, origin)
    if let failure = exchange.failure { throw failure }
    switch end {
    case .finished(CURLE_OK): return answer
    case .finished(let code): throw Self.failure(code, exchange.errorText)
    case .unwanted: throw .cancelled
    case .silent: throw .silent
    }
  }

  private func take(_ origin: String) -> CurlHandle? {
    if let kept = idle.withLock({ $0.take(for: origin, limit: keptHandles) }) { return kept }
    return CurlHandle()
  }

  private func giveBack(_ handle: CurlHandle, _ origin: String) {
    let isKept = idle.withLock { $0.giveBack(handle, origin: origin, limit: keptHandles) }
    if !isKept { handle.destroy() }
  }

  private static func failure(_ code: CURLcode, _ text: String) -> HTTPFailure {
    let text = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
    switch code {
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .badAddress(text)
    case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
      return .unreachable(text)
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE,
      CURLE_SSL_CERTPROBLEM:
      return .untrusted(text)
    case CURLE_OPERATION_TIMEDOUT: return .timedOut(text)
    default: return .broken(text)
    }
  }
}
