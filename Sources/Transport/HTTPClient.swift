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
  case broken(String)

  package var description: String {
    switch self {
    case .badAddress(let text): "the address can't be used: \(text)"
    case .unreachable(let text): "no connection: \(text)"
    case .untrusted(let text): "the server isn't trusted: \(text)"
    case .timedOut(let text): "no answer in time: \(text)"
    case .answerTooLarge(let limit): "the answer has more than \(limit) bytes"
    case .cancelled: "cancelled"
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
  private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  /// - Parameter keptHandles: how many are kept with their connections while nobody asks: one for each
  ///   server that is asked again and again is a good number.
  package init(keptHandles: Int = 16) {
    self.keptHandles = keptHandles
  }

  deinit {
    for handle in idle.withLock({ $0.takeAll() }) {
      curl_easy_cleanup(UnsafeMutableRawPointer(handle))
    }
  }

  /// Connections made so far.
  package var connectionsMade: Int { connections.load(ordering: .relaxed) }

  /// - Parameter isWanted: asked about once a second; false ends the exchange.
  package func ask(
    _ question: HTTPQuestion, deadlines: HTTPDeadlines, isWanted: @escaping () -> Bool = { true }
  ) throws(HTTPFailure) -> HTTPAnswer {
    let origin = IdleHandles.origin(of: question.url)
    guard Self.isReady, let handle = take(origin) else {
      throw .broken("libcurl could not be started")
    }
    let exchange = Exchange(question, isWanted: isWanted)
    let code = exchange.perform(handle, deadlines)
    let answer = exchange.answer(handle)
    connections.add(exchange.connectionsMade(handle), ordering: .relaxed)
    curl_easy_reset(handle)
    giveBack(handle, origin)
    if let failure = exchange.failure { throw failure }
    guard code == CURLE_OK else { throw Self.failure(code, exchange.errorText) }
    return answer
  }

  private func take(_ origin: String) -> UnsafeMutableRawPointer? {
    if let kept = idle.withLock({ $0.take(for: origin, limit: keptHandles) }) {
      return UnsafeMutableRawPointer(kept)
    }
    return curl_easy_init()
  }

  private func giveBack(_ handle: UnsafeMutableRawPointer, _ origin: String) {
    let isKept = idle.withLock {
      $0.giveBack(OpaquePointer(handle), origin: origin, limit: keptHandles)
    }
    if !isKept { curl_easy_cleanup(handle) }
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
    case CURLE_ABORTED_BY_CALLBACK: return .cancelled
    default: return .broken(text)
    }
  }
}

/// One question under way; libcurl's callbacks get it as their context.
private final class Exchange {
  private let question: HTTPQuestion
  private let isWanted: () -> Bool
  private var status = 0
  private var headers: [(name: String, value: String)] = []
  private var body: [UInt8] = []
  private var unsent: ArraySlice<UInt8> = []
  private var sent = 0
  private let started = Clock.monotonic
  private var hasFirstByte = false
  private var firstByteDeadline = Int64.max
  /// Shorter than our servers keep a connection: one that is closed just when it is used again costs a
  /// question whose body can't be sent twice.
  private static let greatestIdleSeconds = 25
  private var errorBuffer = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE) + 1)
  private(set) var failure: HTTPFailure?

  init(_ question: HTTPQuestion, isWanted: @escaping () -> Bool) {
    self.question = question
    self.isWanted = isWanted
  }

  var errorText: String {
    String(decoding: errorBuffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func perform(_ handle: UnsafeMutableRawPointer, _ deadlines: HTTPDeadlines) -> CURLcode {
    let context = Unmanaged.passUnretained(self).toOpaque()
    ccurl_set_text(handle, CURLOPT_URL, question.url)
    ccurl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
    ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    ccurl_set_long(
      handle, CURLOPT_HTTP_VERSION,
      question.allowsHTTP2 ? 4 /* CURL_HTTP_VERSION_2TLS */ : 2 /* CURL_HTTP_VERSION_1_1 */)
    ccurl_set_long(handle, CURLOPT_TCP_NODELAY, 1)
    ccurl_set_long(handle, CURLOPT_MAXAGE_CONN, Self.greatestIdleSeconds)
    ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, deadlines.connect)
    ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, deadlines.total)
    if deadlines.firstByte > 0 {
      firstByteDeadline = started + Int64(deadlines.firstByte) * 1_000_000
    }
    if deadlines.silence > 0 {
      ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
      ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, max(1, deadlines.silence / 1000))
    }
    setTransfers(handle, context)
    if let pinned = question.pinnedCertificate {
      pinned.withUnsafeBytes { bytes in
        _ = ccurl_set_blob(handle, CURLOPT_CAINFO_BLOB, bytes.baseAddress, bytes.count)
      }
      ccurl_set_text(handle, CURLOPT_CAPATH, nil)
      // A certificate that was made on a whim has no one to revoke it, and no proxy may stand before it.
      ccurl_set_text(handle, CURLOPT_PROXY, "")
    }
    if question.avoidsProxy { ccurl_set_text(handle, CURLOPT_PROXY, "") }
    if let file = question.authoritiesFile { ccurl_set_text(handle, CURLOPT_CAINFO, file) }
    var list: UnsafeMutablePointer<curl_slist>?
    defer { curl_slist_free_all(list) }
    // Without a body's sign libcurl waits a second for `100 Continue`.
    for line in headerLines { list = curl_slist_append(list, line) }
    ccurl_set_list(handle, CURLOPT_HTTPHEADER, list)
    return errorBuffer.withUnsafeMutableBufferPointer { buffer in
      ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, buffer.baseAddress)
      return withExtendedLifetime(self) { setBodyAndPerform(handle) }
    }
  }

  private var headerLines: [String] {
    var lines = ["expect:"]
    if case .pieces = question.body { lines.append("transfer-encoding: chunked") }
    if !question.headers.contains(where: { $0.name == "content-type" }) {
      lines.append("content-type:")
    }
    return lines + question.headers.map { "\($0.name): \($0.value)" }
  }

  private func setTransfers(
    _ handle: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer
  ) {
    ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    ccurl_set_transfer(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      Exchange.of(context)?.receive(bytes, size * count) ?? 0
    }
    ccurl_set_pointer(handle, CURLOPT_HEADERDATA, context)
    ccurl_set_transfer(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      Exchange.of(context)?.receiveHeader(bytes, size * count) ?? 0
    }
    ccurl_set_pointer(handle, CURLOPT_READDATA, context)
    ccurl_set_transfer(handle, CURLOPT_READFUNCTION) { bytes, size, count, context in
      Exchange.of(context)?.send(bytes, size * count) ?? ccurl_read_abort()
    }
    ccurl_set_long(handle, CURLOPT_NOPROGRESS, 0)
    ccurl_set_pointer(handle, CURLOPT_XFERINFODATA, context)
    ccurl_set_progress(handle) { context, _, _, _, _ in
      Exchange.of(context)?.goesOn() ?? false ? 0 : 1
    }
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> Exchange? {
    context.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
  }

  private func setBodyAndPerform(_ handle: UnsafeMutableRawPointer) -> CURLcode {
    switch question.method {
    case .get:
      ccurl_set_long(handle, CURLOPT_HTTPGET, 1)
      return curl_easy_perform(handle)
    case .head:
      ccurl_set_long(handle, CURLOPT_NOBODY, 1)
      return curl_easy_perform(handle)
    case .post: ccurl_set_long(handle, CURLOPT_POST, 1)
    case .put, .patch, .delete, .propertiesFind, .makeCollection:
      ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, question.method.rawValue)
    }
    switch question.body {
    case .none:
      if question.method == .post || question.method == .put {
        ccurl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, 0)
        ccurl_set_text(handle, CURLOPT_POSTFIELDS, "")
      }
      return curl_easy_perform(handle)
    case .bytes(let bytes):
      ccurl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, bytes.count)
      return bytes.withUnsafeBytes { bytes in
        ccurl_set_pointer(
          handle, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
        return curl_easy_perform(handle)
      }
    case .readable(let count, _):
      ccurl_set_long(handle, CURLOPT_UPLOAD, 1)
      ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, question.method.rawValue)
      ccurl_set_size(handle, CURLOPT_INFILESIZE_LARGE, count)
      ccurl_set_long(handle, CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10)
      // A kept connection may turn out to be closed when the first bytes are away already.
      ccurl_set_pointer(handle, CURLOPT_SEEKDATA, Unmanaged.passUnretained(self).toOpaque())
      ccurl_set_seek(handle) { context, offset, origin in
        origin == SEEK_SET && Exchange.of(context)?.rewind(to: Int(offset)) ?? false
          ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_CANTSEEK
      }
      return curl_easy_perform(handle)
    case .pieces:
      ccurl_set_long(handle, CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10)
      return curl_easy_perform(handle)
    }
  }

  func answer(_ handle: UnsafeMutableRawPointer) -> HTTPAnswer {
    var status = 0
    ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    return HTTPAnswer(status: status, headers: headers, body: body)
  }

  func connectionsMade(_ handle: UnsafeMutableRawPointer) -> Int {
    var count = 0
    ccurl_get_long(handle, CURLINFO_NUM_CONNECTS, &count)
    return count
  }

  // MARK: callbacks

  private func receive(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    guard let bytes else { return 0 }
    hasFirstByte = true
    if let sink = question.sink, 200..<300 ~= status {
      guard !sink(UnsafeRawBufferPointer(start: bytes, count: count)) else { return count }
      failure = .cancelled
      return count == 0 ? 0 : count - 1
    }
    guard body.count + count <= question.answerLimit else {
      failure = .answerTooLarge(limit: question.answerLimit)
      return count == 0 ? 0 : count - 1
    }
    body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
    return count
  }

  private func receiveHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    guard let bytes else { return 0 }
    let line = String(
      decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    hasFirstByte = true
    // A new head, after `100 Continue`.
    if line.hasPrefix("HTTP/") {
      headers.removeAll()
      status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
    if let colon = line.firstIndex(of: ":") {
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      headers.append(
        (String(line[..<colon]).lowercased(), String(value.prefix { !$0.isNewline })))
    }
    return count
  }

  /// Asked about once a second.
  private func goesOn() -> Bool {
    guard hasFirstByte || Clock.monotonic < firstByteDeadline else {
      failure = .timedOut("not one byte of an answer")
      return false
    }
    return isWanted()
  }

  private func rewind(to offset: Int) -> Bool {
    guard case .readable(let count, _) = question.body, 0...count ~= offset else { return false }
    sent = offset
    return true
  }

  private func send(_ target: UnsafeMutablePointer<CChar>?, _ room: Int) -> Int {
    guard let target else { return 0 }
    switch question.body {
    case .none, .bytes: return 0
    case .readable(let count, let read):
      let wanted = min(room, count - sent)
      guard wanted > 0 else { return 0 }
      let got = read(sent, UnsafeMutableRawBufferPointer(start: target, count: wanted))
      guard 1...wanted ~= got else {
        failure = .cancelled
        return ccurl_read_abort()
      }
      sent += got
      return got
    case .pieces(let next): return sendPiece(next, target, room)
    }
  }

  private func sendPiece(
    _ next: () -> [UInt8]?, _ target: UnsafeMutablePointer<CChar>, _ room: Int
  ) -> Int {
    if unsent.isEmpty {
      guard let piece = next() else {
        failure = .cancelled
        return ccurl_read_abort()
      }
      unsent = piece[...]
    }
    let count = min(room, unsent.count)
    unsent.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { memcpy(target, base, count) }
    }
    unsent = unsent.dropFirst(count)
    return count
  }
}
