import Platform
import Synchronization

/// Manifest keys whose compilations direct mode can't serve (they use the time, or look for files
/// under names that can't be told), so that the next call preprocesses instead. Bounded.
final class IndirectKeys: Sendable {
  private let keys = Mutex<Set<Digest>>([])
  private static let limit = 50_000

  func contains(_ key: Digest) -> Bool {
    keys.withLock { $0.contains(key) }
  }

  func insert(_ key: Digest) {
    keys.withLock { keys in
      if keys.count >= Self.limit { keys.removeAll() }
      keys.insert(key)
    }
  }
}
