import CacheKey
import Glibc
import Platform
import Storage
import Synchronization

/// A service in memory, which fails as it is told.
final class FakeService: BlobService {
  private struct State {
    var blobs: [BlobName: [UInt8]] = [:]
    var fetchFailure: BlobFailure?
    var storeFailure: BlobFailure?
    var fetches: [BlobName] = []
    var firstBytes: [Int?] = []
    var stores: [BlobName] = []
    var isHeld = false
    var fetchDelay: UInt32 = 0
    var fetchCut: Int?
    var heldBack = 0
    var finishFailure: BlobFailure?
  }

  private let state = Mutex(State())
  let largestBlob: Int?

  init(largestBlob: Int? = nil) { self.largestBlob = largestBlob }

  var location: String { "fake" }
  var blobs: [BlobName: [UInt8]] { state.withLock { $0.blobs } }
  var fetches: [BlobName] { state.withLock { $0.fetches } }
  /// When each fetch wanted the first byte.
  var firstBytes: [Int?] { state.withLock { $0.firstBytes } }
  var stores: [BlobName] { state.withLock { $0.stores } }

  func fail(fetches: BlobFailure? = nil, stores: BlobFailure? = nil) {
    state.withLock {
      $0.fetchFailure = fetches
      $0.storeFailure = stores
    }
  }

  /// Stores wait until they are let go.
  func hold(_ isHeld: Bool) { state.withLock { $0.isHeld = isHeld } }

  /// Microseconds that each fetch takes.
  func delay(fetches: UInt32) { state.withLock { $0.fetchDelay = fetches } }

  var heldBack: Int { state.withLock { $0.heldBack } }

  /// Says that results were not sent yet, and fails when they are to be.
  func holdBack(_ count: Int, _ failure: BlobFailure?) {
    state.withLock {
      $0.heldBack = count
      $0.finishFailure = failure
    }
  }

  func finish(_ deadlines: BlobDeadlines) throws(BlobFailure) {
    if let failure = state.withLock({ $0.finishFailure }) { throw failure }
    state.withLock { $0.heldBack = 0 }
  }

  /// Fetches fail after so many bytes.
  func cut(fetches count: Int?) { state.withLock { $0.fetchCut = count } }

  func set(_ name: BlobName, _ bytes: [UInt8]) { state.withLock { $0.blobs[name] = bytes } }

  func change(_ name: BlobName, _ change: (inout [UInt8]) -> Void) {
    state.withLock { state in
      guard var bytes = state.blobs[name] else { return }
      change(&bytes)
      state.blobs[name] = bytes
    }
  }

  /// Gives one blob under another's name.
  func give(_ name: BlobName, for other: BlobName) {
    state.withLock { $0.blobs[other] = $0.blobs[name] }
  }

  func fetch(
    _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
  ) throws(BlobFailure) -> Bool {
    let (failure, bytes) = state.withLock { state in
      state.fetches.append(name)
      state.firstBytes.append(deadlines.firstByte)
      return (state.fetchFailure, state.blobs[name])
    }
    usleep(state.withLock { $0.fetchDelay })
    if let failure { throw failure }
    guard let bytes else { return false }
    // In pieces that cut everything somewhere.
    let cut = state.withLock { $0.fetchCut }
    var rest = cut.map { bytes.prefix($0) } ?? bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(37)
      guard piece.withUnsafeBytes({ sink.take($0) }) else { throw .given(up: "enough") }
      rest = rest.dropFirst(37)
    }
    if cut != nil { throw .failed("the connection is closed") }
    return true
  }

  func store(
    _ name: BlobName, _ blob: MemberContent, _ deadlines: BlobDeadlines
  ) throws(BlobFailure) {
    while state.withLock({ $0.isHeld }) { usleep(1000) }
    let failure = state.withLock { state in
      state.stores.append(name)
      return state.storeFailure
    }
    if let failure { throw failure }
    let bytes: [UInt8]
    switch blob {
    case .bytes(let all): bytes = all
    case .file(let file):
      do throws(SystemError) {
        bytes = try file.descriptor.read(at: 0, count: file.size, path: "a blob")
      } catch {
        throw .given(up: "\(error)")
      }
    }
    state.withLock { $0.blobs[name] = bytes }
  }

  func remove(_ name: BlobName, _ deadlines: BlobDeadlines) throws(BlobFailure) {
    state.withLock { _ = $0.blobs.removeValue(forKey: name) }
  }
}
