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
      descriptor = try Self.bindPort(port)
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
      if let now = FileStamp(path: path), now.inode == socketFile?.inode, now.device == socketFile?.device {
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
    if let probe = try? connectUnix(name) {
      close(probe)
      throw .addressInUse
    }
    if let old = FileStamp.ofLink(path: path), old.mode & 0o170000 == 0o140000 { unlink(path) }
    return try bindUnix(name, abstract: false)
  }

  private static func connectUnix(_ name: [UInt8]) throws(Failure) -> Int32 {
    let descriptor = cposix_stream_socket(AF_UNIX)
    let connected = try withAddress(name, abstract: false) { connect(descriptor, $0, $1) }
    guard connected == 0 else {
      close(descriptor)
      throw .system(SystemError("connect to", String(decoding: name, as: UTF8.self)))
    }
    return descriptor
  }

  private static func bindUnix(_ name: [UInt8], abstract: Bool) throws(Failure) -> Int32 {
    let descriptor = cposix_stream_socket(AF_UNIX)
    let bound = try withAddress(name, abstract: abstract) { bind(descriptor, $0, $1) }
    guard bound == 0 else {
      let code = errno
      close(descriptor)
      if code == EADDRINUSE { throw .addressInUse }
      throw .system(SystemError("listen on", String(decoding: name, as: UTF8.self), code: code))
    }
    return descriptor
  }

  static func withAddress(
    _ name: [UInt8], abstract: Bool, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) throws(Failure) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let offset = abstract ? 1 : 0
    guard name.count + offset < MemoryLayout.size(ofValue: address.sun_path) else {
      throw .system(SystemError("use as socket", String(decoding: name, as: UTF8.self), code: ENAMETOOLONG))
    }
    withUnsafeMutableBytes(of: &address.sun_path) { target in
      for (index, byte) in name.enumerated() { target[index + offset] = byte }
    }
    let length = abstract ? MemoryLayout<sa_family_t>.size + 1 + name.count : MemoryLayout<sockaddr_un>.size
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
    }
  }

  private static func bindPort(_ port: UInt16) throws(Failure) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let descriptor = cposix_stream_socket(AF_INET)
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard bound == 0 else {
      let code = errno
      close(descriptor)
      if code == EADDRINUSE { throw .addressInUse }
      throw .system(SystemError("listen on", "127.0.0.1:\(port)", code: code))
    }
    return descriptor
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
