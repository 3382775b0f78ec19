import CCurl

/// What libcurl needs for one question at a time: a transfer, and the loop that drives it and has its open
/// connections.
struct CurlHandle: @unchecked Sendable {
  // Sendable: a handle lies idle, with a lock around it, or is with one thread, never both.
  let transfer: UnsafeMutableRawPointer
  let loop: UnsafeMutableRawPointer
  /// libcurl would keep four for each transfer.
  private static let keptConnections = 4

  init?() {
    guard let transfer = curl_easy_init() else { return nil }
    guard let loop = curl_multi_init() else {
      curl_easy_cleanup(transfer)
      return nil
    }
    _ = ccurl_multi_set_long(loop, CURLMOPT_MAXCONNECTS, Self.keptConnections)
    self.transfer = transfer
    self.loop = loop
  }

  func destroy() {
    curl_easy_cleanup(transfer)
    curl_multi_cleanup(loop)
  }
}
