import Glibc
import Platform

/// A TCP port of 127.0.0.1 at which nobody answers, and which nobody else gets meanwhile. Only a server that
/// is told the number may listen there.
package final class LoopbackPort: Sendable {
  package let port: Int
  private let descriptor: Int32

  /// - Parameter listens: connections are taken by the kernel, and nothing is ever said on them; else
  ///   they are refused.
  package init(listens: Bool) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(O_CLOEXEC), 0)
    self.descriptor = descriptor
    // Whoever has it set, too, as servers have, may use the port; the kernel gives it to nobody by itself.
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        guard bind(descriptor, $0, length) == 0, !listens || listen(descriptor, 64) == 0 else {
          return Int32(-1)
        }
        return getsockname(descriptor, $0, &length)
      }
    }
    guard code == 0 else { throw SystemError("listen on", "127.0.0.1") }
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  /// Whether somebody has connected.
  package var isAsked: Bool {
    var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&wanted, 1, 0) == 1 && wanted.revents & Int16(POLLIN) != 0
  }

  /// Waits for a connection; nil when it refuses them.
  package func accept() -> Int32? {
    let connection = Glibc.accept(descriptor, nil, nil)
    guard connection >= 0 else { return nil }
    // Or programs that other tests start would keep it open.
    _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
    return connection
  }

  /// Resets the connections that came, and refuses those that come.
  package func refuse() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  deinit { close(descriptor) }
}
