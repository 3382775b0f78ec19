import CacheKey
import Glibc
import Platform
import Storage
import TestSupport
import Testing

/// A cache of 100,000 entries, as a build of years leaves it.
@Suite struct LargeCacheTests {
  private static let count = 100_000
  /// Each takes one block.
  private static let block = 4096

  /// Entries by name only, the first ones used longest ago.
  private func fill(_ directory: String) throws {
    for shard in Self.shards {
      try Files.makeDirectories("\(directory)/entries/\(shard)", mode: 0o755)
    }
    for number in 0..<Self.count {
      let path = path(number, in: directory)
      let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
      // A hole, which takes no room.
      #expect(ftruncate(file.number, Self.block) == 0)
      let time = timespec(tv_sec: 1_000_000_000 + number, tv_nsec: 0)
      var times = [time, time]
      #expect(futimens(file.number, &times) == 0)
    }
  }

  private static let shards = (0..<256).map { String($0 + 256, radix: 16).suffix(2) }
  private static let padding = String(repeating: "0", count: 55)

  private func path(_ number: Int, in directory: String) -> String {
    let shard = Self.shards[number % 256]
    return "\(directory)/entries/\(shard)/\(shard)\(Self.padding)\(1_000_000 + number)"
  }

  private func store(_ directory: String, limit: Int) -> LocalStore {
    LocalStore(
      LocalStore.Options(
        directory: directory, sizeLimit: limit, isReadOnly: false, zstdLevel: nil, umask: 0o022))
  }

  @Test func usageAndEviction() throws {
    // In memory where that is possible: a disk that others use, too, can take minutes for it.
    let directory = TemporaryDirectory(in: access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp")
    try fill(directory.path)
    let limit = Self.count * Self.block
    let full = store(directory.path, limit: limit)
    #expect(full.usage() == limit)
    // The next daemon takes the count from the first.
    #expect(store(directory.path, limit: limit).usage() == limit)

    let key = Digest.of([1])
    try full.put(
      EntryDraft(
        key: key, presentation: Digest.of([]), isColoured: false,
        members: [EntryDraft.Member(name: "obj", content: .bytes([1, 2, 3]))]))
    #expect(try full.entry(key) != nil)
    // Down to nine tenths, the oldest first, and one more for the new one.
    let evicted = full.takeEvictions()
    #expect(evicted >= Self.count / 10 && evicted <= Self.count / 10 + 2)
    #expect(full.usage() == (Self.count - evicted + 1) * Self.block)
    #expect(access(path(evicted - 1, in: directory.path), F_OK) != 0)
    for number in [evicted, evicted + 1, Self.count - 1] {
      #expect(access(path(number, in: directory.path), F_OK) == 0)
    }
    var left = 0
    for shard in Files.names(in: "\(directory.path)/entries") ?? [] {
      left += Files.names(in: "\(directory.path)/entries/\(shard)")?.count ?? 0
    }
    #expect(left == Self.count - evicted + 1)
  }
}
