package import CacheKey
import Glibc
package import Platform
import Synchronization

/// A remote store as the cache uses it: asks its service when that makes sense, believes nothing that came,
/// and writes behind the reply. A failure here costs a hit, never more time than its deadlines.
package final class RemoteLevel: Sendable {
  package struct Options: Sendable {
    package var deadlines = BlobDeadlines()
    package var queue = WriteQueue.Limits()
    package var isReadOnly = false
    /// Only blobs signed with it are believed, and all that are written are signed.
    package var signingKey: SigningKey?
    /// No larger blob is fetched.
    package var largestBlob = 4 << 30
    /// What would take longer to come than to be compiled is not fetched.
    package var leavesOutSlowHits = true
    /// So many packed members are unpacked while their entries come.
    package var unpackedAtOnce = 12

    package init() {}
  }

  private struct State {
    var reads = Breaker()
    var writes = Breaker()
    var counters = LevelCounters()
    var notices: [String] = []
    var pace = Pace()
    var patience = Patience()
    var absences = HiddenAbsences()
    /// Entries that are here and were not fetched: what is made again need not be sent.
    var leftOut: Set<Digest> = []
    /// Nothing is waited for any more.
    var isEnding = false
  }

  /// As chains of levels name it: `s3`.
  package let name: String
  package let service: any BlobService
  let options: Options
  /// Where downloads and entries to be sent lie meanwhile.
  let scratch: LocalStore
  let queue: WriteQueue
  let unpackingPlaces: UnpackingPlaces
  private let state = Mutex(State())

  package init(
    name: String, service: any BlobService, scratch: LocalStore, options: Options = Options()
  ) {
    unpackingPlaces = UnpackingPlaces(count: options.unpackedAtOnce)
    self.name = name
    self.service = service
    self.scratch = scratch
    self.options = options
    queue = WriteQueue(options.queue)
  }

  package var location: String { service.location }
  package var isReadOnly: Bool { options.isReadOnly }
  /// Results that are being written or wait for it.
  package var writesUnderWay: Int { queue.count }
  package var counters: LevelCounters { state.withLock { $0.counters } }

  func count(_ change: (inout LevelCounters) -> Void) { state.withLock { change(&$0.counters) } }

  /// What users should know and have not been told.
  package func takeNotices() -> [String] {
    state.withLock { state in
      defer { state.notices = [] }
      return state.notices
    }
  }

  /// Why it is not asked, or not written, at this moment; nil: all is well.
  package var trouble: String? {
    state.withLock { state in
      if !state.reads.isClosed, let reason = state.reads.reason { return "not asked: \(reason)" }
      if !state.writes.isClosed, let reason = state.writes.reason {
        return "not written: \(reason)"
      }
      return nil
    }
  }

  // MARK: reading

  /// The verified entry of a key; nil when there is none, or nobody may be asked.
  ///
  /// - Parameters:
  ///   - nearest: gets the entry's file, when it may be written.
  ///   - isSentOn: the entry is going to be put into other stores.
  ///   - receiver: gets large members while they come.
  ///   - cost: what is known of it.
  ///   - place: left while the service is asked.
  package func entry(
    _ key: Digest, keptIn nearest: LocalStore?, isSentOn: Bool = false,
    receiver: (any MemberReceiver)? = nil, cost: Manifest.Cost? = nil,
    place: (any LookupPlace)? = nil
  ) throws(StoreError) -> StoredEntry? {
    guard mayRead(), isWorth(key, cost) else { return nil }
    do throws(StoreError) {
      guard let nearest, nearest === scratch, !nearest.options.isReadOnly else {
        return try passingEntry(key, isWhole: isSentOn, receiver, place)
      }
      return try keptEntry(key, in: nearest, receiver, place)
    } catch {
      receiver?.discard()
      throw error
    }
  }

  /// In a file that is gone when nobody uses it.
  private func passingEntry(
    _ key: Digest, isWhole: Bool, _ receiver: (any MemberReceiver)?, _ place: (any LookupPlace)?
  ) throws(StoreError) -> StoredEntry? {
    let file = try scratch.temporaryFile()
    let target = EntryUnpacker.Target(
      file: file.number, isWhole: isWhole, receiver: receiver, places: unpackingPlaces)
    guard let came = try download(key, to: target, place)?.content else { return nil }
    return StoredEntry(
      head: came.head, file: file, path: "an entry of \(location)", passedOn: came.passedOn)
  }

  /// In a file that becomes the disk's.
  private func keptEntry(
    _ key: Digest, in nearest: LocalStore, _ receiver: (any MemberReceiver)?,
    _ place: (any LookupPlace)?
  ) throws(StoreError) -> StoredEntry? {
    let new = try scratch.createTemporary()
    let path = new.path
    var isKept = false
    defer { if !isKept { unlink(path) } }
    let target = EntryUnpacker.Target(
      file: new.file.number, isWhole: true, receiver: receiver, places: unpackingPlaces)
    guard let (came, size) = try download(key, to: target, place) else { return nil }
    if (try? nearest.adopt(path, key, size: size)) != nil {
      isKept = true
      count { $0.backfillsFrom += 1 }
    }
    return StoredEntry(head: came.head, file: new.takeFile(), path: path)
  }

  /// What of an entry has come, and its size; nil when there is none.
  private func download(
    _ key: Digest, to target: EntryUnpacker.Target, _ place: (any LookupPlace)?
  ) throws(StoreError) -> (content: EntryUnpacker.Result, size: Int)? {
    let started = Clock.monotonic
    let unpacker = EntryUnpacker(key, into: target, limit: options.largestBlob)
    let download = Download(
      .entry(unpacker), limit: options.largestBlob, key: options.signingKey)
    let came: EntryUnpacker.Result
    do throws(StoreError) {
      guard try fetch(.entry(key), into: download, place) else { return nil }
      came = try unpacker.finish()
    } catch {
      guard case .damaged(let reason) = error else { throw error }
      throw .damaged("an entry of \(location): \(reason)")
    }
    let taken = Clock.monotonic - started
    let size = came.head.members.reduce(0) { $0 + $1.size }
    state.withLock { $0.pace.learn(bytes: size, nanoseconds: taken) }
    return (came, download.count)
  }

  /// False when the entry would take longer to come than to be made again, which is counted.
  private func isWorth(_ key: Digest, _ cost: Manifest.Cost?) -> Bool {
    guard let cost, options.leavesOutSlowHits else { return true }
    return state.withLock { state in
      if state.pace.isWorth(cost) { return true }
      state.counters.slowerThanCompiling += 1
      if state.leftOut.count >= Self.mostLeftOut { state.leftOut = [] }
      state.leftOut.insert(key)
      return false
    }
  }

  private static let mostLeftOut = 10_000

  /// - Parameter place: left while the service is asked.
  package func manifest(
    _ key: Digest, place: (any LookupPlace)? = nil
  ) throws(StoreError) -> Manifest? {
    guard mayRead() else { return nil }
    let download = Download(.memory, limit: Self.largestManifest, key: options.signingKey)
    guard try fetch(.manifest(key), into: download, place) else { return nil }
    do throws(FormatError) {
      return try Manifest(decoding: download.bytes, key: key)
    } catch {
      throw .damaged("a manifest of \(location): \(error.reason)")
    }
  }

  private static let largestManifest = 64 << 20

  private func fetch(
    _ name: BlobName, into download: Download, _ place: (any LookupPlace)?
  ) throws(StoreError) -> Bool {
    let isThere: Bool
    let hasLeft = place?.leave() ?? false
    defer { if hasLeft { place?.comeBack() } }
    let started = Clock.monotonic
    let hastened = state.withLock { $0.patience.hastened(options.deadlines) }
    do throws(BlobFailure) {
      isThere = try ask(name, into: download, hastened ?? options.deadlines)
    } catch {
      if let failure = download.failure { throw failure }
      readFailed(error, isHasty: hastened != nil && Self.isTimeOut(error), since: started)
      throw .remote(self.name, error)
    }
    state.withLock { state in
      state.reads.succeeded()
      guard download.count < Patience.small else { return }
      state.patience.learn(nanoseconds: Clock.monotonic - started)
    }
    if isThere { try download.finish(name, from: location) }
    return isThere
  }

  /// A refusal that may be an absence is taken for one while nothing speaks against it.
  private func ask(
    _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
  ) throws(BlobFailure) -> Bool {
    do throws(BlobFailure) {
      let isThere = try service.fetch(name, into: sink, deadlines)
      state.withLock { isThere ? $0.absences.found() : $0.absences.missed() }
      return isThere
    } catch {
      guard case .deniedOrAbsent = error, state.withLock({ $0.absences.refused() }) else {
        throw error
      }
      return false
    }
  }

  private func mayRead() -> Bool {
    state.withLock { state in
      if state.reads.isClosed { return true }
      state.counters.skipped += 1
      return false
    }
  }

  private static func isTimeOut(_ failure: BlobFailure) -> Bool {
    if case .timedOut = failure { true } else { false }
  }

  /// - Parameter isHasty: it had less time than a lookup may take.
  private func readFailed(_ failure: BlobFailure, isHasty: Bool, since start: Int64) {
    let rests = state.withLock { state in
      state.counters.readFailures += 1
      let now = Clock.monotonic
      let rests = state.reads.failed(
        failure, now: now, jitter: .random(in: 0...1), isHasty: isHasty)
      // Whoever has become slow is given its time, once it is back: not before it is known to be away.
      if isHasty, rests { state.patience.learn(nanoseconds: now - start) }
      if rests, state.reads.rests == 1, state.writes.isClosed {
        state.notices.append(
          "the store \(self.name) is not asked for now (\(failure)); builds go on without it")
      }
      return rests
    }
    if rests { startProbing() }
  }

  // MARK: coming back

  /// Asks in the background until the service answers, so that no build waits to find that out.
  private func startProbing() {
    let isStarted = startThread { [weak self] in
      while let self, self.probeWhenRested() { usleep(50_000) }
    }
    // Then the next lookup is the probe.
    if !isStarted { state.withLock { $0.reads.answeredProbe() } }
  }

  /// - Returns: whether to go on.
  private func probeWhenRested() -> Bool {
    enum Step { case over, rests, asks }
    let step = state.withLock { state -> Step in
      if state.isEnding || state.reads.isClosed { return .over }
      return state.reads.beginsProbe(now: Clock.monotonic) ? .asks : .rests
    }
    switch step {
    case .over: return false
    case .rests: return true
    case .asks:
      do throws(BlobFailure) {
        _ = try service.fetch(.probe, into: Nowhere(), options.deadlines)
        state.withLock { $0.reads.answeredProbe() }
        return false
      } catch {
        // The next lookup shows whether something else is there.
        if case .deniedOrAbsent = error {
          state.withLock { $0.reads.answeredProbe() }
          return false
        }
        state.withLock {
          _ = $0.reads.failed(error, now: Clock.monotonic, jitter: .random(in: 0...1))
        }
        return true
      }
    }
  }

  // MARK: writing

  /// What is written: an entry, and the line of the manifest that leads to it.
  struct Write: Sendable {
    var key: Digest
    var content: MemberContent
    var listed: (manifest: Digest, result: Manifest.Result)?
  }

  /// Writes behind the reply.
  ///
  /// - Parameter done: called once, on another thread or on this one.
  func write(_ write: Write, done: @escaping @Sendable (Result<Void, StoreError>) -> Void) {
    guard !options.isReadOnly else { return done(.failure(.readOnly)) }
    // It is there, and so is its line.
    if state.withLock({ $0.leftOut.remove(write.key) }) != nil { return done(.success(())) }
    let size = write.content.size
    if let largest = service.largestBlob, size > largest {
      count { $0.writeFailures += 1 }
      return done(.failure(.tooLarge(size)))
    }
    let isQueued = queue.submit(bytes: size) { [self] in done(perform(write)) }
    guard isQueued else {
      count { $0.dropped += 1 }
      return done(.failure(.dropped(name)))
    }
  }

  private func perform(_ write: Write) -> Result<Void, StoreError> {
    let started = Clock.monotonic
    do throws(StoreError) {
      try send(.entry(write.key), write.content)
      if let (manifest, result) = write.listed { try list(result, in: manifest) }
    } catch {
      count {
        if case .dropped = error { $0.dropped += 1 } else { $0.writeFailures += 1 }
      }
      return .failure(error)
    }
    count {
      $0.writes += 1
      $0.writeNanoseconds += Clock.monotonic - started
    }
    return .success(())
  }

  /// Others may have added to the manifest meanwhile: what is there stays.
  private func list(_ result: Manifest.Result, in key: Digest) throws(StoreError) {
    var manifest = (try? self.manifest(key)) ?? Manifest(key: key)
    if manifest.results.first?.entry == result.entry { return }
    manifest.add(result)
    try send(.manifest(key), .bytes(manifest.encode()))
  }

  private static let attempts = 4
  private static let firstPause: Int64 = 200_000_000
  /// How long a write waits for a service that rests.
  private static let patience: Int64 = 30_000_000_000

  private func send(_ name: BlobName, _ content: MemberContent) throws(StoreError) {
    let content = try signed(name, content)
    let end = Clock.monotonic + Self.patience
    var attempt = 1
    while true {
      try awaitTurn(until: end)
      do throws(BlobFailure) {
        try service.store(name, content, options.deadlines)
        state.withLock { state in
          state.writes.succeeded()
          state.absences.stored()
        }
        return
      } catch {
        writeFailed(error)
        guard error.mayPass, attempt < Self.attempts, Clock.monotonic < end else {
          throw .remote(self.name, error)
        }
        let pause = Self.firstPause << Int64(attempt - 1)
        wait(until: Clock.monotonic + pause + Int64.random(in: 0...pause / 2))
        attempt += 1
      }
    }
  }

  /// Waits while the service rests; the one for whom the rest is over asks.
  private func awaitTurn(until end: Int64) throws(StoreError) {
    while true {
      let isTurn = state.withLock { state in
        state.writes.isClosed || state.writes.beginsProbe(now: Clock.monotonic)
      }
      if isTurn { return }
      // Whoever is refused for want of rights is so for a while: nothing is gained by waiting.
      let isDenied = state.withLock { state in
        if case .denied? = state.writes.reason { true } else { false }
      }
      guard !isDenied, Clock.monotonic < end, !isEnding else { throw .dropped(name) }
      wait(until: Clock.monotonic + 100_000_000)
    }
  }

  private func writeFailed(_ failure: BlobFailure) {
    state.withLock { state in
      let rests = state.writes.failed(failure, now: Clock.monotonic, jitter: .random(in: 0...1))
      // One line for an outage: whoever can't be asked can't be written either.
      guard rests, state.writes.rests == 1, state.reads.isClosed else { return }
      let what =
        if case .denied = failure { "can't be written" } else { "is not written for now" }
      state.notices.append("the store \(self.name) \(what) (\(failure)); builds go on")
    }
  }

  private func wait(until deadline: Int64) {
    while Clock.monotonic < deadline, !isEnding { usleep(20_000) }
  }

  private var isEnding: Bool { state.withLock { $0.isEnding } }

  // MARK: the end

  /// Waits for what is being written; what is left at the deadline, or when the service has been away for
  /// some seconds, is given up and counted.
  ///
  /// - Parameter deadline: nanoseconds of the monotonic clock.
  package func finish(until deadline: Int64) {
    var lastGood = Clock.monotonic
    while Clock.monotonic < deadline,
      !queue.drain(until: min(deadline, Clock.monotonic + 100_000_000))
    {
      if trouble == nil { lastGood = Clock.monotonic }
      if Clock.monotonic - lastGood > Self.patienceAtTheEnd { break }
    }
    finishService(until: deadline)
    state.withLock { $0.isEnding = true }
    // Whoever waits sees that; a transfer under way keeps to its own deadlines.
    _ = queue.drain(until: Clock.monotonic + 500_000_000)
  }

  private static let patienceAtTheEnd: Int64 = 3_000_000_000

  /// Some services hold back what was stored, to send much at once. What they could not send is lost, and was
  /// counted as written.
  private func finishService(until deadline: Int64) {
    var deadlines = options.deadlines
    deadlines.total = min(deadlines.total, Int((deadline - Clock.monotonic) / 1_000_000))
    var failure: BlobFailure?
    if deadlines.total > 0 {
      do throws(BlobFailure) { try service.finish(deadlines) } catch { failure = error }
    }
    let lost = service.heldBack
    guard failure != nil || lost > 0 else { return }
    let reason = failure ?? .timedOut("no time was left")
    state.withLock { state in
      state.counters.writes = max(0, state.counters.writes - lost)
      state.counters.writeFailures += max(1, lost)
      state.notices.append(
        "the store \(name) did not take the last \(lost) results (\(reason))")
    }
  }
}
