import CacheKey
import Glibc
import Platform

extension RemoteLevel {
  /// What is sent under a name: with a signature in front, where there is a key.
  func signed(
    _ name: BlobName, _ content: MemberContent
  ) throws(StoreError) -> MemberContent {
    guard let key = options.signingKey else { return content }
    switch content {
    case .bytes(let bytes):
      return .bytes(key.front(of: name, content: Digest.of(bytes)) + bytes)
    case .file(let file):
      let target = try scratch.temporaryFile()
      do throws(SystemError) {
        let front = key.front(of: name, content: try file.digest())
        try target.write(front, path: "an entry to be sent")
        try Files.copy(
          from: file.descriptor, at: 0, count: file.size, to: target, path: "an entry to be sent")
        return .file(TemporaryFile(descriptor: target, size: front.count + file.size))
      } catch {
        throw .system(error)
      }
    }
  }
}

extension TemporaryFile {
  /// SHA-256 of the whole.
  func digest() throws(SystemError) -> Digest {
    var hash = SHA256()
    var offset = 0
    while offset < size {
      let piece = try descriptor.read(
        at: offset, count: min(1 << 20, size - offset), path: "an entry to be sent")
      guard !piece.isEmpty else { throw SystemError("read", "an entry to be sent", code: EIO) }
      piece.withUnsafeBytes { hash.update($0) }
      offset += piece.count
    }
    return hash.finish()
  }
}
