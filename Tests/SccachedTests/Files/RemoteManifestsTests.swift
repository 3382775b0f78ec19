import CacheKey
import Platform
import Storage
import TestSupport
import Testing

@testable import sccached

@Suite struct RemoteManifestsTests {
  private let directory = TemporaryDirectory()

  /// A store that never answers in time.
  private final class Late: BlobService {
    let questions = Monitor(0)
    let location = "late"

    func fetch(
      _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Bool {
      questions.withLock { $0 += 1 }
      throw .failed("503")
    }

    func store(
      _ name: BlobName, _ blob: MemberContent, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) {}

    func remove(_ name: BlobName, _ deadlines: BlobDeadlines) throws(BlobFailure) {}
  }

  private struct Anywhere: LookupPlace {
    func leave() -> Bool { false }
    func comeBack() {}
  }

  /// A miss asks before it compiles and when it may lead a flight: who has failed once would cost it twice.
  @Test func aStoreThatFailsIsNotAskedTwiceForACall() {
    let service = Late()
    let scratch = LocalStore(
      LocalStore.Options(
        directory: directory.path, sizeLimit: 1 << 20, isReadOnly: false, zstdLevel: nil,
        umask: 0o022))
    let level = RemoteLevel(name: "late", service: service, scratch: scratch)
    let manifests = RemoteManifests()
    func ask(_ number: UInt8) throws(StoreError) -> Bool {
      try manifests.match(
        Digest.of([number]), level: 0, of: level,
        places: Places(directory: "/", baseDirectories: [], paths: []), place: Anywhere(),
        resolve: { _ in fatalError("there is no manifest") }, compare: { _ in nil }) != nil
    }
    // Within a second, which a machine that stands still may use up.
    let isSpared = (UInt8(1)...20).contains { number in
      #expect(throws: StoreError.self) { try ask(number) }
      let before = service.questions.withLock { $0 }
      _ = try? ask(number)
      return service.questions.withLock { $0 } == before
    }
    #expect(isSpared)
    // Another file is asked for all the same.
    #expect(throws: StoreError.self) { try ask(100) }
  }
}
