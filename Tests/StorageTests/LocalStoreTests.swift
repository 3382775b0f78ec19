import CacheKey
import Glibc
import Platform
import TestSupport
import Testing

@testable import Storage

@Suite struct LocalStoreTests {
  private let directory = TemporaryDirectory()

  private func samples() -> [String: [UInt8]] {
    var random = SeededGenerator(seed: 1)
    return [
      "empty": [], "one": [1], "small": random.text(600), "page": random.bytes(4_096),
      "text": random.text(700_000), "noise": random.bytes(600_001),
      "zeros": [UInt8](repeating: 0, count: 1 << 20),
      "aligned": random.bytes(65_536),
    ]
  }

  @Test(arguments: [nil, 1, 19, -3] as [Int?])
  func roundTrip(level: Int?) throws {
    let store = LocalStore.at(directory.path, zstdLevel: level)
    let samples = samples()
    try store.put(key(1), samples)
    #expect(try store.members(key(1)) == samples)
    let entry = try store.present(key(1))
    #expect(entry.head.key == key(1))
    #expect(entry.head.presentation == Digest.of([7]))
    #expect(entry.head.isColoured)
    #expect(try store.members(key(2)) == nil)
    // Another daemon reads it too.
    #expect(try LocalStore.at(directory.path).members(key(1)) == samples)
  }

  @Test func largeMembersComeFromFiles() throws {
    let store = LocalStore.at(directory.path)
    var random = SeededGenerator(seed: 2)
    for (number, bytes) in [random.bytes(300_000), random.text(3_000_000), []].enumerated() {
      let file = try store.temporaryFile()
      try file.write(bytes, path: "temporary")
      let content = TemporaryFile(descriptor: file, size: bytes.count)
      try store.put(
        EntryDraft(
          key: key(number), presentation: key(0), isColoured: false,
          members: [
            EntryDraft.Member(name: "first", content: .bytes([1, 2, 3])),
            EntryDraft.Member(name: "obj", content: .file(content)),
          ]))
      #expect(try store.members(key(number)) == ["first": [1, 2, 3], "obj": bytes])
    }
    #expect(Files.names(in: directory("tmp")) == [])
  }

  @Test func aShortFileIsNotStored() throws {
    let store = LocalStore.at(directory.path)
    let file = try store.temporaryFile()
    try file.write([1, 2, 3], path: "temporary")
    let content = TemporaryFile(descriptor: file, size: 100_000)
    let draft = EntryDraft(
      key: key(1), presentation: key(0), isColoured: false,
      members: [EntryDraft.Member(name: "obj", content: .file(content))])
    #expect(throws: StoreError.self) { try store.put(draft) }
    #expect(try store.members(key(1)) == nil)
    #expect(Files.names(in: directory("tmp")) == [])
  }

  @Test func aSecondPutReplaces() throws {
    let store = LocalStore.at(directory.path)
    try store.put(key(1), ["obj": [1]])
    try store.put(key(1), ["obj": [2, 2]])
    #expect(try store.members(key(1)) == ["obj": [2, 2]])
    #expect(store.usage() == bytesOnDisk(directory.path))
  }

  @Test func manifests() throws {
    let store = LocalStore.at(directory.path)
    #expect(try store.manifest(key(1)) == nil)
    #expect(store.manifestStamp(key(1)) == nil)
    try store.putManifest(key(1), [1, 2, 3])
    #expect(try store.manifest(key(1)) == [1, 2, 3])
    let stamp = store.manifestStamp(key(1))
    try store.putManifest(key(1), [4, 5, 6])
    #expect(try store.manifest(key(1)) == [4, 5, 6])
    #expect(store.manifestStamp(key(1)) != stamp)
    #expect(store.usage() == bytesOnDisk(directory.path))
  }

  // MARK: damage

  private func damage(_ path: String, at offset: Int) throws {
    let file = try Descriptor.open(path, O_RDWR)
    let old = try file.read(at: offset, count: 1, path: path)
    lseek(file.number, off_t(offset), SEEK_SET)
    try file.write([(old.first ?? 0) ^ 0x40], path: path)
  }

  @Test(arguments: [0, 7, 8, 39, 40, 44, 76, 77, 85, 100, -1, -4_000])
  func aChangedByteIsAMissAndReported(offset: Int) throws {
    let store = LocalStore.at(directory.path)
    var random = SeededGenerator(seed: 4)
    try store.put(key(1), ["obj": random.bytes(5_000)])
    let path = store.entryPath(key(1))
    let size = Int(try #require(FileStamp(path: path)).size)
    try damage(path, at: offset < 0 ? size + offset : offset)
    let error = #expect(throws: StoreError.self) { try store.members(key(1)) }
    guard case .damaged? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    // Gone, counted, and to be replaced.
    #expect(try store.members(key(1)) == nil)
    #expect(store.usage() == 0)
    try store.put(key(1), ["obj": [1]])
    #expect(try store.members(key(1)) == ["obj": [1]])
  }

  @Test func everyTruncationIsAMiss() throws {
    let store = LocalStore.at(directory.path)
    for length in [0, 1, 43, 44, 60, 100, 130, 200, 628] {
      try store.put(key(1), ["obj": [UInt8](repeating: 1, count: 500)])
      #expect(truncate(store.entryPath(key(1)), off_t(length)) == 0)
      #expect(throws: StoreError.self, "\(length) bytes") { try store.members(key(1)) }
      #expect(try store.members(key(1)) == nil)
    }
  }

  @Test func anotherKeysFileIsAMiss() throws {
    let store = LocalStore.at(directory.path)
    for number in 1...2 { try store.put(key(number), ["obj": [UInt8(number)]]) }
    #expect(try store.members(key(1)) != nil)
    try Files.rename(store.entryPath(key(2)), store.entryPath(key(1)))
    #expect(throws: StoreError.self) { try store.members(key(1)) }
    #expect(try store.members(key(1)) == nil)
  }

  @Test func foreignThingsInAnEntrysPlace() throws {
    let store = LocalStore.at(directory.path)
    try store.put(key(1), ["obj": [1]])
    let path = store.entryPath(key(1))
    unlink(path)
    symlink("/etc/passwd", path)
    #expect(throws: StoreError.self) { try store.members(key(1)) }
    try store.put(key(1), ["obj": [2]])
    #expect(try store.members(key(1)) == ["obj": [2]])
    #expect(FileStamp(path: "/etc/passwd") != nil)
  }

  /// Nobody may be made to take memory for a size that a few bytes claim.
  @Test func aSizeThatLiesIsRefused() throws {
    var random = SeededGenerator(seed: 5)
    let packed = try #require(
      random.text(4_000).withUnsafeBytes { Compression.compress($0, level: 1) })
    var head = EntryHead(
      key: key(1), presentation: key(0), isColoured: false,
      members: [
        EntryHead.Member(
          name: "obj", encoding: .zstd, size: 4_001, stored: packed.count, offset: 0,
          checksum: checksum(packed))
      ])
    let bytes = head.layOut() + packed
    let store = LocalStore.at(directory.path)
    try store.put(key(1), ["obj": [1]])
    try directory.write("new", bytes)
    try Files.rename(directory("new"), store.entryPath(key(1)))
    let entry = try store.present(key(1))
    let member = entry.head.members[0]
    var refusals = 0
    do throws(StoreError) { _ = try entry.bytes(of: member) } catch { refusals += 1 }
    let target = try Descriptor.open(directory("out"), O_RDWR | O_CREAT, mode: 0o600)
    do throws(StoreError) { try entry.copy(member, to: target, path: "out") } catch {
      refusals += 1
    }
    #expect(refusals == 2)
  }

  /// Seeded changes of a whole file: a miss, an error or the same content, never another.
  @Test func mutatedEntriesNeverLie() throws {
    let store = LocalStore.at(directory.path)
    var random = SeededGenerator(seed: 6)
    let samples = ["obj": random.text(2_000), "stderr": random.text(600)]
    try store.put(key(1), samples)
    let good = try Files.read(store.entryPath(key(1)))
    for _ in 0..<400 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        switch Int.random(in: 0...2, using: &random) {
        case 0:
          bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(
            in: 1...255, using: &random)
        case 1: bytes.removeLast(min(bytes.count - 1, Int.random(in: 1...50, using: &random)))
        default: bytes += random.bytes(Int.random(in: 1...9, using: &random))
        }
      }
      try directory.write("new", bytes)
      try Files.makeDirectories(Path.directory(of: store.entryPath(key(1))), mode: 0o755)
      try Files.rename(directory("new"), store.entryPath(key(1)))
      if let found = try? store.members(key(1)) { #expect(found == samples) }
    }
  }

  @Test func theMemoSeesAChangedFile() throws {
    let store = LocalStore.at(directory.path)
    try store.put(key(1), ["obj": [UInt8](repeating: 3, count: 5_000)])
    usleep(30_000)
    // The second look is remembered.
    for _ in 0..<3 { #expect(try store.members(key(1)) != nil) }
    try damage(store.entryPath(key(1)), at: 4_000)
    #expect(throws: StoreError.self) { try store.members(key(1)) }
  }

  // MARK: places that can't be used

  @Test func readOnly() throws {
    try LocalStore.at(directory.path).put(key(1), ["obj": [1]])
    let store = LocalStore.at(directory.path, isReadOnly: true)
    #expect(try store.members(key(1)) == ["obj": [1]])
    #expect(throws: StoreError.self) { try store.put(key(2), ["obj": [2]]) }
    #expect(throws: StoreError.self) { try store.putManifest(key(2), [2]) }
    #expect(store.usage() == 4_096)
    // A damaged entry is reported and left alone.
    try damage(store.entryPath(key(1)), at: 100)
    #expect(throws: StoreError.self) { try store.members(key(1)) }
    #expect(FileStamp(path: store.entryPath(key(1))) != nil)
  }

  @Test func readOnlyWithoutADirectory() throws {
    let store = LocalStore.at(directory("none"), isReadOnly: true)
    #expect(try store.members(key(1)) == nil)
    #expect(store.usage() == nil)
    #expect(FileStamp(path: directory("none")) == nil)
  }

  @Test func aDirectoryThatCannotBeMade() throws {
    try directory.write("file", "x")
    let store = LocalStore.at(directory("file/cache"))
    #expect(throws: StoreError.self) { try store.put(key(1), ["obj": [1]]) }
    #expect(throws: StoreError.self) { try store.putManifest(key(1), [1]) }
    #expect(throws: StoreError.self) { try store.temporaryFile().number }
    #expect(store.usage() == nil)
  }

  @Test func nothingIsTouchedBeforeUse() {
    _ = LocalStore.at(directory("cache"))
    #expect(FileStamp(path: directory("cache")) == nil)
  }

  @Test func descriptorsAreClosed() throws {
    let store = LocalStore.at(directory.path)
    let growth = try descriptorGrowth {
      for number in 0..<60 {
        try store.put(key(number), ["obj": [1]])
        _ = try store.members(key(number))
        _ = try? store.members(key(number + 1_000))
        _ = try store.temporaryFile().number
      }
    }
    #expect(growth < 50)
  }
}
