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
    case .path(let path): return own(cposix_connect_unix(path, path.count, 0))
    case .abstract(let name): return own(cposix_connect_unix(name, name.count, 1))
    case .port(let port):
      let descriptor = cposix_connect_loopback(port)
      return descriptor >= 0 ? descriptor : nil
    }
  }

  /// A connection to a daemon of this user; another one is closed.
  private static func own(_ descriptor: Int32) -> Int32? {
    guard descriptor >= 0 else { return nil }
    var peer = cposix_credentials()
    guard cposix_peer_credentials(descriptor, &peer) == 0, peer.uid == geteuid() else {
      close(descriptor)
      return nil
    }
    return descriptor
  }
}
