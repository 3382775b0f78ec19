package import Platform
import Synchronization

/// Digests of files by content.
package protocol ContentDigesting: Sendable {
  /// - Parameter stamp: of the file whose digest is wanted.
  /// - Throws: `changed` when another file is in its place, or why it can't be read.
  func digest(of path: String, _ stamp: FileStamp) throws(ToolchainError) -> Digest
}

/// Remembers digests for as long as the stamps of their files stay the same: a toolchain of 280 MB
/// is read once.
package final class StampedDigests: ContentDigesting {
  private let known = Mutex<[ExactText: (stamp: FileStamp, digest: Digest)]>([:])
  /// A toolchain has some hundred files; beyond this all is forgotten.
  private static let limit = 20_000

  /// Knows nothing yet.
  package init() {}

  package func digest(of path: String, _ stamp: FileStamp) throws(ToolchainError) -> Digest {
    let key = ExactText(path)
    if let found = known.withLock({ $0[key] }), found.stamp == stamp { return found.digest }
    let looked = Clock.coarse
    let digest = try system { () throws(SystemError) in try Files.digest(of: path) }
    guard FileStamp.ofLink(path: path) == stamp else { throw .changed(path: path) }
    // A file written in this very tick could change once more without another stamp.
    if stamp.isSettled(at: looked) {
      known.withLock { known in
        if known.count >= Self.limit { known.removeAll() }
        known[key] = (stamp, digest)
      }
    }
    return digest
  }
}
