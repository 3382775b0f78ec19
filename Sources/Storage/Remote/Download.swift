import CacheKey
import Platform

/// Takes a blob apart while it comes: a signature in front, if there is one, and what it is about, which
/// is an entry that is unpacked, or stays in memory.
final class Download: BlobSink, @unchecked Sendable {
  // Sendable: only the thread that asks a service touches it, which is the one that made it.

  enum Target {
    case entry(EntryUnpacker)
    case memory
  }

  private let target: Target
  private let limit: Int
  private let key: SigningKey?
  private var front: [UInt8] = []
  private var hasFront = false
  private var signature: [UInt8]?
  private var hash: SHA256?
  private(set) var bytes: [UInt8] = []
  private(set) var count = 0
  /// Why it took no more.
  private(set) var failure: StoreError?

  init(_ target: Target, limit: Int, key: SigningKey?) {
    self.target = target
    self.limit = limit
    self.key = key
    if key != nil { hash = SHA256() }
  }

  func take(_ piece: UnsafeRawBufferPointer) -> Bool {
    guard failure == nil else { return false }
    if hasFront { return put(piece) }
    let missing = SigningKey.frontLength - front.count
    front.append(contentsOf: piece.prefix(missing))
    guard front.count == SigningKey.frontLength else { return true }
    return endFront() && put(UnsafeRawBufferPointer(rebasing: piece.dropFirst(missing)))
  }

  private func endFront() -> Bool {
    hasFront = true
    signature = SigningKey.signature(inFront: front)
    return signature != nil || front.withUnsafeBytes { put($0) }
  }

  private func put(_ piece: UnsafeRawBufferPointer) -> Bool {
    guard !piece.isEmpty else { return true }
    guard count + piece.count <= limit else {
      failure = .tooLarge(count + piece.count)
      return false
    }
    count += piece.count
    hash?.update(piece)
    switch target {
    case .memory:
      bytes.append(contentsOf: piece)
      return true
    case .entry(let unpacker):
      do throws(StoreError) {
        try unpacker.take(piece)
        return true
      } catch {
        failure = error
        return false
      }
    }
  }

  /// To be called once all is there.
  ///
  /// - Throws: where only signed blobs are believed, when this one isn't, or by another key.
  func finish(_ name: BlobName, from location: String) throws(StoreError) {
    if !hasFront, !endFront(), let failure { throw failure }
    guard let key, let content = contentDigest() else { return }
    guard let signature else { throw .damaged("\(name.path) of \(location) is not signed") }
    guard key.isRight(signature, for: name, content: content) else {
      throw .damaged("\(name.path) of \(location) is signed with another key")
    }
  }

  private func contentDigest() -> Digest? {
    guard var hash = hash.take() else { return nil }
    return hash.finish()
  }
}
