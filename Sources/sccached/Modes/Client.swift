import CPosix
import Glibc
import Platform
import Wire

/// The command line's connection to a running daemon.
enum Client {
  /// The answer's text; nil when no daemon of ours answers.
  static func ask(_ request: ControlRequest, at endpoint: Endpoint) -> String? {
    guard let descriptor = dial(endpoint) else { return nil }
    let channel = Channel(descriptor, maximumBody: FrameHeader.defaultMaximumBody)
    guard channel.send(request.frame()), let message = try? channel.receive(within: 10),
      message.kind == .text
    else { return nil }
    var reader = FrameReader(message.body)
    return (try? reader.readBytes()).map { String(decoding: $0, as: UTF8.self) }
  }

  static func dial(_ endpoint: Endpoint) -> Int32? {
    switch endpoint {
    case .path(let path): return connectUnix(path, abstract: false)
    case .abstract(let name): return connectUnix(name, abstract: true)
    case .port(let port):
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      let descriptor = cposix_stream_socket(AF_INET)
      let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      return checked(descriptor, connected)
    }
  }

  private static func connectUnix(_ name: [UInt8], abstract: Bool) -> Int32? {
    let descriptor = cposix_stream_socket(AF_UNIX)
    guard
      let connected = try? Listener.withAddress(name, abstract: abstract, { connect(descriptor, $0, $1) })
    else { return nil }
    guard let descriptor = checked(descriptor, connected) else { return nil }
    var peer = cposix_credentials()
    guard cposix_peer_credentials(descriptor, &peer) == 0, peer.uid == geteuid() else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  private static func checked(_ descriptor: Int32, _ connected: Int32) -> Int32? {
    if connected == 0 { return descriptor }
    close(descriptor)
    return nil
  }
}
