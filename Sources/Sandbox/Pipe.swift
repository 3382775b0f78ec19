import CPosix
import CSandbox
import Glibc
import Platform

/// Two descriptors that belong together; each is closed once, by whoever is done with it first.
final class Pipe {
  private(set) var reading: Int32
  private(set) var writing: Int32

  /// A pipe for bytes in one direction.
  convenience init() throws(SandboxError) {
    try self.init { cposix_pipe_cloexec($0) }
  }

  /// A socket pair: both ends read and write.
  static func socketPair() throws(SandboxError) -> Pipe {
    try Pipe { csandbox_socketpair($0) }
  }

  /// Numbers from 10 up: a child's own 0 to 5 are then free to be filled.
  private init(_ make: (UnsafeMutablePointer<Int32>) -> Int32) throws(SandboxError) {
    var ends: [Int32] = [-1, -1]
    guard make(&ends) == 0 else { throw SandboxError(SystemError("make a pipe for", "a slot")) }
    reading = fcntl(ends[0], F_DUPFD_CLOEXEC, 10)
    writing = fcntl(ends[1], F_DUPFD_CLOEXEC, 10)
    for end in ends { close(end) }
    guard reading >= 0, writing >= 0 else {
      throw SandboxError(SystemError("make a pipe for", "a slot"))
    }
  }

  deinit {
    closeReading()
    closeWriting()
  }

  func closeReading() {
    if reading >= 0 { close(reading) }
    reading = -1
  }

  func closeWriting() {
    if writing >= 0 { close(writing) }
    writing = -1
  }

  /// The reading end, which is then no longer the pipe's.
  func takeReading() -> Descriptor {
    defer { reading = -1 }
    return Descriptor(reading)
  }

  /// The writing end, which is then no longer the pipe's.
  func takeWriting() -> Descriptor {
    defer { writing = -1 }
    return Descriptor(writing)
  }
}
