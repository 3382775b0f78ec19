package import CacheKey
import Glibc
package import Platform
import Synchronization

/// The stores in use, from the nearest to the farthest, as one: a result is looked for in each in turn,
/// and put into all.
package final class TieredStore: Sendable {
  package enum Level: Sendable {
    case disk(LocalStore)
    case remote(RemoteLevel)
  }

  /// What a level that can't be written does to a write as a whole.
  package enum WriteErrorPolicy: Sendable { case ignore, nearestDecides, allDecide }

  package let levels: [Level]
  /// Where files lie on their way: the disk level, or a directory that is no level.
  package let scratch: LocalStore
  private let policy: WriteErrorPolicy
  private let zstdLevel: Int
  private let diskCounters = Mutex(LevelCounters())
  private let pending = PendingResults()

  /// - Parameter levels: at least one.
  package init(
    levels: [Level], scratch: LocalStore, policy: WriteErrorPolicy = .nearestDecides,
    zstdLevel: Int? = nil
  ) {
    self.levels = levels
    self.scratch = scratch
    self.policy = policy
    self.zstdLevel = zstdLevel ?? Self.defaultLevelForSending
  }

  /// The disk alone.
  package convenience init(_ disk: LocalStore) {
    self.init(levels: [.disk(disk)], scratch: disk)
  }

  /// A little more work than for the disk: networks are slower.
  private static let defaultLevelForSending = 3

  package var disk: LocalStore? {
    for case .disk(let store) in levels { return store }
    return nil
  }

  package var remotes: [RemoteLevel] {
    levels.compactMap { if case .remote(let level) = $0 { level } else { nil } }
  }

  /// For people: the one store's own, or how many there are.
  package var location: String {
    guard levels.count == 1 else { return "Multi-level (\(levels.count) levels)" }
    return location(of: levels[0])
  }

  package func location(of level: Level) -> String {
    switch level {
    case .disk(let store): store.location
    case .remote(let level): level.location
    }
  }

  package func counters(of level: Level) -> LevelCounters {
    switch level {
    case .disk: diskCounters.withLock { $0 }
    case .remote(let level): level.counters
    }
  }

  private func count(_ level: Level, _ change: (inout LevelCounters) -> Void) {
    switch level {
    case .disk: diskCounters.withLock { change(&$0) }
    case .remote(let level): level.count(change)
    }
  }

  // MARK: reading

  /// An entry and where it was found.
  package struct Found: ~Copyable {
    package let entry: StoredEntry
    /// The index of its level; nil: it has not reached one yet.
    package let level: Int?

    package consuming func takeEntry() -> StoredEntry { entry }
  }

  /// The verified entry of a key; nil when no level has it.
  ///
  /// - Parameters:
  ///   - cost: what a manifest says of it: a remote store is passed by where compiling is faster.
  ///   - receiver: gets large members while they come from a remote store. What it has when this gives an
  ///     entry is verified like the rest.
  ///   - place: left while a remote store is asked.
  /// - Throws: when none has it and one failed.
  package func entry(
    _ key: Digest, cost: Manifest.Cost? = nil, receiver: (any MemberReceiver)? = nil,
    place: (any LookupPlace)? = nil
  ) throws(StoreError) -> Found? {
    if let waiting = pending.entry(key), let entry = try? entry(key, in: waiting) {
      return Found(entry: entry, level: nil)
    }
    var failure: StoreError?
    for (index, level) in levels.enumerated() {
      let started = Clock.monotonic
      do throws(StoreError) {
        switch level {
        case .disk(let store):
          guard let entry = try store.entry(key) else { continue }
          noteHit(index, started)
          return Found(entry: entry, level: index)
        case .remote(let remote):
          guard
            let entry = try remote.entry(
              key, keptIn: disk(before: index), isSentOn: !remotes(toFill: index).isEmpty,
              receiver: receiver, cost: cost, place: place)
          else { continue }
          noteHit(index, started)
          return Found(entry: entry, level: index)
        }
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
    return nil
  }

  private func entry(_ key: Digest, in file: TemporaryFile) throws(StoreError) -> StoredEntry {
    let number = fcntl(file.descriptor.number, F_DUPFD_CLOEXEC, 0)
    guard number >= 0 else { throw .system(SystemError("open", "an entry to be sent")) }
    let own = Descriptor(number)
    let path = "an entry to be sent"
    let head = try EntryFile.verify(own, key: key, size: file.size, path: path)
    return StoredEntry(head: head, file: own, path: path)
  }

  private func disk(before index: Int) -> LocalStore? {
    for case .disk(let store) in levels[..<index] { return store }
    return nil
  }

  /// Those that get what was found at a level.
  private func remotes(toFill index: Int) -> [RemoteLevel] {
    levels[..<index].compactMap { level in
      if case .remote(let remote) = level, !remote.isReadOnly { remote } else { nil }
    }
  }

  private func noteHit(_ index: Int, _ started: Int64) {
    let time = Clock.monotonic - started
    for nearer in levels[..<index] { count(nearer) { $0.misses += 1 } }
    count(levels[index]) {
      $0.hits += 1
      $0.hitNanoseconds += time
    }
  }

  /// No level had a result.
  package func noteMiss() {
    for level in levels { count(level) { $0.misses += 1 } }
  }

  /// Results that are listed but have not reached a level yet.
  package func pendingResults(of manifest: Digest) -> Manifest? { pending.manifest(manifest) }

  // MARK: writing

  /// A result of a manifest.
  package struct Listing: Sendable {
    package var manifest: Digest
    package var result: Manifest.Result

    package init(manifest: Digest, result: Manifest.Result) {
      self.manifest = manifest
      self.result = result
    }
  }

  /// Puts a result into every level: at once on the disk, behind the reply elsewhere.
  ///
  /// - Parameters:
  ///   - listing: where it is to be found; nil: by its key alone.
  ///   - done: called once, on this thread or on another.
  package func put(
    _ draft: EntryDraft, listing: Listing?,
    done: @escaping @Sendable (Result<Void, StoreError>) -> Void
  ) {
    let writable = levels.indices.filter { isWritable(levels[$0]) }
    guard !writable.isEmpty else { return done(.failure(.readOnly)) }
    let outcome = WriteOutcome(policy: policy, levels: writable, done: done)
    var content: TemporaryFile?
    for index in writable {
      switch levels[index] {
      case .disk(let store):
        let result = putOnDisk(store, draft, listing)
        outcome.note(index, result)
        if case .failure = result, policy == .nearestDecides, index == writable.first { return }
      case .remote(let remote):
        do throws(StoreError) {
          let file: TemporaryFile
          if let content { file = content } else { file = try encoded(draft) }
          content = file
          send(file, draft.key, listing, to: remote) { outcome.note(index, $0) }
        } catch {
          outcome.note(index, .failure(error))
        }
      }
    }
  }

  private func isWritable(_ level: Level) -> Bool {
    switch level {
    case .disk(let store): !store.options.isReadOnly
    case .remote(let level): !level.isReadOnly
    }
  }

  private func putOnDisk(
    _ store: LocalStore, _ draft: EntryDraft, _ listing: Listing?
  ) -> Result<Void, StoreError> {
    let started = Clock.monotonic
    do throws(StoreError) {
      try store.put(draft)
      if let listing { try list(listing, in: store) }
      let time = Clock.monotonic - started
      diskCounters.withLock {
        $0.writes += 1
        $0.writeNanoseconds += time
      }
      return .success(())
    } catch {
      diskCounters.withLock { $0.writeFailures += 1 }
      return .failure(error)
    }
  }

  private func list(_ listing: Listing, in store: LocalStore) throws(StoreError) {
    var manifest = Manifest(key: listing.manifest)
    if let bytes = try? store.manifest(listing.manifest),
      let old = try? Manifest(decoding: bytes, key: listing.manifest)
    {
      manifest = old
    }
    manifest.add(listing.result)
    try store.putManifest(listing.manifest, manifest.encode())
  }

  /// The entry as a file without a name, compressed for the way.
  private func encoded(_ draft: EntryDraft) throws(StoreError) -> TemporaryFile {
    let new = try scratch.createTemporary()
    let path = new.path
    defer { unlink(path) }
    let size = try EntryFile.write(
      draft, to: new.file, path: path, level: .always(zstdLevel))
    return TemporaryFile(descriptor: new.takeFile(), size: size)
  }

  private func send(
    _ file: TemporaryFile, _ key: Digest, _ listing: Listing?, to remote: RemoteLevel,
    done: @escaping @Sendable (Result<Void, StoreError>) -> Void
  ) {
    // With a disk, whoever comes meanwhile finds the result there.
    let isShown = disk == nil
    if isShown { pending.add(key, file, listing) }
    remote.write(
      RemoteLevel.Write(
        key: key, content: .file(file), listed: listing.map { ($0.manifest, $0.result) })
    ) { [pending] result in
      if isShown { pending.remove(key, listing) }
      done(result)
    }
  }

  // MARK: backfill

  /// Puts what was found at a level into the nearer ones. The file itself is on the disk already, if that
  /// is nearer.
  ///
  /// - Parameters:
  ///   - listing: with the level whose manifest led to the entry.
  package func backfill(_ found: borrowing Found, listing: (Listing, level: Int)?) {
    if let (listing, level) = listing, let store = disk(before: level), !store.options.isReadOnly {
      if (try? list(listing, in: store)) != nil { diskCounters.withLock { $0.backfillsTo += 1 } }
    }
    guard let index = found.level else { return }
    let nearer = remotes(toFill: index)
    guard !nearer.isEmpty, found.entry.passedOn.isEmpty else { return }
    let number = fcntl(found.entry.file.number, F_DUPFD_CLOEXEC, 0)
    guard number >= 0, let stamp = try? found.entry.file.stamp(path: "an entry") else { return }
    let file = TemporaryFile(descriptor: Descriptor(number), size: Int(stamp.size))
    for remote in nearer {
      count(levels[index]) { $0.backfillsFrom += 1 }
      send(file, found.entry.head.key, listing?.0, to: remote) { result in
        if case .success = result { remote.count { $0.backfillsTo += 1 } }
      }
    }
  }

  // MARK: the end

  /// Waits for what is being written.
  ///
  /// - Parameter deadline: nanoseconds of the monotonic clock; what is left then is given up and counted.
  package func finish(until deadline: Int64) {
    for remote in remotes { remote.finish(until: deadline) }
  }

  /// What users should know and have not been told.
  package func takeNotices() -> [String] { remotes.flatMap { $0.takeNotices() } }
}

/// Results on their way to remote stores: whoever looks for one meanwhile finds it here.
private final class PendingResults: Sendable {
  private struct State {
    /// With the number of writes that hold it.
    var entries: [Digest: (file: TemporaryFile, writes: Int)] = [:]
    var results: [Digest: [Manifest.Result]] = [:]
  }

  private let state = Mutex(State())

  func entry(_ key: Digest) -> TemporaryFile? { state.withLock { $0.entries[key]?.file } }

  func manifest(_ key: Digest) -> Manifest? {
    state.withLock { state in state.results[key].map { Manifest(key: key, results: $0) } }
  }

  func add(_ key: Digest, _ file: TemporaryFile, _ listing: TieredStore.Listing?) {
    state.withLock { state in
      state.entries[key] = (file, (state.entries[key]?.writes ?? 0) + 1)
      guard let listing else { return }
      state.results[listing.manifest, default: []].insert(listing.result, at: 0)
    }
  }

  func remove(_ key: Digest, _ listing: TieredStore.Listing?) {
    state.withLock { state in
      if let entry = state.entries[key] {
        state.entries[key] = entry.writes > 1 ? (entry.file, entry.writes - 1) : nil
      }
      guard let listing, var results = state.results[listing.manifest] else { return }
      if let index = results.firstIndex(of: listing.result) { results.remove(at: index) }
      state.results[listing.manifest] = results.isEmpty ? nil : results
    }
  }
}

/// Collects what the levels say of one write, and says once how it went.
private final class WriteOutcome: Sendable {
  private struct State {
    var waiting: Set<Int>
    var failure: StoreError?
    var isSaid = false
  }

  private let state: Mutex<State>
  private let policy: TieredStore.WriteErrorPolicy
  private let nearest: Int?
  private let done: @Sendable (Result<Void, StoreError>) -> Void

  init(
    policy: TieredStore.WriteErrorPolicy, levels: [Int],
    done: @escaping @Sendable (Result<Void, StoreError>) -> Void
  ) {
    self.policy = policy
    nearest = levels.first
    state = Mutex(State(waiting: Set(levels)))
    self.done = done
    // With one level, what it says is what there is to say.
    if policy == .ignore, levels.count > 1 { say(.success(())) }
  }

  func note(_ level: Int, _ result: Result<Void, StoreError>) {
    let isLast = state.withLock { state in
      state.waiting.remove(level)
      if case .failure(let error) = result { state.failure = state.failure ?? error }
      return state.waiting.isEmpty
    }
    switch policy {
    case .nearestDecides: if level == nearest { say(result) }
    case .allDecide, .ignore:
      guard isLast else { return }
      say(state.withLock { $0.failure.map { .failure($0) } ?? .success(()) })
    }
  }

  private func say(_ result: Result<Void, StoreError>) {
    let isFirst = state.withLock { state in
      defer { state.isSaid = true }
      return !state.isSaid
    }
    if isFirst { done(result) }
  }
}
