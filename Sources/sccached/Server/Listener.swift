import CPosix
import Glibc
import Platform
import Wire

/// The listening socket, and the proof that nobody else owns its address.
struct Listener: Sendable {
  let descriptor: Int32
  let endpoint: Endpoint
  /// The socket file's identity, to remove only our own.
  private let socketFile: FileStamp?
  /// Locked for as long as we listen.
  private let ownerLock: Int32

  enum Failure: Error {
    case addressInUse
    case system(SystemError)
  }

  static let backlog: Int32 = 4096

  init(_ endpoint: Endpoint) throws(Failure) {
    self.endpoint = endpoint
    switch endpoint {
    case .path(let bytes):
      let path = String(decoding: bytes, as: UTF8.self)
      ownerLock = try Self.lockOwner(path)
      do throws(Failure) {
        descriptor = try Self.listenAtPath(path)
      } catch {
        close(ownerLock)
        throw error
      }
      socketFile = FileStamp(path: path)
    case .abstract(let name):
      descriptor = try Self.bindUnix(name, abstract: true)
      socketFile = nil
      ownerLock = -1
    case .port(let port):
      descriptor = try Self.checked(cposix_bind_loopback(port), "127.0.0.1:\(port)")
      socketFile = nil
      ownerLock = -1
    }
    guard listen(descriptor, Self.backlog) == 0 else {
      throw .system(SystemError("listen on", endpoint.description))
    }
  }

  /// No new connection is taken after this; those waiting in `accept` return.
  func stop() {
    if case .path(let bytes) = endpoint {
      let path = String(decoding: bytes, as: UTF8.self)
      if let now = FileStamp(path: path), now.inode == socketFile?.inode,
        now.device == socketFile?.device
      {
        unlink(path)
      }
    }
    shutdown(descriptor, Int32(SHUT_RDWR))
    // A new daemon may start while this one lets its compilations finish.
    if ownerLock >= 0 { close(ownerLock) }
  }

  /// The proof of ownership; fails while another daemon listens there.
  private static func lockOwner(_ path: String) throws(Failure) -> Int32 {
    let directory = Path.directory(of: path)
    if directory == String(decoding: Endpoint.runtimeDirectory(user: geteuid()), as: UTF8.self) {
      mkdir(directory, 0o700)
    }
    let lock = cposix_open(path + ".owner", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    if lock >= 0, flock(lock, LOCK_EX | LOCK_NB) != 0 {
      close(lock)
      throw .addressInUse
    }
    return lock
  }

  /// A socket file with a live owner is left alone; a dead one's is replaced.
  private static func listenAtPath(_ path: String) throws(Failure) -> Int32 {
    let name = Array(path.utf8)
    let probe = cposix_connect_unix(name, name.count, 0)
    if probe >= 0 {
      close(probe)
      throw .addressInUse
    }
    if let old = FileStamp.ofLink(path: path), old.mode & 0o170000 == 0o140000 { unlink(path) }
    return try bindUnix(name, abstract: false)
  }

  private static func bindUnix(_ name: [UInt8], abstract: Bool) throws(Failure) -> Int32 {
    try checked(
      cposix_bind_unix(name, name.count, abstract ? 1 : 0), String(decoding: name, as: UTF8.self))
  }

  private static func checked(_ descriptor: Int32, _ name: String) throws(Failure) -> Int32 {
    guard descriptor < 0 else { return descriptor }
    if errno == EADDRINUSE { throw .addressInUse }
    throw .system(SystemError("listen on", name))
  }
}

extension Endpoint {
  /// As `--start-server` prints it.
  var description: String {
    switch self {
    case .path(let path): String(decoding: path, as: UTF8.self)
    case .abstract(let name): "\\x00" + String(decoding: name, as: UTF8.self)
    case .port(let port): "127.0.0.1:\(port)"
    }
  }

  static func fromProcessEnvironment() -> Endpoint {
    fromEnvironment(user: geteuid()) { name in
      UnsafePointer(getenv(UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)))
    }
  }
}
