import Glibc
import Platform
import TestSupport

/// Stands between a client and the server of a store, and lets everything through until a test has it do
/// harm: so every kind of store is seen to fail in the middle of what its real server says.
package final class FaultyRelay: Sendable {
  /// What it does to connections, also to those that are there already.
  package enum Harm: Sendable, Equatable {
    case none
    /// So many bytes of the server's get through on each connection, which is then closed.
    case cut(after: Int)
    /// … then one every 20 ms.
    case slow(after: Int)
    /// Nothing gets through to the server, and nothing is said.
    case hold
    /// Requests of HTTP are answered with it, and the server is not asked.
    case status(Int)
  }

  private let listener: LoopbackPort
  private let state: State

  private final class State: Sendable {
    let target: Int
    let harm = Monitor(Harm.none)
    let links = Monitor<[Link]>([])

    init(target: Int) { self.target = target }
  }

  /// Both sides of a connection.
  private final class Link: Sendable {
    let client: Int32
    let server: Int32

    init(client: Int32, server: Int32) {
      self.client = client
      self.server = server
    }

    deinit {
      close(client)
      close(server)
    }

    func end() {
      shutdown(client, Int32(SHUT_RDWR))
      shutdown(server, Int32(SHUT_RDWR))
    }
  }

  /// - Parameter target: the server's port of 127.0.0.1.
  package init(to target: Int) throws {
    listener = try LoopbackPort(listens: true)
    state = State(target: target)
    let (listener, state) = (listener, state)
    let isStarted = startThread {
      while let client = listener.accept() { Self.serve(client, state) }
    }
    guard isStarted else { throw SystemError("start", "a thread") }
  }

  deinit {
    listener.refuse()
    state.links.change { links in links.forEach { $0.end() } }
  }

  /// Where clients find it.
  package var port: Int { listener.port }

  /// From now on.
  package func does(_ harm: Harm) { state.harm.change { $0 = harm } }

  private static func serve(_ client: Int32, _ state: State) {
    let link = Link(client: client, server: TestServer.connection(to: state.target) ?? -1)
    state.links.change { $0.append(link) }
    let isStarted =
      startThread { passQuestions(link, state) } && startThread { passAnswers(link, state) }
    if !isStarted { link.end() }
  }

  private static func passQuestions(_ link: Link, _ state: State) {
    var head = ""
    while let piece = receive(link.client) {
      if state.harm.change({ $0 }) == .hold { continue }
      guard case .status(let status) = state.harm.change({ $0 }) else {
        guard send(piece[...], link.server) else { break }
        continue
      }
      head += String(decoding: piece, as: UTF8.self)
      guard head.contains("\r\n\r\n") else { continue }
      let answer =
        "HTTP/1.1 \(status) Harm\r\nretry-after: 7\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
      _ = send(Array(answer.utf8)[...], link.client)
      shutdown(link.client, Int32(SHUT_WR))
      // The rest of what it sends, or the answer might be lost to a reset.
      while receive(link.client) != nil {}
      return link.end()
    }
    shutdown(link.server, Int32(SHUT_WR))
  }

  private static func passAnswers(_ link: Link, _ state: State) {
    var passed = 0
    while let piece = receive(link.server) {
      let limit: Int
      let harm = state.harm.change { $0 }
      switch harm {
      case .none, .hold, .status: limit = .max
      case .cut(let after), .slow(let after): limit = max(0, after - passed)
      }
      passed += piece.count
      guard send(piece.prefix(limit), link.client) else { break }
      if piece.count <= limit { continue }
      if case .cut = harm { return link.end() }
      for byte in piece.dropFirst(limit) {
        guard send([byte], link.client) else { return link.end() }
        usleep(20_000)
      }
    }
    shutdown(link.client, Int32(SHUT_WR))
  }

  private static func receive(_ connection: Int32) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(connection, &buffer, buffer.count, 0)
    return count > 0 ? Array(buffer[..<count]) : nil
  }

  private static func send(_ bytes: ArraySlice<UInt8>, _ connection: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
