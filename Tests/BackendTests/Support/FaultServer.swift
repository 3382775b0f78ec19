import Glibc
import Platform
import Synchronization

/// A server that says what a test tells it to, byte by byte, whatever it is asked: for answers that no real
/// server gives.
final class FaultServer: Sendable {
  enum Step: Sendable {
    /// Takes what comes until it ends with, or has in it, the text.
    case hear(String)
    case say(String)
    /// A letter each time, so many milliseconds apart, without end.
    case trickle(String, milliseconds: UInt32)
    /// Says nothing until the client goes.
    case hang
  }

  let port: Int
  private let state: State

  private final class State: Sendable {
    let listener: Int32
    let scripts: [[Step]]
    let heard = Mutex<[String]>([])
    let connections = Mutex<[Int32]>([])
    let isOver = Atomic(false)

    init(_ listener: Int32, _ scripts: [[Step]]) {
      self.listener = listener
      self.scripts = scripts
    }
  }

  /// - Parameter scripts: one for each connection, the last one for all that follow. The connection is closed
  ///   at the end of each.
  init(_ scripts: [Step]...) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 64) == 0
          ? getsockname(listener, $0, &length) : -1
      }
    }
    guard code == 0 else { throw SystemError("listen on", "127.0.0.1") }
    port = Int(UInt16(bigEndian: address.sin_port))
    state = State(listener, scripts)
    let state = state
    guard startThread({ Self.serve(state) }) else { throw SystemError("start", "a thread") }
  }

  deinit {
    state.isOver.store(true, ordering: .releasing)
    shutdown(state.listener, Int32(SHUT_RDWR))
    for connection in state.connections.withLock({ $0 }) { shutdown(connection, Int32(SHUT_RDWR)) }
  }

  /// What was said to it, by connection.
  var heard: [String] { state.heard.withLock { $0 } }

  private static func serve(_ state: State) {
    var count = 0
    while !state.isOver.load(ordering: .acquiring) {
      let connection = accept(state.listener, nil, nil)
      if connection < 0 { break }
      let number = count
      let script = state.scripts[min(number, state.scripts.count - 1)]
      count += 1
      state.heard.withLock { $0.append("") }
      state.connections.withLock { $0.append(connection) }
      let isStarted = startThread {
        for step in script where !run(step, connection, number, state) { break }
        state.connections.withLock { $0.removeAll { $0 == connection } }
        close(connection)
      }
      if !isStarted { close(connection) }
    }
    close(state.listener)
  }

  /// False when the client is gone.
  private static func run(
    _ step: Step, _ connection: Int32, _ number: Int, _ state: State
  ) -> Bool {
    switch step {
    case .hear(let text):
      var all = ""
      while !all.contains(text) {
        guard let piece = receive(connection) else { return false }
        all += piece
        state.heard.withLock { $0[number] += piece }
      }
      return true
    case .say(let text): return send(text, connection)
    case .trickle(let letter, let milliseconds):
      while send(letter, connection) { usleep(milliseconds * 1000) }
      return false
    case .hang:
      while receive(connection) != nil {}
      return false
    }
  }

  private static func receive(_ connection: Int32) -> String? {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(connection, &buffer, buffer.count, 0)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }

  private static func send(_ text: String, _ connection: Int32) -> Bool {
    let bytes = Array(text.utf8)
    return Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
  }
}
