import CCurl
import Glibc
import Platform

/// One question under way; libcurl's callbacks get it as their context. It outlives its transfer.
final class Exchange {
  private let question: HTTPQuestion
  private var head = HTTPHead()
  private var body: [UInt8] = []
  private var unsent: ArraySlice<UInt8> = []
  /// Of a readable body.
  private var sent = 0
  private var firstByteNanoseconds: Int64 = 0
  private var hasFirstByte = false
  /// Shorter than our servers keep a connection: one that is closed just when it is used again costs a
  /// question whose body can't be sent twice.
  private static let greatestIdleSeconds = 25
  private let errorBuffer = UnsafeMutableBufferPointer<CChar>.allocate(
    capacity: Int(CURL_ERROR_SIZE) + 1)
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private(set) var failure: HTTPFailure?

  init(_ question: HTTPQuestion) {
    self.question = question
    errorBuffer.initialize(repeating: 0)
  }

  deinit {
    curl_slist_free_all(headerList)
    errorBuffer.deallocate()
  }

  var errorText: String {
    String(decoding: errorBuffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Everything but the body.
  func prepare(_ handle: UnsafeMutableRawPointer, _ deadlines: HTTPDeadlines) {
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
    firstByteNanoseconds = Int64(deadlines.firstByte) * 1_000_000
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
    // Without a body's sign libcurl waits a second for `100 Continue`.
    for line in headerLines { headerList = curl_slist_append(headerList, line) }
    ccurl_set_list(handle, CURLOPT_HTTPHEADER, headerList)
    ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorBuffer.baseAddress)
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
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> Exchange? {
    context.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Sets the method and the body, which lasts as long as `perform` runs.
  func withBody<Result>(
    _ handle: UnsafeMutableRawPointer, _ perform: () -> Result
  ) -> Result {
    switch question.method {
    case .get:
      ccurl_set_long(handle, CURLOPT_HTTPGET, 1)
      return perform()
    case .head:
      ccurl_set_long(handle, CURLOPT_NOBODY, 1)
      return perform()
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
      return perform()
    case .bytes(let bytes):
      ccurl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, bytes.count)
      return bytes.withUnsafeBytes { bytes in
        ccurl_set_pointer(
          handle, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
        return perform()
      }
    case .readable(let count, _):
      setUpload(handle, count)
      return perform()
    case .pieces:
      ccurl_set_long(handle, CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10)
      return perform()
    }
  }

  private func setUpload(_ handle: UnsafeMutableRawPointer, _ count: Int) {
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
  }

  /// The first byte should have come.
  ///
  /// - Parameter waited: nanoseconds for the peer. A machine that stood still itself has not waited.
  func isLate(waited: Int64) -> Bool {
    !hasFirstByte && firstByteNanoseconds > 0 && waited > firstByteNanoseconds
  }

  func answer(_ handle: UnsafeMutableRawPointer) -> HTTPAnswer {
    var status = 0
    ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    return HTTPAnswer(status: status, headers: head.headers, body: body)
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
    if let sink = question.sink, 200..<300 ~= head.status {
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
    hasFirstByte = true
    guard head.take(UnsafeRawBufferPointer(start: bytes, count: count)) else {
      failure = .answerTooLarge(limit: HTTPHead.longest)
      return count == 0 ? 1 : count - 1
    }
    return count
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
