import Farm
import Logging
import Platform
import Synchronization
import Transport

/// A token is good when the configured URL answers 2xx to it (`proxy_token`). Good answers are
/// remembered for the configured time, bad ones never.
final class ForwardedClientTokens: ClientAuthenticator {
  let refusal = ErrorResponse.Refusal.proxyToken
  private let url: String
  private let cacheNanoseconds: Int64
  private let client: HTTPClient
  private let threads: BlockingThreads
  private let logger: Logger
  /// When the digests of good tokens cease to be believed: no token is kept.
  private let known = Mutex<[Digest: Int64]>([:])
  private static let limit = 10_000

  init(
    url: String, cacheSeconds: Int, client: HTTPClient, threads: BlockingThreads, logger: Logger
  ) {
    self.url = url
    cacheNanoseconds = Int64(cacheSeconds) * 1_000_000_000
    self.client = client
    self.threads = threads
    self.logger = logger
  }

  func accepts(_ token: String) async -> Bool {
    // It would end the header and begin another.
    guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return false }
    let digest = Digest.of(Array(token.utf8))
    let now = Clock.monotonic
    if let end = known.withLock({ $0[digest] }), now < end { return true }
    let url = url
    let isGood = await threads.run { [client, logger] in
      var question = HTTPQuestion(.get, url)
      question.headers = [("authorization", Authorization.header(bearer: token))]
      question.answerLimit = 1 << 20
      var deadlines = HTTPDeadlines()
      deadlines.total = 10_000
      do throws(HTTPFailure) {
        return (200..<300).contains(try client.ask(question, deadlines: deadlines).status)
      } catch {
        logger.warning("client tokens can't be checked", metadata: ["reason": "\(error)"])
        return false
      }
    }
    if isGood, cacheNanoseconds > 0 {
      known.withLock { known in
        if known.count >= Self.limit { known.removeAll() }
        known[digest] = now + cacheNanoseconds
      }
    }
    return isGood
  }
}
