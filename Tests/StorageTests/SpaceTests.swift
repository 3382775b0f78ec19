import CacheKey
import Glibc
import Platform
import TestSupport
import Testing

@testable import Storage

@Suite(.serialized) struct SpaceTests {
  private let directory = TemporaryDirectory()
  private static let kilobyte = 1 << 10

  private func noise(_ count: Int, seed: Int) -> [UInt8] {
    var random = SeededGenerator(seed: UInt64(seed))
    return random.bytes(count)
  }

  @Test(arguments: [(0, 0), (1, 4_096), (4_096, 4_096), (4_097, 8_192)])
  func wholeBlocksAreCharged(size: Int, charge: Int) {
    #expect(Space.charge(size) == charge)
  }

  @Test func theLeastRecentlyUsedGoFirst() throws {
    let store = LocalStore.at(directory.path, limit: 40 * 4_096)
    for number in 0..<36 {
      try store.put(key(number), ["obj": noise(3_000, seed: number)])
      try age(store.entryPath(key(number)), seconds: 10_000 - number)
    }
    // The oldest is used again.
    try age(store.entryPath(key(0)), seconds: 1)
    for number in 36..<41 { try store.put(key(number), ["obj": noise(3_000, seed: number)]) }
    #expect(try store.members(key(0)) != nil)
    #expect(try store.members(key(40)) != nil)
    let gone = try (1..<41).filter { try store.members(key($0)) == nil }
    // Down to nine tenths, and not further.
    #expect(gone == Array(1..<(1 + gone.count)))
    #expect(gone.count >= 4 && gone.count <= 6)
    #expect(store.usage() == bytesOnDisk(directory.path))
  }

  @Test func useIsNoted() throws {
    let store = LocalStore.at(directory.path)
    try store.put(key(1), ["obj": [1]])
    let path = store.entryPath(key(1))
    try age(path, seconds: 1_000)
    store.touch(try store.present(key(1)))
    let touched = try #require(FileStamp(path: path))
    #expect(Clock.now - touched.modified < 60_000_000_000)
    // Not again at once.
    store.touch(try store.present(key(1)))
    #expect(FileStamp(path: path) == touched)
    let readOnly = LocalStore.at(directory.path, isReadOnly: true)
    try age(path, seconds: 1_000)
    let before = FileStamp(path: path)
    readOnly.touch(try readOnly.present(key(1)))
    #expect(FileStamp(path: path) == before)
  }

  @Test func whatIsLargerThanTheCacheIsRefused() throws {
    let store = LocalStore.at(directory.path, limit: 64 * Self.kilobyte)
    try store.put(key(1), ["obj": [1]])
    let error = #expect(throws: StoreError.self) {
      try store.put(key(2), ["obj": noise(70 * Self.kilobyte, seed: 1)])
    }
    guard case .tooLarge? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try store.members(key(1)) != nil)
    #expect(Files.names(in: directory("tmp")) == [])
    let none = LocalStore.at(directory.path, limit: 0)
    #expect(throws: StoreError.self) { try none.put(key(3), ["obj": [1]]) }
    #expect(throws: StoreError.self) { try none.putManifest(key(3), [1]) }
  }

  @Test func foreignFilesCountAndGo() throws {
    try Files.makeDirectories(directory("a/b"), mode: 0o755)
    for number in 0..<8 {
      try directory.write("a/b/old\(number)", noise(16_384, seed: number))
      try age(directory("a/b/old\(number)"), seconds: 5_000 + number)
    }
    let store = LocalStore.at(directory.path, limit: 160 * Self.kilobyte)
    #expect(store.usage() == 8 * 16_384)
    for number in 0..<6 { try store.put(key(number), ["obj": noise(10_000, seed: number)]) }
    for number in 0..<6 { #expect(try store.members(key(number)) != nil) }
    #expect(FileStamp(path: directory("a/b/old7")) == nil)
    #expect(bytesOnDisk(directory.path) <= 160 * Self.kilobyte)
  }

  /// A name that is no UTF-8 is none of ours.
  @Test func foreignNamesAreLeftAlone() throws {
    let result = try Spawn.run(
      "/bin/sh", ["-c", "head -c 8192 /dev/zero > \"$(printf 'x\\377')\""],
      environment: [Array("PATH=/usr/bin:/bin".utf8)], directory: directory.path)
    #expect(result.isSuccess)
    let store = LocalStore.at(directory.path, limit: 40 * Self.kilobyte)
    #expect(store.usage() == 0)
    for number in 0..<8 { try store.put(key(number), ["obj": noise(9_000, seed: number)]) }
    let left = try Spawn.run(
      "/bin/sh", ["-c", "ls x*"], environment: [Array("PATH=/usr/bin:/bin".utf8)],
      directory: directory.path)
    #expect(left.isSuccess)
    _ = try Spawn.run(
      "/bin/sh", ["-c", "rm -f x*"], environment: [Array("PATH=/bin".utf8)],
      directory: directory.path)
  }

  @Test func theFirstToOpenCounts() throws {
    let store = LocalStore.at(directory.path)
    for number in 0..<5 { try store.put(key(number), ["obj": noise(9_000, seed: number)]) }
    #expect(store.usage() == 5 * 12_288)
    unlink(directory("usage"))
    #expect(LocalStore.at(directory.path).usage() == 5 * 12_288)
    try directory.write("usage", "rubbish, and more than sixteen bytes of it")
    #expect(LocalStore.at(directory.path).usage() == 5 * 12_288)
    truncate(directory("usage"), 3)
    #expect(LocalStore.at(directory.path).usage() == 5 * 12_288)
  }

  @Test func daemonsCountTogether() throws {
    let one = LocalStore.at(directory.path)
    let two = LocalStore.at(directory.path)
    try one.put(key(1), ["obj": [1]])
    try two.put(key(2), ["obj": [2]])
    #expect(one.usage() == 8_192)
    #expect(two.usage() == 8_192)
  }

  /// Whoever empties the directory under a running daemon gives the next one a new counter.
  @Test func anEmptiedDirectoryHasOneCounter() throws {
    let one = LocalStore.at(directory.path)
    try one.put(key(1), ["obj": [1]])
    _ = try Spawn.run(
      "/bin/sh", ["-c", "rm -rf *"], environment: [Array("PATH=/bin".utf8)],
      directory: directory.path)
    let two = LocalStore.at(directory.path)
    try two.put(key(2), ["obj": [2]])
    try one.put(key(3), ["obj": [3]])
    #expect(one.usage() == 8_192)
    #expect(two.usage() == 8_192)
  }

  /// Several daemons with several threads each: what lies there never exceeds the limit by more than
  /// what is being written, and the count is right in the end.
  @Test func theLimitHoldsUnderLoad() throws {
    let limit = 2 << 20
    let stores = (0..<3).map { _ in LocalStore.at(directory.path, limit: limit) }
    let done = Monitor((finished: 0, failed: 0))
    let threads = 6
    for thread in 0..<threads {
      let store = stores[thread % stores.count]
      let started = startThread { [self] in
        for number in 0..<60 {
          let bytes = noise(20_000 + 4_096 * (number % 20), seed: number)
          do throws(StoreError) {
            try store.put(key(thread * 1_000 + number), ["obj": bytes])
          } catch {
            done.withLock { $0.failed += 1 }
          }
        }
        done.change { $0.finished += 1 }
      }
      #expect(started)
    }
    var most = 0
    while done.withLock({ $0.finished }) < threads {
      most = max(most, bytesOnDisk(directory.path))
      usleep(500)
    }
    most = max(most, bytesOnDisk(directory.path))
    let failed = done.withLock { $0.failed }
    #expect(bytesOnDisk(directory.path) <= limit)
    // Whatever happens, not by much.
    #expect(most <= limit + threads * 110_000)
    #expect(failed <= 60)
    #expect(Files.names(in: directory("tmp")) == [])
  }

  /// A writer has reserved room and not renamed yet while another one evicts.
  @Test func evictionKeepsWhatOthersReserved() throws {
    let limit = 25 * 4_096
    let store = LocalStore.at(directory.path, limit: limit)
    for number in 0..<20 { try store.put(key(number), ["obj": noise(3_000, seed: number)]) }
    let space = Space(directory: directory.path, limit: limit, isReadOnly: false, fileMode: 0o644)
    // What is being written lies in tmp when its room is reserved.
    for name in ["1-1-1", "2-2-2"] {
      try directory.write("tmp/" + name, noise(4 * 4_096, seed: 1))
      try space.reserve(4 * 4_096)
    }
    let used = try #require(space.used())
    #expect(used >= bytesOnDisk(directory.path) + 8 * 4_096)
  }

  @Test func deadWritersLeaveNothing() throws {
    let store = LocalStore.at(directory.path, limit: 40 * Self.kilobyte)
    try Files.makeDirectories(directory("tmp"), mode: 0o755)
    try directory.write("tmp/1-1-1", noise(9_000, seed: 1))
    try directory.write("tmp/2-2-2", noise(9_000, seed: 2))
    try age(directory("tmp/1-1-1"), seconds: 4_000)
    for number in 0..<12 { try store.put(key(number), ["obj": noise(3_000, seed: number)]) }
    // An hour old is dead; younger ones may be being written.
    #expect(Files.names(in: directory("tmp")) == ["2-2-2"])
  }

  /// Killed between the charge and the rename: the count is too high until somebody counts.
  @Test func aCountTooHighIsPutRight() throws {
    let store = LocalStore.at(directory.path, limit: 100 * Self.kilobyte)
    try store.put(key(1), ["obj": noise(3_000, seed: 1)])
    let usage = try Descriptor.open(directory("usage"), O_RDWR)
    lseek(usage.number, 8, SEEK_SET)
    let wrong = withUnsafeBytes(of: Int64(10 << 30).littleEndian) { Array($0) }
    try usage.write(wrong, path: "usage")
    #expect(store.usage() == 10 << 30)
    try store.put(key(2), ["obj": noise(3_000, seed: 2)])
    #expect(store.usage() == bytesOnDisk(directory.path))
    #expect(try store.members(key(1)) != nil)
  }

  @Test func aNegativeCountDoesNoHarm() throws {
    let store = LocalStore.at(directory.path, limit: 100 * Self.kilobyte)
    try store.put(key(1), ["obj": [1]])
    let usage = try Descriptor.open(directory("usage"), O_RDWR)
    lseek(usage.number, 8, SEEK_SET)
    try usage.write([UInt8](repeating: 0xff, count: 8), path: "usage")
    _ = store.usage()
    try store.put(key(2), ["obj": [1]])
    #expect(try store.members(key(2)) != nil)
  }

  @Test func manyFilesOpen() throws {
    try Files.makeDirectories(directory("entries"), mode: 0o755)
    for number in 0..<10_000 {
      if number < 256 { mkdir(directory("entries/\(number % 256)"), 0o755) }
      close(open(directory("entries/\(number % 256)/\(number)"), O_WRONLY | O_CREAT, 0o644))
    }
    let store = LocalStore.at(directory.path)
    #expect(store.usage() == 0)
    try store.put(key(1), ["obj": [1]])
    #expect(store.usage() == 4_096)
  }

  /// A manifest that gives hits is in use, like its entry.
  @Test func usedManifestsStay() throws {
    let store = LocalStore.at(directory.path, limit: 20 * 4_096)
    for number in 1..<3 {
      try store.putManifest(key(number), [1])
      try age(store.manifestPath(key(number)), seconds: 5_000)
    }
    for number in 3..<15 {
      try store.put(key(number), ["obj": [1]])
      try age(store.entryPath(key(number)), seconds: 4_000)
    }
    #expect(try store.manifest(key(1)) != nil)
    for number in 15..<25 { try store.put(key(number), ["obj": [1]]) }
    #expect(store.manifestStamp(key(1)) != nil)
    #expect(store.manifestStamp(key(2)) == nil)
  }
}
