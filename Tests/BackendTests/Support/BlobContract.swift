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
