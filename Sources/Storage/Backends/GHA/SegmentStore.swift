#if GHA
  import CacheKey
  import Platform
  import Settings
  import Transport

  /// Finds blobs in segments, and gathers those that are stored until they are sent.
  final class SegmentStore: Sendable {
    private struct State {
      var index = SegmentIndex()
      /// The segment that the index is from.
      var head: String?
      /// Seconds since 1970; nil: never.
      var loaded: Int64?
      var isLoading = false
      var loads = 0
      var loadFailure: BlobFailure?
      /// Where segments can be read, and since when.
      var addresses: [String: (url: String, since: Int64)] = [:]

      /// Gathers what is stored.
      var open: OpenSegment?
      /// On its way, or waiting to be sent again.
      var closed: OpenSegment?
      var isSending = false
      var lastSegment: String?
      /// All that this process has sent, for the case that a newer index was made without it.
      var own = SegmentIndex()
      var timing = SendTiming()
      var hasThread = false
      var sendFailure: BlobFailure?

      func opened(in directory: String) throws(BlobFailure) -> OpenSegment {
        if let open { return open }
        return try OpenSegment(in: directory)
      }
    }

    /// Bytes that may wait for being sent.
    static let mostWaiting = 256 << 20
    /// Seconds after which the index is read again.
    private static let indexAge: Int64 = 60
    /// And after which that is tried again when it failed.
    private static let pause: Int64 = 10
    /// Seconds for which a segment's address is good; GitHub's are for ten minutes and longer.
    private static let addressAge: Int64 = 240
    private static let prefix = "sccache/segment/"

    private let cache: ActionsCache
    private let http: HTTPBlobs
    private let now: @Sendable () -> Int64
    private let directory: String
    private let state = Monitor(State())

    init(_ cache: ActionsCache, _ context: BackendContext) {
      self.cache = cache
      http = context.http
      now = context.now
      directory = context.variable("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    }

    // MARK: reading

    func fetch(
      _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Bool {
      let started = Clock.monotonic
      let waiting = state.withLock { state in
        [state.open, state.closed].compactMap { $0 }.first {
          $0.blobs[name] != nil || $0.removed.contains(name)
        }
      }
      if let waiting { return try waiting.read(name, into: sink) }
      var failure: BlobFailure?
      do throws(BlobFailure) {
        try refresh(deadlines)
      } catch {
        // An old index is better than none.
        guard state.withLock({ $0.loaded != nil }) else { throw error }
        failure = error
      }
      if let place = place(name) {
        return try read(name, place, into: sink, deadlines.left(since: started))
      }
      if let failure { throw failure }
      return false
    }

    private func place(_ name: BlobName) -> SegmentIndex.Place? {
      state.withLock { $0.index[name] }
    }

    /// Reads the index if it is not there yet or old, which one thread does. While there is an old one the
    /// others don't wait.
    private func refresh(_ deadlines: BlobDeadlines) throws(BlobFailure) {
      enum Step { case nothing, load, wait(Int) }
      let now = self.now()
      let step = state.withLock { state -> Step in
        if let loaded = state.loaded, now - loaded < Self.indexAge || state.isLoading {
          return .nothing
        }
        if state.isLoading { return .wait(state.loads) }
        state.isLoading = true
        return .load
      }
      switch step {
      case .nothing: return
      case .load: try load(deadlines)
      case .wait(let loads):
        let end = Clock.monotonic + Int64(deadlines.lookup) * 1_000_000
        let failure = state.wait(until: end) { state -> BlobFailure?? in
          state.loads > loads ? .some(state.loadFailure) : nil
        }
        guard let failure else { throw .timedOut("another thread reads the index") }
        if let failure { throw failure }
      }
    }

    /// Reads the newest index in any case.
    func reload(_ deadlines: BlobDeadlines) throws(BlobFailure) {
      state.withLock { $0.isLoading = true }
      try load(deadlines)
    }

    private func load(_ deadlines: BlobDeadlines) throws(BlobFailure) {
      do throws(BlobFailure) {
        let newest = try newest(deadlines)
        let now = self.now()
        state.change { state in
          state.isLoading = false
          state.loads += 1
          state.loadFailure = nil
          state.loaded = now
          guard let newest, newest.name != state.head else { return }
          state.head = newest.name
          state.index = newest.index
          if let last = state.lastSegment, !newest.index.contains(segment: last) {
            state.index.add(missing: state.own)
          }
        }
      } catch {
        state.change { state in
          state.isLoading = false
          state.loads += 1
          state.loadFailure = error
          if state.loaded != nil { state.loaded = now() - Self.indexAge + Self.pause }
        }
        throw error
      }
    }

    /// The newest segment's name and index; the index is the one we have when the name is.
    private func newest(
      _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> (name: String, index: SegmentIndex)? {
      let started = Clock.monotonic
      guard let found = try cache.find(Self.prefix, deadlines) else { return nil }
      let now = self.now()
      let known = state.withLock { state -> SegmentIndex? in
        state.addresses[found.name] = (found.url, now)
        return state.head == found.name ? state.index : nil
      }
      if let known { return (found.name, known) }
      let left = deadlines.left(since: started)
      // Enough for the index of a thousand blobs; a longer one takes a second request.
      var head = try bytes(found.url, 0..<65536, left)
      do throws(FormatError) {
        let length = try SegmentIndex.length(head)
        if length > head.count {
          let more: [UInt8]
          do throws(BlobFailure) {
            more = try bytes(found.url, head.count..<length, left)
          } catch {
            throw FormatError("its end can't be read: \(error)")
          }
          head += more
        }
        return (found.name, try SegmentIndex(head: head, of: found.name))
      } catch {
        throw .failed("the index in \(found.name) can't be used: \(error.reason)")
      }
    }

    private func bytes(
      _ url: String, _ range: Range<Int>, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> [UInt8] {
      let answer = try http.ask(Self.question(url, range), deadlines, isLarge: true)
      guard 200..<300 ~= answer.status else { throw HTTPBlobs.failure(answer) }
      return answer.body
    }

    private static func question(_ url: String, _ range: Range<Int>) -> HTTPQuestion {
      var question = HTTPQuestion(.get, url)
      question.headers = [("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")]
      return question
    }

    private func read(
      _ name: BlobName, _ place: SegmentIndex.Place, into sink: any BlobSink,
      _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Bool {
      guard let (url, isKept) = try address(of: place.segment, deadlines) else { return false }
      do throws(BlobFailure) {
        try read(name, place, url, into: sink, deadlines)
      } catch {
        // Addresses end.
        guard case .denied = error, isKept else { throw error }
        state.withLock { $0.addresses[place.segment] = nil }
        guard let (url, _) = try address(of: place.segment, deadlines) else { return false }
        try read(name, place, url, into: sink, deadlines)
      }
      return true
    }

    private func read(
      _ name: BlobName, _ place: SegmentIndex.Place, _ url: String, into sink: any BlobSink,
      _ deadlines: BlobDeadlines
    ) throws(BlobFailure) {
      let record = RecordSink(SegmentIndex.record(name, length: place.length), sink)
      let end = place.start + SegmentIndex.recordHead + place.length
      var question = Self.question(url, place.start..<end)
      question.sink = { record.take($0) }
      let answer: HTTPAnswer
      do throws(BlobFailure) {
        answer = try http.ask(question, deadlines, isLarge: true)
      } catch {
        if record.isWrong { throw .failed("\(place.segment) holds something else at the place") }
        throw error
      }
      guard 200..<300 ~= answer.status else { throw HTTPBlobs.failure(answer) }
      guard record.isComplete else {
        throw .failed("\(place.segment) gave less than was asked for")
      }
    }

    /// Nil when the service has cleared the segment away, with all that lay in it.
    private func address(
      of segment: String, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> (url: String, isKept: Bool)? {
      let now = self.now()
      let kept = state.withLock { $0.addresses[segment] }
      if let kept, now - kept.since < Self.addressAge { return (kept.url, true) }
      guard let found = try cache.find(segment, deadlines), found.name == segment else {
        state.withLock { $0.index.forget(segment: segment) }
        return nil
      }
      state.withLock { $0.addresses[segment] = (found.url, now) }
      return (found.url, false)
    }

    // MARK: writing

    func append(_ name: BlobName, _ blob: MemberContent) throws(BlobFailure) {
      let directory = self.directory
      let needsThread = try state.withLock { state throws(BlobFailure) -> Bool in
        // Nothing is gathered for a service that takes none; the probe finds out whether it does again.
        if let failure = state.sendFailure, case .denied = failure, name != .probe { throw failure }
        let waiting = (state.open?.size ?? 0) + (state.closed?.size ?? 0)
        guard waiting + blob.size <= Self.mostWaiting else {
          throw state.sendFailure ?? .limited(seconds: nil, "too much waits for being sent")
        }
        var open = try state.opened(in: directory)
        try open.append(name, blob)
        state.open = open
        state.timing.stored(Clock.monotonic, size: open.size)
        defer { state.hasThread = true }
        return !state.hasThread
      }
      if needsThread { startSending() } else { state.change { _ in } }
    }

    func remove(_ name: BlobName) throws(BlobFailure) {
      let directory = self.directory
      try state.withLock { state throws(BlobFailure) -> Void in
        var open = try state.opened(in: directory)
        open.remove(name)
        state.open = open
      }
    }

    /// A result is an entry and a line of a manifest: lost without either of them.
    var waitingResults: Int {
      state.withLock { state in
        let names = [state.open, state.closed].compactMap { $0?.blobs.keys }.joined()
        let entries = names.count { if case .entry = $0 { true } else { false } }
        let manifests = names.count { if case .manifest = $0 { true } else { false } }
        return max(entries, manifests)
      }
    }

    /// Sends all that waits.
    func flush(_ deadlines: BlobDeadlines) throws(BlobFailure) {
      let end = Clock.monotonic + Int64(deadlines.total) * 1_000_000
      repeat {
        // Somebody else may be sending what was stored before.
        let isMine = state.wait(until: end) { state -> Bool? in
          if state.isSending { return nil }
          if state.closed == nil, state.open?.isEmpty ?? true { return false }
          if state.closed == nil {
            state.closed = state.open
            state.open = nil
          }
          state.isSending = true
          return true
        }
        guard let isMine else { throw .timedOut("what was stored before is still being sent") }
        guard isMine else { return }
        try sendClosed(deadlines)
      } while true
    }

    private func sendClosed(_ deadlines: BlobDeadlines) throws(BlobFailure) {
      do throws(BlobFailure) {
        guard let segment = state.withLock({ $0.closed }) else { return }
        try send(segment, deadlines)
        state.change { state in
          state.isSending = false
          state.closed = nil
          state.sendFailure = nil
          state.timing.sent(Clock.monotonic, more: !(state.open?.isEmpty ?? true))
        }
      } catch {
        state.change { state in
          state.isSending = false
          state.sendFailure = error
          state.timing.failed(Clock.monotonic)
        }
        throw error
      }
    }

    /// Puts a segment behind the newest one. When another machine did the same at that moment, whichever
    /// came first is not in the other's index: then its index is sent once more.
    private func send(_ segment: OpenSegment, _ deadlines: BlobDeadlines) throws(BlobFailure) {
      var segment = segment
      for _ in 0..<3 {
        let base = try newest(deadlines)
        let name = Self.prefix + Self.uniqueName(now())
        let (index, head) = merge(base?.index, segment, name)
        try cache.create(name, UploadBody(head: head, file: try segment.sealed()), deadlines)
        let seconds = now()
        state.change { state in
          state.index = index
          state.head = name
          state.loaded = seconds
          state.lastSegment = name
          state.own.add(places: index, in: name)
        }
        // Somebody's that does not know of ours.
        guard let after = try? newest(deadlines), after.name != name,
          !after.index.contains(segment: name)
        else { return }
        state.change { state in
          state.head = after.name
          state.index = after.index
          state.index.add(missing: state.own)
        }
        segment = try OpenSegment(in: directory)
      }
    }

    private func merge(
      _ base: SegmentIndex?, _ segment: OpenSegment, _ name: String
    ) -> (SegmentIndex, head: [UInt8]) {
      state.withLock { state in
        var index = base ?? SegmentIndex()
        if let last = state.lastSegment, !index.contains(segment: last) {
          index.add(missing: state.own)
        }
        for removed in segment.removed {
          index[removed] = nil
          state.own[removed] = nil
        }
        let head = index.add(segment: name, segment.blobs)
        return (index, head)
      }
    }

    /// Sorts by time.
    private static func uniqueName(_ seconds: Int64) -> String {
      func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
      }
      return hex(UInt64(clamping: seconds)) + "-" + hex(.random(in: .min ... .max))
    }

    // MARK: in the background

    private func startSending() {
      let isStarted = startThread(stackSize: 1 << 20) { [self] in
        while sendWhenDue() {}
      }
      if !isStarted { state.withLock { $0.hasThread = false } }
    }

    /// False when nothing waits any more.
    private func sendWhenDue() -> Bool {
      while true {
        let due = state.withLock { state -> Int64? in
          guard let due = state.timing.due else {
            state.hasThread = false
            return nil
          }
          return due
        }
        guard let due else { return false }
        if Clock.monotonic >= due { break }
        // A change may make it due earlier.
        _ = state.wait(until: due) { $0.timing.due == due ? nil : true }
      }
      var deadlines = BlobDeadlines()
      deadlines.connect = 3_000
      deadlines.lookup = 10_000
      deadlines.total = 120_000
      try? flush(deadlines)
      return true
    }
  }
#endif
