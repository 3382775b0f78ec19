import CPosix
import Glibc
import Platform

/// Takes a browser's requests on loopback. Browsers open connections without asking anything on them:
/// all that are open are waited for at once. Blocks its thread.
final class RedirectListener {
  /// As Mozilla's; they are registered at authorities.
  static let ports: [UInt16] = [12731, 32492, 56909]

  private struct Connection {
    var descriptor: Int32
    var bytes: [UInt8] = []
  }

  let port: UInt16
  private let listener: Int32
  private var connections: [Connection] = []
  private static let mostConnections = 16

  /// Listens on the first free one.
  init(ports: [UInt16] = RedirectListener.ports) throws(SignInFailure) {
    for port in ports {
      if let (descriptor, port) = Self.listen(port) {
        (listener, self.port) = (descriptor, port)
        return
      }
    }
    throw .noPort(ports)
  }

  deinit {
    close(listener)
    for connection in connections { close(connection.descriptor) }
  }

  private static func listen(_ port: UInt16) -> (descriptor: Int32, port: UInt16)? {
    let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_INET, flags, 0)
    guard descriptor >= 0 else { return nil }
    // The last sign-in's connections linger for a minute.
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, 16) == 0
          ? getsockname(descriptor, $0, &length) : -1
      }
    }
    guard code == 0 else {
      close(descriptor)
      return nil
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  /// Answers requests until `handle` gives a result, or until `deadline` (nanoseconds of the monotonic
  /// clock): then nil.
  func serve<Result>(
    until deadline: Int64, _ handle: (BrowserRequest) -> (reply: BrowserReply, result: Result?)
  ) -> Result? {
    while Clock.monotonic < deadline {
      for index in readable(until: deadline).sorted(by: >) {
        guard let request = receive(index) else { continue }
        let (reply, result) = handle(request)
        send(reply, on: index)
        if let result { return result }
      }
    }
    return nil
  }

  /// The connections on which something came; new ones are taken.
  private func readable(until deadline: Int64) -> [Int] {
    var pollers = connections.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    pollers.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0))
    let left = max(0, deadline - Clock.monotonic) / 1_000_000
    guard poll(&pollers, nfds_t(pollers.count), Int32(clamping: min(left, 1000))) > 0 else {
      return []
    }
    let ready = connections.indices.filter { pollers[$0].revents != 0 }
    if pollers[connections.count].revents != 0 { accept() }
    return ready
  }

  private func accept() {
    let descriptor = Glibc.accept(listener, nil, nil)
    guard descriptor >= 0 else { return }
    guard connections.count < Self.mostConnections else {
      close(descriptor)
      return
    }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var limit = timeval(tv_sec: 5, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    connections.append(Connection(descriptor: descriptor))
  }

  /// The request, when it is whole; a connection that ends, or says something else, is closed.
  private func receive(_ index: Int) -> BrowserRequest? {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    let count = recv(connections[index].descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    if count < 0, errno == EAGAIN || errno == EINTR { return nil }
    guard count > 0 else {
      drop(index)
      return nil
    }
    connections[index].bytes += buffer[..<count]
    switch BrowserRequest.read(connections[index].bytes) {
    case .incomplete: return nil
    case .malformed:
      send(.page(400, "This is no request of a browser.\n"), on: index)
      return nil
    case .complete(let request): return request
    }
  }

  private func send(_ reply: BrowserReply, on index: Int) {
    let descriptor = connections[index].descriptor
    var bytes = reply.bytes[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      bytes = bytes.dropFirst(count)
    }
    shutdown(descriptor, Int32(SHUT_WR))
    drop(index)
  }

  private func drop(_ index: Int) {
    close(connections[index].descriptor)
    connections.remove(at: index)
  }
}
