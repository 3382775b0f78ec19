import CPosix

/// Why the daemon can't be used for this call.
enum ConnectionFailure: Error {
  case notListening, wrongOwner, timedOut, closed, otherProtocol, startFailed,
    noDaemonProgram
  /// It isn't there, and failed a moment ago.
  case resting

  var message: StaticString {
    switch self {
    case .notListening: "no daemon listens"
    case .wrongOwner: "the daemon's socket belongs to another user"
    case .timedOut: "the daemon doesn't answer"
    case .closed: "the daemon went away"
    case .otherProtocol: "the daemon speaks another version"
    case .startFailed, .resting: "the daemon could not be started in time (see SCCACHE_ERROR_LOG)"
    case .noDaemonProgram: "sccached was not found beside sccache"
    }
  }
}

struct Frame {
  var kind: FrameKind
  var body: [UInt8]
}

/// A connection to the daemon. Every wait is bounded by silence: the daemon says twice a second
/// that it is alive.
struct Connection {
  let descriptor: Int32
  /// Milliseconds (`SCCACHE_DAEMON_TIMEOUT_MS`, 5000).
  let silenceLimit: Int32

  init(_ endpoint: Endpoint) throws(ConnectionFailure) {
    // A daemon that hung a moment ago gets a short time to show that it lives.
    let limit = milliseconds("SCCACHE_DAEMON_TIMEOUT_MS", default: 5000)
    silenceLimit = failedLately(endpoint) ? min(limit, 2000) : limit
    switch endpoint {
    case .path(let path): descriptor = try Self.dialUnix(path, abstract: false)
    case .abstract(let name): descriptor = try Self.dialUnix(name, abstract: true)
    case .port(let port): descriptor = cposix_connect_loopback(port)
    }
    guard descriptor >= 0 else { throw .notListening }
    var time = timeval(tv_sec: Int(silenceLimit) / 1000, tv_usec: Int(silenceLimit) % 1000 * 1000)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, UInt32(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, UInt32(MemoryLayout<timeval>.size))
  }

  private static func dialUnix(_ name: [UInt8], abstract: Bool) throws(ConnectionFailure) -> Int32 {
    let descriptor = cposix_connect_unix(name, name.count, abstract ? 1 : 0)
    guard descriptor >= 0 else { throw .notListening }
    var peer = cposix_credentials()
    guard cposix_peer_credentials(descriptor, &peer) == 0, peer.uid == geteuid() else {
      close(descriptor)
      throw .wrongOwner
    }
    return descriptor
  }

  /// False when the daemon is gone or takes nothing within the limit.
  func send(_ frame: [UInt8]) -> Bool {
    frame.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let count = CPosix.send(
          descriptor, bytes.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
        if count < 0, cposix_errno() == EINTR { continue }
        guard count > 0 else { return false }
        sent += count
      }
      return true
    }
  }

  func receive() throws(ConnectionFailure) -> Frame {
    let head = try receive(count: FrameHeader.byteCount)
    guard let header = head.withUnsafeBytes({ try? FrameHeader.decode($0) }) else {
      throw .otherProtocol
    }
    return Frame(kind: header.kind, body: try receive(count: header.bodyLength))
  }

  private func receive(count: Int) throws(ConnectionFailure) -> [UInt8] {
    var failure: ConnectionFailure?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = 0
      while filled < count {
        let received = recv(descriptor, buffer.baseAddress! + filled, count - filled, 0)
        if received < 0, cposix_errno() == EINTR { continue }
        guard received > 0 else {
          failure = received == 0 || cposix_errno() != EAGAIN ? .closed : .timedOut
          return
        }
        filled += received
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
