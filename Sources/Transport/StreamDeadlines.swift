/// How long a step of a conversation over a `StreamConnection` may take.
package struct StreamDeadlines: Sendable {
  /// Milliseconds in which nothing moves.
  package var silence: Int
  /// When all has to be done, in nanoseconds of the monotonic clock.
  package var end: Int64

  package init(silence: Int, end: Int64) {
    self.silence = silence
    self.end = end
  }

  /// When a wait that begins now is over.
  func next(_ now: Int64) -> Int64 { min(end, now + Int64(silence) * 1_000_000) }
}

/// Why there is no connection, or none any more.
package enum StreamFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// Nobody listens, no such name, or no connection in time.
  case unreachable(String)
  /// TLS failed, as a rule because of the certificate.
  case untrusted(String)
  case timedOut(String)
  /// The other side closed, or the network did.
  case closed(String)

  package var description: String {
    switch self {
    case .unreachable(let text): "no connection: \(text)"
    case .untrusted(let text): "the server isn't trusted: \(text)"
    case .timedOut(let text): "no answer in time: \(text)"
    case .closed(let text): "the connection is closed: \(text)"
    }
  }
}

/// Where a server listens.
package enum StreamAddress: Sendable, Hashable, CustomStringConvertible {
  /// A name or a literal address, without brackets.
  case tcp(host: String, port: UInt16)
  case unix(path: String)

  package var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): path
    }
  }
}
