import CacheKey
import Platform
import Storage
import TestSupport
import Testing

/// Stores that refuse to say that a blob is not there.
@Suite(.blocking) struct HiddenAbsencesTests {
  private let directory = TemporaryDirectory()
  private let service = FakeService()
  private let refusal = BlobFailure.deniedOrAbsent("403 (AccessDenied)")

  private func store(isReadOnly: Bool = false) -> (store: TieredStore, level: RemoteLevel) {
    let scratch = LocalStore.at(directory("scratch"))
    var options = RemoteLevel.Options()
    options.isReadOnly = isReadOnly
    let level = RemoteLevel(name: "fake", service: service, scratch: scratch, options: options)
    return (TieredStore(levels: [.remote(level)], scratch: scratch), level)
  }

  private func put(_ store: TieredStore, _ number: Int) {
    let draft = EntryDraft(
      key: key(number), presentation: Digest.of([]), isColoured: false,
      members: [EntryDraft.Member(name: "obj", content: .bytes([1, 2, 3]))])
    let isDone = Monitor(false)
    store.put(draft, listing: nil) { _ in isDone.change { $0 = true } }
    _ = isDone.wait(until: Clock.monotonic + 60_000_000_000) { $0 ? true : nil }
  }

  /// How many lookups say in turn that there is nothing.
  private func misses(_ level: RemoteLevel, most: Int) -> Int {
    for number in 0..<most {
      do throws(StoreError) {
        #expect(try level.manifest(key(number)) == nil)
      } catch {
        return number
      }
    }
    return most
  }

  /// Whoever has no rights at all need not ask for each file.
  @Test func refusalsAreMissesUntilThereAreTooMany() {
    service.fail(fetches: refusal)
    let level = store().level
    #expect(misses(level, most: 1000) == 200)
    #expect(level.trouble == "not asked: it refuses: 403 (AccessDenied)")
    #expect(level.counters.readFailures == 1)
    #expect(level.takeNotices().count == 1)
  }

  /// A bucket that fills, by one who may not list it.
  @Test func whatWasStoredShowsThatTheRightsAreThere() throws {
    service.fail(fetches: refusal)
    let (store, level) = store()
    put(store, 1)
    #expect(misses(level, most: 1000) == 1000)
    service.fail()
    #expect(try store.entry(key(1)) != nil)
    #expect(level.takeNotices() == [])
    #expect(level.counters.readFailures == 0)
  }

  /// A reader of a cache that others fill.
  @Test func whatWasReadDoesSo() throws {
    put(store().store, 1)
    let (reading, level) = store(isReadOnly: true)
    #expect(try reading.entry(key(1)) != nil)
    service.fail(fetches: refusal)
    #expect(misses(level, most: 1000) == 1000)
    #expect(level.trouble == nil)
  }

  @Test func whoeverTellsAbsencesMeansARefusal() {
    let level = store().level
    #expect(misses(level, most: 1) == 1)
    service.fail(fetches: refusal)
    #expect(misses(level, most: 1) == 0)
    #expect(level.trouble != nil)
  }

  @Test func aProbeOfAReaderSaysWhatIsNotKnown() {
    service.fail(fetches: refusal)
    #expect(store().level.ping() == ["reading: it refuses: 403 (AccessDenied)"])
    #expect(
      store(isReadOnly: true).level.ping() == [
        "reading: it refuses: 403 (AccessDenied), or there is no '.sccache_check' and the right to list "
          + "is missing"
      ])
  }
}
