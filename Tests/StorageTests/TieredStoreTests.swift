import CacheKey
import Glibc
import Platform
import Settings
import Storage
import Synchronization
import TestSupport
import Testing

@Suite(.blocking) struct TieredStoreTests {
  private let directory = TemporaryDirectory()
  private let near = FakeService()
  private let far = FakeService()

  private func remote(
    _ service: FakeService, scratch: LocalStore,
    _ change: (inout RemoteLevel.Options) -> Void = { _ in }
  ) -> RemoteLevel {
    var options = RemoteLevel.Options()
    change(&options)
    return RemoteLevel(name: "fake", service: service, scratch: scratch, options: options)
  }

  private func draft(_ number: Int, _ bytes: [UInt8] = [1, 2, 3]) -> EntryDraft {
    EntryDraft(
      key: key(number), presentation: Digest.of([7]), isColoured: false,
      members: [EntryDraft.Member(name: "obj", content: .bytes(bytes))])
  }

  private func listing(_ number: Int, entry: Int) -> TieredStore.Listing {
    TieredStore.Listing(
      manifest: key(number),
      result: Manifest.Result(
        entry: key(entry), isQuiet: true, place: nil, presentation: nil,
        files: [Manifest.File(path: "/a.c", exact: key(1), relaxed: key(2))], expected: []))
  }

  private func put(
    _ store: TieredStore, _ draft: EntryDraft, _ listing: TieredStore.Listing? = nil
  ) -> Result<Void, StoreError>? {
    let result = Monitor<Result<Void, StoreError>?>(nil)
    store.put(draft, listing: listing) { told in result.change { $0 = told } }
    return result.wait(until: Clock.monotonic + 60_000_000_000) { $0 }
  }

  private func object(_ store: TieredStore, _ number: Int) throws -> [UInt8]? {
    guard let found = try store.entry(key(number)), let member = found.entry.head.member("obj")
    else { return nil }
    return try found.entry.bytes(of: member)
  }

  /// The level at which an entry was found, after the nearer ones were filled.
  private func backfill(
    _ store: TieredStore, _ key: Digest, _ listing: TieredStore.Listing
  ) throws -> Int? {
    guard let found = try store.entry(key) else { return nil }
    store.backfill(found, listing: (listing, 1))
    return found.level
  }

  private func isSuccess(_ result: Result<Void, StoreError>?) -> Bool {
    if case .success? = result { true } else { false }
  }

  @Test func aRemoteStoreAlone() throws {
    let scratch = LocalStore.at(directory("a"))
    let one = TieredStore(levels: [.remote(remote(near, scratch: scratch))], scratch: scratch)
    #expect(try object(one, 1) == nil)
    #expect(isSuccess(put(one, draft(1), listing(10, entry: 1))))
    let other = LocalStore.at(directory("b"))
    let two = TieredStore(levels: [.remote(remote(near, scratch: other))], scratch: other)
    #expect(try object(two, 1) == [1, 2, 3])
    #expect(try two.remotes[0].manifest(key(10))?.results.map(\.entry) == [key(1)])
    #expect(Files.names(in: directory("b") + "/tmp") == [], "nothing is left lying")
    #expect(Files.names(in: directory("b") + "/entries") == nil, "the disk is no level")
  }

  /// One download serves the caller and fills the disk.
  @Test func aHitFillsTheDisk() throws {
    let first = LocalStore.at(directory("a"))
    #expect(
      isSuccess(
        put(
          TieredStore(levels: [.remote(remote(far, scratch: first))], scratch: first), draft(1),
          listing(10, entry: 1))))
    let disk = LocalStore.at(directory("b"))
    let store = TieredStore(
      levels: [.disk(disk), .remote(remote(far, scratch: disk))], scratch: disk)
    #expect(try backfill(store, key(1), listing(10, entry: 1)) == 1)
    #expect(far.fetches.count { $0 == .entry(key(1)) } == 1)
    far.fail(fetches: .unreachable("gone"))
    #expect(try object(store, 1) == [1, 2, 3])
    #expect(try disk.manifest(key(10)) != nil)
    #expect(far.fetches.count { $0 == .entry(key(1)) } == 1)
    #expect(store.counters(of: store.levels[1]).backfillsFrom == 1)
  }

  /// A nearer remote store is filled, too, without a second download.
  @Test func aHitFillsNearerRemoteStores() throws {
    let first = LocalStore.at(directory("a"))
    let alone = TieredStore(levels: [.remote(remote(far, scratch: first))], scratch: first)
    #expect(isSuccess(put(alone, draft(1), listing(10, entry: 1))))
    let scratch = LocalStore.at(directory("b"))
    let store = TieredStore(
      levels: [.remote(remote(near, scratch: scratch)), .remote(remote(far, scratch: scratch))],
      scratch: scratch)
    #expect(try backfill(store, key(1), listing(10, entry: 1)) == 1)
    store.finish(until: Clock.monotonic + 60_000_000_000)
    #expect(Set(near.blobs.keys) == [.entry(key(1)), .manifest(key(10))])
    #expect(far.fetches.count { $0 == .entry(key(1)) } == 1)
  }

  /// What others listed meanwhile stays listed.
  @Test func manifestsAreMerged() throws {
    let scratch = LocalStore.at(directory("a"))
    for number in 1...3 {
      let store = TieredStore(levels: [.remote(remote(near, scratch: scratch))], scratch: scratch)
      #expect(isSuccess(put(store, draft(number), listing(10, entry: number))))
    }
    let level = remote(near, scratch: scratch)
    #expect(try level.manifest(key(10))?.results.map(\.entry) == [key(3), key(2), key(1)])
  }

  /// Whoever looks while a result is on its way finds it.
  @Test func resultsOnTheirWayAreFound() throws {
    let scratch = LocalStore.at(directory("a"))
    let store = TieredStore(levels: [.remote(remote(near, scratch: scratch))], scratch: scratch)
    near.hold(true)
    let done = Monitor(false)
    store.put(draft(1), listing: listing(10, entry: 1)) { _ in done.change { $0 = true } }
    #expect(try object(store, 1) == [1, 2, 3])
    #expect(store.pendingResults(of: key(10))?.results.map(\.entry) == [key(1)])
    near.hold(false)
    let isDone = done.wait(until: Clock.monotonic + 60_000_000_000) { $0 ? true : nil }
    #expect(isDone == true)
    #expect(store.pendingResults(of: key(10)) == nil)
    #expect(try object(store, 1) == [1, 2, 3])
  }

  @Test func damagedBlobsAreMissesAndReplaced() throws {
    let scratch = LocalStore.at(directory("a"))
    let store = TieredStore(levels: [.remote(remote(near, scratch: scratch))], scratch: scratch)
    let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    #expect(isSuccess(put(store, draft(1, bytes), listing(10, entry: 1))))
    let whole = try #require(near.blobs[.entry(key(1))])
    for length in [0, 1, 39, 40, 41, 100, whole.count - 1] {
      near.change(.entry(key(1))) { $0 = Array(whole.prefix(length)) }
      #expect(throws: StoreError.self, "\(length) bytes") { try object(store, 1) }
    }
    for position in stride(from: 0, to: whole.count, by: 97) {
      near.change(.entry(key(1))) {
        $0 = whole
        $0[position] ^= 4
      }
      #expect(throws: StoreError.self, "\(position)") { try object(store, 1) }
    }
    near.give(.manifest(key(10)), for: .manifest(key(11)))
    #expect(throws: StoreError.self) { try store.remotes[0].manifest(key(11)) }
    #expect(isSuccess(put(store, draft(1, bytes), listing(10, entry: 1))))
    #expect(try object(store, 1) == bytes)
    #expect(Files.names(in: directory("a") + "/tmp") == [])
  }

  @Test func signedResultsAreBelievedByHoldersOfTheKey() throws {
    func store(_ name: String, _ key: String?) -> TieredStore {
      let scratch = LocalStore.at(directory(name))
      let level = remote(near, scratch: scratch) {
        $0.signingKey = key.map { SigningKey(Secret($0)) }
      }
      return TieredStore(levels: [.remote(level)], scratch: scratch)
    }
    let holder = store("a", "one")
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    #expect(isSuccess(put(holder, draft(1, bytes), listing(10, entry: 1))))
    #expect(try object(store("b", "one"), 1) == bytes)
    #expect(try object(store("c", nil), 1) == bytes, "who asks for no signature needs none")
    #expect(throws: StoreError.self) { try object(store("d", "two"), 1) }
    #expect(throws: StoreError.self) { try store("d", "two").remotes[0].manifest(key(10)) }
    // Another's entry, signed for its own name.
    #expect(isSuccess(put(holder, draft(2), nil)))
    near.give(.entry(key(2)), for: .entry(key(1)))
    #expect(throws: StoreError.self) { try object(store("e", "one"), 1) }
    #expect(isSuccess(put(store("f", nil), draft(3), nil)))
    #expect(throws: StoreError.self) { try object(store("g", "one"), 3) }
  }

  /// What comes slower than it compiles is left where it is, and not sent again.
  @Test func slowHitsAreLeftOut() throws {
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let writer = LocalStore.at(directory("a"))
    let sender = TieredStore(levels: [.remote(remote(near, scratch: writer))], scratch: writer)
    for number in 1...4 {
      #expect(isSuccess(put(sender, draft(number, bytes), nil)))
    }
    let scratch = LocalStore.at(directory("b"))
    let store = TieredStore(levels: [.remote(remote(near, scratch: scratch))], scratch: scratch)
    near.delay(fetches: 700_000)
    for number in 1...3 { #expect(try object(store, number) == bytes) }
    let fast = Manifest.Cost(milliseconds: 10, bytes: 100_000)
    let asked = near.fetches.count
    let left = try store.entry(key(4), cost: fast)
    let isLeft = left == nil
    #expect(isLeft)
    #expect(near.fetches.count == asked)
    #expect(store.remotes[0].counters.slowerThanCompiling == 1)
    let sent = near.stores.count
    #expect(isSuccess(put(store, draft(4, bytes), nil)))
    #expect(near.stores.count == sent)
    // One that is slow to compile is fetched.
    let slow = Manifest.Cost(milliseconds: 10_000, bytes: 100_000)
    let found = try store.entry(key(4), cost: slow)
    let isFound = found != nil
    #expect(isFound)
  }

  @Test func aStoreThatIsAwayIsNotAskedAgain() throws {
    let disk = LocalStore.at(directory("a"))
    let store = TieredStore(
      levels: [.disk(disk), .remote(remote(far, scratch: disk))], scratch: disk)
    far.fail(fetches: .unreachable("nobody there"))
    #expect(throws: StoreError.self) { try object(store, 1) }
    let asked = far.fetches.count { $0 != .probe }
    for _ in 0..<50 { #expect(try object(store, 1) == nil) }
    #expect(far.fetches.count { $0 != .probe } == asked)
    #expect(store.takeNotices().count == 1)
    #expect(store.takeNotices().isEmpty)
    #expect(store.remotes[0].trouble != nil)
    #expect(store.remotes[0].counters.skipped == 50)
    // It comes back by itself.
    far.fail()
    for _ in 0..<600 where store.remotes[0].trouble != nil { usleep(100_000) }
    #expect(store.remotes[0].trouble == nil)
    #expect(try object(store, 1) == nil)
    #expect(far.fetches.last == .entry(key(1)))
  }

  @Test func writesAreTriedAgain() throws {
    let scratch = LocalStore.at(directory("a"))
    let store = TieredStore(levels: [.remote(remote(near, scratch: scratch))], scratch: scratch)
    near.fail(stores: .failed("a moment"))
    let result = Monitor<Result<Void, StoreError>?>(nil)
    store.put(draft(1), listing: nil) { told in result.change { $0 = told } }
    for _ in 0..<1000 where near.stores.isEmpty { usleep(5000) }
    near.fail()
    let told = result.wait(until: Clock.monotonic + 60_000_000_000) { $0 }
    #expect(isSuccess(told))
    #expect(try object(store, 1) == [1, 2, 3])
  }

  @Test func writesThatAreRefusedAreGivenUp() {
    let scratch = LocalStore.at(directory("a"))
    let store = TieredStore(levels: [.remote(remote(near, scratch: scratch))], scratch: scratch)
    near.fail(stores: .denied("403"))
    for number in 0..<20 { #expect(!isSuccess(put(store, draft(number), nil))) }
    #expect(near.stores.count == 1)
    #expect(store.takeNotices().count == 1)
    #expect(store.remotes[0].counters.writeFailures == 1)
    #expect(store.remotes[0].counters.dropped == 19)
  }

  @Test func theEndWaitsForWrites() {
    let scratch = LocalStore.at(directory("a"))
    let store = TieredStore(levels: [.remote(remote(near, scratch: scratch))], scratch: scratch)
    for number in 0..<30 { store.put(draft(number), listing: nil) { _ in } }
    store.finish(until: Clock.monotonic + 60_000_000_000)
    #expect(near.blobs.count == 30)
  }

  /// Each result that a service held back and could not send is counted, and no longer as written.
  @Test(arguments: [0, 60]) func resultsThatWereHeldBackAndLostAreCounted(seconds: Int64) {
    let scratch = LocalStore.at(directory("a"))
    let store = TieredStore(levels: [.remote(remote(near, scratch: scratch))], scratch: scratch)
    for number in 0..<5 { #expect(isSuccess(put(store, draft(number), nil))) }
    near.holdBack(3, seconds > 0 ? .limited(seconds: 60, "429") : nil)
    store.finish(until: Clock.monotonic + seconds * 1_000_000_000)
    #expect(store.remotes[0].counters.writes == 2)
    #expect(store.remotes[0].counters.writeFailures == 3)
    #expect(store.takeNotices().contains { $0.contains("3 results") })
  }

  @Test func policies() throws {
    let disk = LocalStore.at(directory("a"))
    func store(_ policy: TieredStore.WriteErrorPolicy) -> TieredStore {
      TieredStore(
        levels: [.remote(remote(near, scratch: disk)), .remote(remote(far, scratch: disk))],
        scratch: disk, policy: policy)
    }
    far.fail(stores: .denied("403"))
    #expect(isSuccess(put(store(.nearestDecides), draft(1), nil)))
    #expect(!isSuccess(put(store(.allDecide), draft(1), nil)))
    #expect(isSuccess(put(store(.ignore), draft(1), nil)))
    far.fail()
    near.fail(stores: .denied("403"))
    #expect(!isSuccess(put(store(.nearestDecides), draft(1), nil)))
    #expect(isSuccess(put(store(.ignore), draft(1), nil)))
  }

  @Test func readOnlyLevelsAreNotWritten() throws {
    let disk = LocalStore.at(directory("a"))
    let reading = remote(far, scratch: disk) { $0.isReadOnly = true }
    let both = TieredStore(levels: [.disk(disk), .remote(reading)], scratch: disk)
    #expect(isSuccess(put(both, draft(1), listing(10, entry: 1))))
    #expect(far.stores.isEmpty)
    #expect(try object(both, 1) == [1, 2, 3])
    let alone = TieredStore(levels: [.remote(reading)], scratch: disk)
    #expect(!isSuccess(put(alone, draft(2), nil)))
  }

  @Test func largerThanTheServiceTakes() {
    let small = FakeService(largestBlob: 300)
    let disk = LocalStore.at(directory("a"))
    let store = TieredStore(levels: [.remote(remote(small, scratch: disk))], scratch: disk)
    var generator = SeededGenerator(seed: 1)
    #expect(!isSuccess(put(store, draft(1, generator.bytes(400)), nil)))
    #expect(small.stores.isEmpty)
    #expect(isSuccess(put(store, draft(2, [1]), nil)))
  }
}
