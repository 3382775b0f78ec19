import CTLS
import Glibc
import Platform
import Synchronization

/// Whom TLS connections of one kind trust; made when the first one is.
package final class TLSClient: Sendable {
  private let authorities: String?
  private let verifies: Bool
  private let context = Mutex<Context?>(nil)

  /// OpenSSL's context. Only sessions are made with it, which is safe from several threads; its references
  /// are counted.
  private struct Context: @unchecked Sendable {
    // Sendable: the pointer is used under the lock above only.
    let pointer: OpaquePointer
  }

  /// - Parameters:
  ///   - authoritiesFile: PEM; nil: the system's authorities.
  ///   - verifies: false takes any certificate, and with it anybody.
  package init(authoritiesFile: String?, verifies: Bool = true) {
    authorities = authoritiesFile
    self.verifies = verifies
  }

  deinit {
    if let context = context.withLock({ $0 }) { SSL_CTX_free(context.pointer) }
  }

  func session(on socket: Int32, host: String) throws(StreamFailure) -> TLSSession {
    let isAddress = IPAddress(host) != nil
    let session = context.withLock { kept -> OpaquePointer? in
      if kept == nil, let pointer = ctls_new_context(authorities, verifies ? 1 : 0) {
        kept = Context(pointer: pointer)
      }
      guard let kept else { return nil }
      return ctls_new_session(kept.pointer, socket, host, isAddress ? 1 : 0)
    }
    guard let session else {
      throw .untrusted(
        authorities.map { "the authorities in \($0) (SSL_CERT_FILE) can't be read" }
          ?? "the system's authorities can't be read")
    }
    return TLSSession(session)
  }
}

/// TLS on one socket that doesn't block: each step says what it waits for.
final class TLSSession {
  private let session: OpaquePointer

  enum Step: Equatable {
    case done(Int)
    case wants(events: Int16)
    case closed
    case failed(String)
  }

  init(_ session: OpaquePointer) { self.session = session }

  deinit { SSL_free(session) }

  func handshake() -> Step { step { SSL_connect(session) } }

  func read(into target: UnsafeMutableRawBufferPointer) -> Step {
    step { SSL_read(session, target.baseAddress, Int32(clamping: target.count)) }
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> Step {
    step { SSL_write(session, bytes.baseAddress, Int32(clamping: bytes.count)) }
  }

  /// Whether there is a byte, or an end, that nobody asked for. Takes messages of the protocol itself on
  /// the way, such as tickets.
  func hasSomethingUnasked() -> Bool {
    var byte: UInt8 = 0
    if case .wants = step({ SSL_peek(session, &byte, 1) }) { return false }
    return true
  }

  private func step(_ call: () -> Int32) -> Step {
    ERR_clear_error()
    let result = call()
    if result > 0 { return .done(Int(result)) }
    switch SSL_get_error(session, result) {
    case SSL_ERROR_WANT_READ: return .wants(events: Int16(POLLIN))
    case SSL_ERROR_WANT_WRITE: return .wants(events: Int16(POLLOUT))
    case SSL_ERROR_ZERO_RETURN: return .closed
    default:
      var text = [CChar](repeating: 0, count: 200)
      ctls_reason(session, &text, text.count)
      return .failed(
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
  }
}
