import CCurl
import Glibc

/// Watches for signs of life during one exchange, in the same loop: whoever waits for the sign misses no
/// answer meanwhile. What counts is a byte that moved, on the exchange's own connection or as the answer to
/// a question asked beside it, by this exchange or by another one that waits for the same peer. A question
/// that fails is no sign, and is asked again.
final class Vigil {
  private let check: HTTPLifeCheck
  private let handle: CurlHandle
  private let signs: SignsOfLife
  /// How many of the shared signs were seen.
  private var seen: Int
  /// The question that is under way.
  private var probe: (exchange: Exchange, transfer: UnsafeMutableRawPointer)?
  /// Nanoseconds waited since the last sign, and at which a question may be asked.
  private var quiet: Int64 = 0
  private var askedAgainAt: Int64 = 0
  private var moved: (bytes: Int, unacknowledged: Int32) = (0, 0)
  /// Where questions fail at once.
  private static let pause: Int64 = 100_000_000

  init(_ check: HTTPLifeCheck, beside handle: CurlHandle, signs: SignsOfLife) {
    self.check = check
    self.handle = handle
    self.signs = signs
    seen = signs.begin(check.question.url)
  }

  deinit {
    end(isAlive: false)
    signs.end(check.question.url)
  }

  private var begin: Int64 { Int64(check.quiet) * 1_000_000 }
  private var limit: Int64 { begin + Int64(check.answer) * 1_000_000 }

  var isOver: Bool { quiet >= limit }

  /// Nanoseconds until `look` or `isOver` has something to say.
  var next: Int64 {
    let event = probe == nil ? min(limit, max(begin, askedAgainAt)) : limit
    return max(1_000_000, event - quiet)
  }

  /// So long nothing could be seen.
  func pass(_ nanoseconds: Int64) { quiet += nanoseconds }

  func look() {
    let present = movement()
    // Until the question is sent it is the deadline for the connection that counts. Bytes that the other
    // end's kernel takes tell that the line is slow; a process that stands still has room for few.
    if present.bytes == 0 || present.bytes != moved.bytes
      || present.unacknowledged < moved.unacknowledged
    {
      sign()
    }
    moved = present
    let count = signs.count(check.question.url)
    if count != seen { sign() }
    seen = count
    if probe == nil, quiet >= max(begin, askedAgainAt), !isOver { ask() }
  }

  /// The question for a sign of life has got its answer, or none.
  func ended(_ code: CURLcode) {
    end(isAlive: code == CURLE_OK)
    if code == CURLE_OK { sign() } else { askedAgainAt = quiet + Self.pause }
  }

  private func sign() {
    quiet = 0
    askedAgainAt = 0
  }

  private func movement() -> (bytes: Int, unacknowledged: Int32) {
    var request = 0
    var up = 0
    var down = 0
    ccurl_get_long(handle.transfer, CURLINFO_REQUEST_SIZE, &request)
    ccurl_get_size(handle.transfer, CURLINFO_SIZE_UPLOAD_T, &up)
    ccurl_get_size(handle.transfer, CURLINFO_SIZE_DOWNLOAD_T, &down)
    var socket: curl_socket_t = -1
    var unacknowledged: Int32 = 0
    if ccurl_get_socket(handle.transfer, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK, socket >= 0 {
      _ = ioctl(socket, UInt(TIOCOUTQ), &unacknowledged)
    }
    return (request + up + down, unacknowledged)
  }

  private func ask() {
    guard signs.claim(check.question.url) else { return }
    start()
    if probe == nil { signs.asked(check.question.url, isAlive: false) }
  }

  private func start() {
    guard let transfer = curl_easy_init() else { return }
    let exchange = Exchange(check.question)
    var deadlines = HTTPDeadlines()
    deadlines.connect = check.answer
    deadlines.total = check.answer
    exchange.prepare(transfer, deadlines)
    exchange.withBody(transfer) {
      guard curl_multi_add_handle(handle.loop, transfer) == CURLM_OK else {
        curl_easy_cleanup(transfer)
        return
      }
      probe = (exchange, transfer)
    }
  }

  private func end(isAlive: Bool) {
    guard let probe else { return }
    signs.asked(check.question.url, isAlive: isAlive)
    curl_multi_remove_handle(handle.loop, probe.transfer)
    curl_easy_cleanup(probe.transfer)
    self.probe = nil
  }
}
