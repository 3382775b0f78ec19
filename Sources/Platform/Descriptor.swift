import CPosix
import Glibc

/// Owns a file descriptor and closes it.
package struct Descriptor: ~Copyable, Sendable {
  package let number: Int32

  package init(_ number: Int32) {
    self.number = number
  }

  deinit {
    if number >= 0 { Glibc.close(number) }
  }

  /// Gives up ownership.
  package consuming func release() -> Int32 {
    let number = self.number
    discard self
    return number
  }

  /// Opens with close-on-exec.
  package static func open(
    _ path: String, _ flags: Int32, mode: UInt32 = 0
  ) throws(SystemError) -> Descriptor {
    while true {
      let number = cposix_open(path, flags | O_CLOEXEC, mode)
      if number >= 0 { return Descriptor(number) }
      guard errno == EINTR else { throw SystemError("open", path) }
    }
  }

  package func stamp(path: String) throws(SystemError) -> FileStamp {
    var status = stat()
    guard fstat(number, &status) == 0 else { throw SystemError("stat", path) }
    return FileStamp(status)
  }

  /// Reads to the end, or to `limit` bytes when that comes first.
  package func readAll(path: String, limit: Int = .max) throws(SystemError) -> [UInt8] {
    let size = Int(try stamp(path: path).size)
    var bytes: [UInt8] = []
    // One byte more, so that the common case sees the end of the file with its first read.
    var room = min(limit, size + 1)
    while bytes.count < limit {
      let start = bytes.count
      var failure: Int32 = 0
      let chunk = [UInt8](unsafeUninitializedCapacity: max(room, 1)) { buffer, filled in
        let count = Glibc.read(number, buffer.baseAddress, min(buffer.count, limit - start))
        if count < 0 { failure = errno }
        filled = max(count, 0)
      }
      if failure == EINTR { continue }
      guard failure == 0 else { throw SystemError("read", path, code: failure) }
      if chunk.isEmpty { break }
      if bytes.isEmpty { bytes = chunk } else { bytes.append(contentsOf: chunk) }
      // The kernel's own tables have no size and come in pieces.
      if size > 0, start + chunk.count >= size, chunk.count < room { break }
      room = 65536
    }
    return bytes
  }

  /// Reads exactly `count` bytes at `offset`; fewer mean that the file is shorter.
  package func read(
    at offset: Int, count: Int, path: String
  ) throws(SystemError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = 0
      while filled < count {
        let got = pread(number, buffer.baseAddress! + filled, count - filled, offset + filled)
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { return }
        filled += got
      }
    }
    guard failure == 0 else { throw SystemError("read", path, code: failure) }
    return bytes
  }

  package func write(_ bytes: UnsafeRawBufferPointer, path: String) throws(SystemError) {
    var written = 0
    while written < bytes.count {
      let count = Glibc.write(number, bytes.baseAddress! + written, bytes.count - written)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SystemError("write", path) }
      written += count
    }
  }

  package func write(_ bytes: [UInt8], path: String) throws(SystemError) {
    let failure = bytes.withUnsafeBytes { buffer -> SystemError? in
      do throws(SystemError) { try write(buffer, path: path) } catch { return error }
      return nil
    }
    if let failure { throw failure }
  }
}
