import Glibc
import Platform
import Synchronization

/// A connection to a server that speaks neither HTTP nor a library's protocol: TCP or a socket in the file
/// system, with TLS or without. Every call blocks its thread until its deadline at most. One thread may read
/// while another one writes.
///
/// With TLS, writing to a connection that is closed raises SIGPIPE: the process has to ignore it.
package final class StreamConnection: @unchecked Sendable {
  // Sendable: one thread at a time reads, one at a time writes, and `turn` keeps them apart where they meet.
  private let socket: Descriptor
  private let tls: TLSSession?
  /// OpenSSL's sessions are for one thread at a time. Nobody waits for the network with it.
  private let turn = Mutex(())
  private let name: String

  private init(_ socket: consuming Descriptor, _ tls: TLSSession?, _ name: String) {
    self.socket = socket
    self.tls = tls
    self.name = name
  }

  /// - Parameters:
  ///   - tls: nil: no TLS. There is none on a socket in the file system.
  ///   - deadline: nanoseconds of the monotonic clock, handshake included.
  package static func open(
    to address: StreamAddress, tls client: TLSClient?, until deadline: Int64
  ) throws(StreamFailure) -> StreamConnection {
    let name = address.description
    switch address {
    case .unix(let path):
      let socket = try connect(try Self.candidate(path: path), name, until: deadline)
      return StreamConnection(socket, nil, name)
    case .tcp(let host, let port):
      let socket = try connect(host: host, port: port, name, until: deadline)
      let session = try client.map { client throws(StreamFailure) in
        try client.session(on: socket.number, host: host)
      }
      let connection = StreamConnection(socket, session, name)
      if let session { try connection.shakeHands(session, until: deadline) }
      return connection
    }
  }

  /// A connection that stands already, which this closes; without TLS.
  init(over socket: consuming Descriptor, _ name: String) {
    self.socket = socket
    tls = nil
    self.name = name
  }

  /// Reads what there is, at least a byte.
  ///
  /// - Returns: 0 when the other side closed.
  package func read(
    into target: UnsafeMutableRawBufferPointer, _ deadlines: StreamDeadlines
  ) throws(StreamFailure) -> Int {
    let deadline = deadlines.next(Clock.monotonic)
    while true {
      switch readStep(target) {
      case .done(let count): return count
      case .closed: return 0
      case .failed(let reason): throw .closed("\(name): \(reason)")
      case .wants(let events): try wait(events, until: deadline)
      }
    }
  }

  package func write(
    _ bytes: UnsafeRawBufferPointer, _ deadlines: StreamDeadlines
  ) throws(StreamFailure) {
    var rest = bytes[...]
    var deadline = deadlines.next(Clock.monotonic)
    while !rest.isEmpty {
      switch writeStep(UnsafeRawBufferPointer(rebasing: rest)) {
      case .done(let count):
        rest = rest.dropFirst(count)
        deadline = deadlines.next(Clock.monotonic)
      case .closed: throw .closed("\(name): it was closed while it was written to")
      case .failed(let reason): throw .closed("\(name): \(reason)")
      case .wants(let events): try wait(events, until: deadline)
      }
    }
  }

  /// Whether the connection can serve another question: it is open, and nothing came that nobody asked for.
  /// Costs no round trip.
  package var isIdle: Bool {
    var state = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
    guard poll(&state, 1, 0) > 0 else { return true }
    return tls.map { !$0.hasSomethingUnasked() } ?? false
  }

  // MARK: steps that don't block

  private func readStep(_ target: UnsafeMutableRawBufferPointer) -> TLSSession.Step {
    if let tls { return turn.withLock { _ in tls.read(into: target) } }
    let count = recv(socket.number, target.baseAddress, target.count, 0)
    return count == 0 ? .closed : Self.step(count, waitsFor: Int16(POLLIN))
  }

  private func writeStep(_ bytes: UnsafeRawBufferPointer) -> TLSSession.Step {
    if let tls { return turn.withLock { _ in tls.write(bytes) } }
    let count = send(socket.number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    return Self.step(count, waitsFor: Int16(POLLOUT))
  }

  private static func step(_ count: Int, waitsFor events: Int16) -> TLSSession.Step {
    if count >= 0 { return .done(count) }
    switch errno {
    case EAGAIN, EINTR: return .wants(events: events)
    default: return .failed(String(cString: strerror(errno)))
    }
  }

  private func wait(_ events: Int16, until deadline: Int64) throws(StreamFailure) {
    guard Self.isReady(socket.number, events, until: deadline) else { throw .timedOut(name) }
  }

  private func shakeHands(_ session: TLSSession, until deadline: Int64) throws(StreamFailure) {
    while true {
      switch session.handshake() {
      case .done: return
      case .closed: throw .untrusted("\(name): it closed the connection")
      case .failed(let reason): throw .untrusted("\(name): \(reason)")
      case .wants(let events): try wait(events, until: deadline)
      }
    }
  }

  // MARK: connecting

  private static func connect(
    host: String, port: UInt16, _ name: String, until deadline: Int64
  ) throws(StreamFailure) -> Descriptor {
    var candidates = try NameLookup.candidates(host: host, port: port, until: deadline)[...]
    while true {
      guard let candidate = candidates.popFirst() else {
        throw .unreachable("\(name): the name has no address")
      }
      // Those that are left get their share: the first may be an IPv6 address that leads nowhere.
      let now = Clock.monotonic
      let share = (deadline - now) / Int64(candidates.count + 1)
      do throws(StreamFailure) {
        return try connect(candidate, name, until: now + share)
      } catch {
        if candidates.isEmpty { throw error }
      }
    }
  }

  private static func connect(
    _ candidate: NameLookup.Candidate, _ name: String, until deadline: Int64
  ) throws(StreamFailure) -> Descriptor {
    let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    let socket = Descriptor(Glibc.socket(candidate.family, Int32(kind), 0))
    guard socket.number >= 0 else {
      throw .unreachable("\(name): \(String(cString: strerror(errno)))")
    }
    while true {
      let code = candidate.bytes.withUnsafeBytes { bytes in
        bytes.withMemoryRebound(to: sockaddr.self) {
          Glibc.connect(socket.number, $0.baseAddress, socklen_t(bytes.count))
        }
      }
      if code == 0 { break }
      if errno == EAGAIN, Clock.monotonic < deadline {
        // A socket in the file system whose queue is full; there is nothing to poll for.
        usleep(5_000)
        continue
      }
      guard errno == EINPROGRESS else {
        throw .unreachable("\(name): \(String(cString: strerror(errno)))")
      }
      guard isReady(socket.number, Int16(POLLOUT), until: deadline) else {
        throw .unreachable("\(name): not within the time for connecting")
      }
      var failure: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &failure, &size)
      guard failure == 0 else {
        throw .unreachable("\(name): \(String(cString: strerror(failure)))")
      }
      break
    }
    setOptions(socket.number)
    return socket
  }

  private static func candidate(path: String) throws(StreamFailure) -> NameLookup.Candidate {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
      guard path.utf8.count < room.count else { return false }
      room.copyBytes(from: path.utf8)
      return true
    }
    guard fits else { throw .unreachable("\(path): the path is too long for a socket") }
    return NameLookup.Candidate(
      family: AF_UNIX, bytes: withUnsafeBytes(of: &address) { Array($0) })
  }

  /// What has no meaning for a socket in the file system fails there, and that is fine.
  private static func setOptions(_ socket: Int32) {
    var yes: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(socket, Int32(IPPROTO_TCP), 1 /* TCP_NODELAY */, &yes, size)
    setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, size)
  }

  private static func isReady(_ socket: Int32, _ events: Int16, until deadline: Int64) -> Bool {
    while true {
      let left = deadline - Clock.monotonic
      guard left > 0 else { return false }
      var state = pollfd(fd: socket, events: events, revents: 0)
      let count = poll(&state, 1, Int32(clamping: (left + 999_999) / 1_000_000))
      if count > 0 { return true }
      guard count == 0 || errno == EINTR else { return false }
    }
  }
}
