import CCrypto
import Logging
import Platform
import Settings
import Synchronization
import Transport

/// An RSA public key of a key set (RFC 7517), both numbers as they stand there, big-endian.
struct RSAKey: Sendable {
  enum Algorithm: String {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"

    fileprivate var digest: String { "SHA" + rawValue.suffix(3) }
    fileprivate var isPSS: Bool { rawValue.hasPrefix("PS") }
  }

  var modulus: [UInt8]
  var exponent: [UInt8]
  /// The only one that the set allows for this key, where it says so.
  var algorithm: String?

  func verifies(_ signature: [UInt8], of message: [UInt8], _ algorithm: Algorithm) -> Bool {
    if let only = self.algorithm, only != algorithm.rawValue { return false }
    return ccrypto_rsa_verifies(
      modulus, modulus.count, exponent, exponent.count, algorithm.digest,
      algorithm.isPSS ? 1 : 0, message, message.count, signature, signature.count) == 1
  }
}

/// The keys behind a URL. Fetched when they are first needed; again when a token names a key that is not
/// there, but not more often than once a minute; and every hour. While the URL is away the keys that
/// are known stay.
final class KeySet: Sendable {
  private struct State {
    var keys: [String: RSAKey] = [:]
    var fetched: Int64?
    var isFetching = false
  }

  private let state = Mutex(State())
  private let url: String
  private let client: HTTPClient
  private let threads: BlockingThreads
  private let logger: Logger
  private static let minute: Int64 = 60_000_000_000

  init(url: String, client: HTTPClient, threads: BlockingThreads, logger: Logger) {
    self.url = url
    self.client = client
    self.threads = threads
    self.logger = logger
  }

  func key(_ name: String) async -> RSAKey? {
    let now = Clock.monotonic
    let (key, shallFetch) = state.withLock { state -> (RSAKey?, Bool) in
      let key = state.keys[name]
      let age = state.fetched.map { now - $0 } ?? .max
      let shallFetch = !state.isFetching && age > (key == nil ? Self.minute : 60 * Self.minute)
      if shallFetch { state.isFetching = true }
      return (key, shallFetch)
    }
    guard shallFetch else { return key }
    let fetched = await threads.run { [self] in fetch() }
    return state.withLock { state in
      state.isFetching = false
      state.fetched = now
      if let fetched { state.keys = fetched }
      return state.keys[name]
    }
  }

  private func fetch() -> [String: RSAKey]? {
    var question = HTTPQuestion(.get, url)
    question.answerLimit = 1 << 20
    var deadlines = HTTPDeadlines()
    deadlines.total = 10_000
    do throws(HTTPFailure) {
      let answer = try client.ask(question, deadlines: deadlines)
      guard answer.status == 200, let keys = Self.keys(in: answer.body) else {
        logger.warning(
          "the key set can't be used", metadata: ["url": "\(url)", "status": "\(answer.status)"])
        return nil
      }
      return keys
    } catch {
      logger.warning(
        "the key set can't be fetched", metadata: ["url": "\(url)", "reason": "\(error)"])
      return nil
    }
  }

  /// The RSA keys for signatures in a JSON Web Key Set; nil when it is none.
  static func keys(in body: [UInt8]) -> [String: RSAKey]? {
    guard let text = String(validating: body, as: UTF8.self),
      let document = try? JSONDocument.parse(text), case .array(let list)? = document["keys"]
    else { return nil }
    var keys: [String: RSAKey] = [:]
    for case .table(let entry) in list {
      guard entry["kty"] == .string("RSA"), case .string(let name)? = entry["kid"],
        case .string(let modulus)? = entry["n"], case .string(let exponent)? = entry["e"],
        let n = Base64URL.decode(modulus), let e = Base64URL.decode(exponent),
        // Shorter ones can be factored, larger ones are there to keep us busy.
        (256...1024).contains(n.count), (1...8).contains(e.count)
      else { continue }
      if let use = entry["use"], use != .string("sig") { continue }
      var key = RSAKey(modulus: n, exponent: e)
      if case .string(let algorithm)? = entry["alg"] { key.algorithm = algorithm }
      keys[name] = key
    }
    return keys
  }
}
