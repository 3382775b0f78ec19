import CacheKey
import Platform
import Synchronization

/// Entries whose checksums were found right, with the stamp that their file had: as long as it has
/// the same, nothing is read twice. Bounded; the memo is emptied when it is full.
final class VerifiedEntries: Sendable {
  private struct Item {
    var stamp: FileStamp
    var head: EntryHead
  }

  private let items = Mutex<[Digest: Item]>([:])
  private static let limit = 8192

  func head(_ key: Digest, _ stamp: FileStamp) -> EntryHead? {
    items.withLock { items in
      guard let item = items[key], item.stamp == stamp else { return nil }
      return item.head
    }
  }

  func note(_ key: Digest, _ stamp: FileStamp, _ head: EntryHead) {
    // A file written this very tick could change again without showing it.
    guard stamp.isSettled(at: Clock.coarse) else { return }
    items.withLock { items in
      if items.count >= Self.limit { items.removeAll(keepingCapacity: true) }
      items[key] = Item(stamp: stamp, head: head)
    }
  }
}
