import CPosix
import Glibc
import Platform
import Synchronization

/// The size limit of a cache directory: counts what is in it, together with every other daemon that
/// uses it, and evicts the least recently used.
///
/// The count lies in a small file that all daemons map. A file is charged before it is put in place,
/// so the limit holds at every moment. A daemon killed in between leaves the count too high; every
/// eviction counts anew and puts it right.
final class Space: Sendable {
  private let directory: String
  private let limit: Int
  private let isReadOnly: Bool
  private let fileMode: UInt32
  private let counter = Mutex<Counter?>(nil)
  private let evictions = Atomic<Int>(0)

  /// Eviction frees down to this part of the limit, so that it runs seldom.
  private static let lowWater = 0.9
  private static let magic: UInt64 = 0x3145_4741_5355_4353  // "SCUSAGE1"

  /// The mapped file: magic, bytes.
  private struct Counter: @unchecked Sendable {
    // Sendable: the memory is only touched by atomic operations, and never unmapped.
    let memory: UnsafeMutablePointer<UInt64>
    /// Of the mapped file.
    let inode: UInt64
    var used: UnsafeMutablePointer<UInt64> { memory + 1 }
  }

  init(directory: String, limit: Int, isReadOnly: Bool, fileMode: UInt32) {
    self.directory = directory
    self.limit = limit
    self.isReadOnly = isReadOnly
    self.fileMode = fileMode
  }

  /// What a file of this size takes: whole blocks.
  static func charge(_ size: Int) -> Int { (size + 4095) / 4096 * 4096 }

  /// Bytes in use; nil when nothing was ever stored there.
  func used() -> Int? {
    guard FileStamp(path: directory) != nil, let counter = open() else { return nil }
    return Int(clamping: Int64(bitPattern: cposix_atomic_load(counter.used)))
  }

  /// Charges bytes, evicting first when they would not fit. Throws when no room can be made.
  func reserve(_ bytes: Int) throws(StoreError) {
    forgetReplacedCounter()
    guard let counter = open() else { return }
    let total = Int64(bitPattern: cposix_atomic_add(counter.used, UInt64(bytes)))
    guard total > Int64(limit) else { return }
    // Others may take the room that was made meanwhile; they make room themselves, too.
    for _ in 0..<3 {
      evict(counter)
      if Int64(bitPattern: cposix_atomic_load(counter.used)) <= Int64(limit) { return }
    }
    release(bytes)
    throw .system(SystemError("make room in", directory, code: ENOSPC))
  }

  /// How many files were evicted since the last call.
  func takeEvictions() -> Int {
    evictions.exchange(0, ordering: .relaxed)
  }

  func release(_ bytes: Int) {
    guard let counter = open() else { return }
    _ = cposix_atomic_add(counter.used, UInt64(bitPattern: Int64(-bytes)))
  }

  // MARK: the counter

  private func open() -> Counter? {
    counter.withLock { counter in
      if counter == nil { counter = map() }
      return counter
    }
  }

  /// Somebody removed the whole directory under a running daemon: count anew in the new one.
  private func forgetReplacedCounter() {
    counter.withLock { counter in
      guard let known = counter, FileStamp(path: directory + "/usage")?.inode != known.inode else {
        return
      }
      counter = nil
    }
  }

  private func map() -> Counter? {
    let path = directory + "/usage"
    let flags = isReadOnly ? O_RDONLY : O_RDWR | O_CREAT
    guard let file = try? Descriptor.open(path, flags | O_NOFOLLOW, mode: fileMode),
      let stamp = try? file.stamp(path: path)
    else { return nil }
    if stamp.size < 16 {
      guard !isReadOnly, ftruncate(file.number, 16) == 0 else { return nil }
    }
    let protection = isReadOnly ? PROT_READ : PROT_READ | PROT_WRITE
    guard let memory = mmap(nil, 16, protection, MAP_SHARED, file.number, 0), memory != MAP_FAILED
    else { return nil }
    let counter = Counter(
      memory: memory.assumingMemoryBound(to: UInt64.self), inode: stamp.inode)
    if !isReadOnly, cposix_atomic_load(counter.memory) != Self.magic { countFirst(counter) }
    return counter
  }

  /// The first daemon to use a directory counts what lies there.
  private func countFirst(_ counter: Counter) {
    withDirectoryLock {
      guard cposix_atomic_load(counter.memory) != Self.magic else { return }
      // What is being written charges itself.
      let total = scan().items.reduce(0) { $0 + Self.charge(Int($1.size)) }
      let old = cposix_atomic_load(counter.used)
      _ = cposix_atomic_add(counter.used, UInt64(total) &- old)
      _ = cposix_atomic_add(counter.memory, Self.magic &- cposix_atomic_load(counter.memory))
    }
  }

  private func withDirectoryLock(_ body: () -> Void) {
    guard
      let lock = try? Descriptor.open(directory + "/usage.lock", O_RDWR | O_CREAT, mode: fileMode)
    else { return body() }
    while flock(lock.number, LOCK_EX) != 0, errno == EINTR {}
    body()
  }

  // MARK: eviction

  private struct Item {
    var path: String
    var size: Int64
    var used: Int64
  }

  /// Removes the least recently used files until the total is under the low-water mark. Other
  /// threads and daemons that need room meanwhile wait here, never a request.
  private func evict(_ counter: Counter) {
    withDirectoryLock {
      // Somebody else may have made room while we waited.
      guard Int64(bitPattern: cposix_atomic_load(counter.used)) > Int64(limit) else { return }
      let before = cposix_atomic_load(counter.used)
      let found = scan()
      var total = found.total
      let target = Int(Double(limit) * Self.lowWater)
      for item in found.items.sorted(by: { $0.used < $1.used }) {
        if total <= target { break }
        guard unlink(item.path) == 0 || errno == ENOENT else { continue }
        total -= Self.charge(Int(item.size))
        evictions.add(1, ordering: .relaxed)
      }
      // What others charge meanwhile is kept: only the difference is applied.
      _ = cposix_atomic_add(counter.used, UInt64(total) &- before)
    }
  }

  /// Removes what was not used since a moment (nanoseconds since 1970), whatever the limit is.
  ///
  /// - Returns: the number of files and their bytes; nil when there is no cache or it can't be written.
  func remove(unusedSince moment: Int64) -> (files: Int, bytes: Int)? {
    guard !isReadOnly, FileStamp(path: directory) != nil, let counter = open() else { return nil }
    var removed = (files: 0, bytes: 0)
    withDirectoryLock {
      for item in scan().items where item.used < moment {
        guard unlink(item.path) == 0 else { continue }
        removed.files += 1
        removed.bytes += Int(item.size)
        _ = cposix_atomic_add(
          counter.used, UInt64(bitPattern: Int64(-Self.charge(Int(item.size)))))
      }
    }
    return removed
  }

  private struct Contents {
    /// What may be evicted.
    var items: [Item] = []
    /// Bytes of these and of what is being written: that is charged already, or will be.
    var total = 0
  }

  /// Every file of the cache, foreign ones too (but for names that are not UTF-8: none of ours are, and
  /// what made them is left alone). Leftovers of dead writers are removed on the way.
  private func scan() -> Contents {
    var contents = Contents()
    var directories = [directory]
    let now = Clock.now
    while let current = directories.popLast() {
      for name in Files.names(in: current) ?? [] {
        let path = current + "/" + name
        guard let stamp = FileStamp.ofLink(path: path) else { continue }
        if stamp.isDirectory {
          directories.append(path)
        } else if current == directory, Self.ownFiles.contains(where: name.hasPrefix) {
          continue
        } else if current == directory + "/tmp" {
          if now - stamp.modified > 3_600_000_000_000 {
            unlink(path)
          } else {
            contents.total += Self.charge(Int(stamp.size))
          }
        } else {
          contents.items.append(Item(path: path, size: stamp.size, used: stamp.modified))
          contents.total += Self.charge(Int(stamp.size))
        }
      }
    }
    return contents
  }

  private static let ownFiles = ["usage", "statistics", "CACHEDIR.TAG"]
}
