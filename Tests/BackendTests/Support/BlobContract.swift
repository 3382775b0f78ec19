import CacheKey
import Glibc
import Platform
import Storage
import Synchronization
import TestSupport
import Testing

/// What every backend must do, checked against a real server (or a stub that checks signatures).
struct BlobContract {
  /// Two clients of the same store, as two machines have them: what one stores the other finds.
  let first: any BlobService
  let second: any BlobService
  var deadlines = BlobDeadlines.patient
  /// For stores that show a little later to others what was stored.
  var settle: () throws -> Void = {}

  private func key(_ number: Int) -> Digest { Digest.of(Array("contract \(number)".utf8)) }

  func check() throws {
    try absence()
    try smallBlobs()
    try replacement()
    try largeBlob()
    try removal()
    try given(up: first)
    try wrongEntries()
  }

  private func absence() throws {
    for name in [BlobName.entry(key(0)), .manifest(key(0)), .probe] {
      #expect(try fetch(second, name) == nil)
    }
  }

  /// Every byte comes back, also none at all; an entry and a manifest of one key are two blobs.
  private func smallBlobs() throws {
    let all = (0...255).map { UInt8($0) }
    for (number, bytes) in [all, [], [0], Array("text\r\n".utf8)].enumerated() {
      try first.store(.entry(key(number)), .bytes(bytes), deadlines)
      try first.store(.manifest(key(number)), .bytes(bytes + [1]), deadlines)
      try settle()
      #expect(try fetch(second, .entry(key(number))) == bytes)
      #expect(try fetch(second, .manifest(key(number))) == bytes + [1])
    }
  }

  private func replacement() throws {
    try first.store(.manifest(key(1)), .bytes([7, 7]), deadlines)
    try settle()
    try second.store(.manifest(key(1)), .bytes([8]), deadlines)
    try settle()
    #expect(try fetch(first, .manifest(key(1))) == [8])
  }

  /// From a file, in pieces; as large as the service takes, 3 MB at most.
  private func largeBlob() throws {
    let count = min(first.largestBlob ?? .max, 3_000_001)
    var generator = SeededGenerator(seed: 5)
    let bytes = generator.bytes(count)
    let directory = TemporaryDirectory()
    let path = try directory.write("blob", bytes)
    let file = TemporaryFile(descriptor: try Descriptor.open(path, O_RDONLY), size: count)
    try first.store(.entry(key(10)), .file(file), deadlines)
    try settle()
    #expect(try fetch(second, .entry(key(10))) == bytes)
  }

  private func removal() throws {
    try second.remove(.entry(key(1)), deadlines)
    try second.remove(.entry(key(1)), deadlines)
    try settle()
    #expect(try fetch(first, .entry(key(1))) == nil)
  }

  /// A sink that wants no more ends the transfer, and the connection serves the next question.
  private func given(up service: any BlobService) throws {
    let sink = Collected(limit: 10)
    #expect(throws: BlobFailure.self) {
      _ = try service.fetch(.entry(key(10)), into: sink, deadlines)
    }
    #expect(try fetch(service, .entry(key(2))) == [0])
  }

  /// An entry that was cut, or is another's, is refused whatever it came by, and then replaced.
  private func wrongEntries() throws {
    let directory = TemporaryDirectory()
    let scratch = LocalStore(
      LocalStore.Options(
        directory: directory.path, sizeLimit: 1 << 30, isReadOnly: false, zstdLevel: nil,
        umask: 0o077))
    var options = RemoteLevel.Options()
    options.deadlines = deadlines
    let store = TieredStore(
      levels: [
        .remote(RemoteLevel(name: "store", service: first, scratch: scratch, options: options))
      ], scratch: scratch)
    var generator = SeededGenerator(seed: 7)
    let objects = [generator.bytes(1_200_000), generator.bytes(2000)]
    var blobs: [[UInt8]] = []
    for (number, object) in objects.enumerated() {
      try put(object, key(20 + number), in: store)
      blobs.append(try #require(try fetch(first, .entry(key(20 + number)))))
    }
    for wrong in [Array(blobs[0].dropLast(1)), Array(blobs[0].prefix(500_000)), blobs[1], []] {
      try first.store(.entry(key(20)), .bytes(wrong), deadlines)
      try settle()
      #expect("\(wrong.count) bytes") {
        _ = try store.entry(key(20))
      } throws: {
        if case .damaged = $0 as? StoreError { true } else { false }
      }
    }
    try put(objects[0], key(20), in: store)
    let found = try store.entry(key(20))
    guard let entry = found?.takeEntry() else { throw NotFound() }
    #expect(try entry.bytes(of: #require(entry.head.member("obj"))) == objects[0])
  }

  private struct NotFound: Error {}

  private func put(_ object: [UInt8], _ key: Digest, in store: TieredStore) throws {
    let told = Monitor<Result<Void, StoreError>?>(nil)
    let member = EntryDraft.Member(name: "obj", content: .bytes(object))
    store.put(
      EntryDraft(key: key, presentation: Digest.of([]), isColoured: false, members: [member]),
      listing: nil
    ) { result in told.change { $0 = result } }
    try #require(told.wait(until: .max) { $0 }).get()
    try settle()
  }

  private func fetch(_ service: any BlobService, _ name: BlobName) throws -> [UInt8]? {
    let sink = Collected()
    return try service.fetch(name, into: sink, deadlines) ? sink.bytes : nil
  }
}

/// Keeps what came.
final class Collected: BlobSink {
  private let collected = Mutex<[UInt8]>([])
  private let limit: Int

  init(limit: Int = .max) { self.limit = limit }

  var bytes: [UInt8] { collected.withLock { $0 } }

  func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    collected.withLock {
      $0.append(contentsOf: bytes)
      return $0.count <= limit
    }
  }
}
