#if Redis
  import Platform
  import Synchronization
  import Transport

  /// A connection that lookups of the same moment share: whoever finds nobody writing writes what has gathered,
  /// in one piece, and one of those who wait reads the replies, which come in the order of the questions. A
  /// lookup that is alone does both, as on a connection of its own.
  ///
  /// A large value is left to the one who wants it, and everybody behind it asks elsewhere.
  final class RedisLine: Sendable {
    private struct State {
      var connection: RedisConnection?
      /// It was kept from earlier questions, and may have ended meanwhile.
      var wasKept = false
      /// Not yet written.
      var gathered: [RedisLookup] = []
      /// Written and not yet answered.
      var sent: [RedisLookup] = []
      var isWriting = false
      var hasListener = false
      /// Nobody joins any more.
      var isOver = false
      /// When a reply was heard last.
      var heard: Int64 = 0
    }

    private let server: StreamAddress
    private let connections: RedisConnections
    private let connectMilliseconds: Int
    private let state = Mutex(State())

    /// Larger values hold up nobody else.
    private static let largestShared = 256 << 10
    private static let mostShared = 64

    init(_ server: StreamAddress, _ connections: RedisConnections, connectMilliseconds: Int) {
      self.server = server
      self.connections = connections
      self.connectMilliseconds = connectMilliseconds
    }

    // MARK: writing

    /// - Returns: false when it takes no more; else `writes` says whether the caller has to write.
    func join(_ lookup: RedisLookup) -> (isTaken: Bool, writes: Bool) {
      state.withLock { state in
        guard !state.isOver, state.gathered.count + state.sent.count < Self.mostShared else {
          return (false, false)
        }
        state.gathered.append(lookup)
        defer { state.isWriting = true }
        return (true, !state.isWriting)
      }
    }

    /// Writes what has gathered until nothing has. Opens the connection first.
    func write(_ limits: StreamDeadlines) {
      do throws(BlobFailure) {
        let connection = try open(limits)
        while let lookups = takeGathered() {
          for lookup in lookups { lookup.isSent() }
          try connection.sendBeside(lookups.map { ["GET", $0.key] }, limits)
          appointListener()
        }
        settle()
      } catch {
        end(error)
      }
    }

    private func open(_ limits: StreamDeadlines) throws(BlobFailure) -> RedisConnection {
      if let connection = state.withLock({ $0.connection }) { return connection }
      let kept = connections.takeKept(server)
      let connection: RedisConnection
      if let kept {
        connection = kept
      } else {
        connection = try connections.open(
          server, connectMilliseconds: connectMilliseconds, limits)
      }
      state.withLock {
        $0.connection = connection
        $0.wasKept = kept != nil
      }
      return connection
    }

    private func takeGathered() -> [RedisLookup]? {
      state.withLock { state in
        if state.gathered.isEmpty || state.isOver {
          state.isWriting = false
          return nil
        }
        defer { state.gathered = [] }
        state.sent += state.gathered
        return state.gathered
      }
    }

    // MARK: reading

    /// Who reads next: the first that still waits.
    private func appointListener() {
      let isForsaken = state.withLock { state in
        guard !state.hasListener, !state.isOver, !state.sent.isEmpty else { return false }
        state.hasListener = state.sent.contains { $0.listen() }
        return !state.hasListener
      }
      // Replies that nobody waits for.
      if isForsaken { end(.timedOut("nobody waits any more")) }
    }

    func wait(_ lookup: RedisLookup) -> RedisLookup.Outcome {
      switch lookup.wait(heard: { self.state.withLock { $0.heard } }) {
      case .done(let outcome): return outcome
      case .late: return .failed(.timedOut("no answer in time: \(server)"))
      case .listens: return listen(for: lookup)
      }
    }

    /// Reads replies until its own has come.
    private func listen(for own: RedisLookup) -> RedisLookup.Outcome {
      while true {
        guard
          let (connection, first) = state.withLock({ state in
            state.connection.flatMap { connection in state.sent.first.map { (connection, $0) } }
          })
        else { return ending(of: own) }
        do throws(BlobFailure) {
          try waitForReply(connection, own)
        } catch {
          if case .timedOut = error {
            // The others have time left, perhaps.
            own.leave()
            stepDown()
            return .failed(error)
          }
          end(error)
          return ending(of: own)
        }
        let outcome: RedisLookup.Outcome
        do throws(BlobFailure) {
          outcome = try read(connection, for: first, own.limits)
        } catch {
          end(error, current: first)
          return ending(of: own)
        }
        if case .large = outcome {
          if first === own { return outcome }
          first.finish(outcome)
          return ending(of: own)
        }
        answered(first)
        if first === own {
          stepDown()
          return outcome
        }
        first.finish(outcome)
      }
    }

    /// What was said of a lookup whose line is over.
    private func ending(of lookup: RedisLookup) -> RedisLookup.Outcome {
      if case .done(let outcome) = lookup.wait(heard: { 0 }) { return outcome }
      return .elsewhere
    }

    private func waitForReply(
      _ connection: RedisConnection, _ own: RedisLookup
    ) throws(BlobFailure) {
      let end = own.deadline(heard: state.withLock { $0.heard })
      let left = max(0, (end - Clock.monotonic + 999_999) / 1_000_000)
      try connection.waitForInput(
        StreamDeadlines(silence: Int(left), end: own.limits.end))
    }

    private func read(
      _ connection: RedisConnection, for lookup: RedisLookup, _ limits: StreamDeadlines
    ) throws(BlobFailure) -> RedisLookup.Outcome {
      switch try connection.valueHead(limit: RedisBlobs.largest, limits) {
      case .reply(let reply): return .reply(reply)
      case .value(let count) where count <= Self.largestShared:
        let collected = Collected(count)
        try connection.rest(count, to: collected, limits)
        return .value(collected.bytes)
      case .value(let count):
        return .large(count, isLineOver: leave(to: lookup))
      }
    }

    /// Sends everybody but one elsewhere.
    ///
    /// - Returns: whether replies are still to come that nobody will hear.
    private func leave(to lookup: RedisLookup) -> Bool {
      let others = state.withLock { state in
        state.isOver = true
        defer {
          state.sent = []
          state.gathered = []
        }
        return (sent: state.sent.filter { $0 !== lookup }, gathered: state.gathered)
      }
      for other in others.sent + others.gathered { other.finish(.elsewhere) }
      return !others.sent.isEmpty
    }

    private func answered(_ lookup: RedisLookup) {
      state.withLock { state in
        state.heard = Clock.monotonic
        if state.sent.first === lookup { state.sent.removeFirst() }
      }
    }

    /// The listener listens no more: another one does.
    private func stepDown() {
      state.withLock { $0.hasListener = false }
      appointListener()
      settle()
    }

    /// A connection that nobody uses is kept for later.
    private func settle() {
      let connection = state.withLock { state -> RedisConnection? in
        guard !state.isOver, !state.isWriting, !state.hasListener, state.sent.isEmpty,
          state.gathered.isEmpty
        else { return nil }
        state.isOver = true
        return state.connection
      }
      if let connection { connections.giveBack(connection, server) }
    }

    /// The value of a lookup that is too large to be shared.
    func takeLarge(
      _ count: Int, isLineOver: Bool, into sink: any BlobSink, _ limits: StreamDeadlines
    ) throws(BlobFailure) {
      guard let connection = state.withLock({ $0.connection }) else { return }
      try connection.rest(count, to: sink, limits)
      if !isLineOver { connections.giveBack(connection, server) }
    }

    // MARK: the end

    /// The connection is no good any more. Whoever had nothing of its reply yet asks elsewhere when there is
    /// hope: the connection had been good, or was an old one.
    ///
    /// - Parameter current: whose reply had begun.
    private func end(_ failure: BlobFailure, current: RedisLookup? = nil) {
      let (lookups, isHopeful) = state.withLock { state in
        defer {
          state.isOver = true
          state.sent = []
          state.gathered = []
        }
        return (state.sent + state.gathered, state.wasKept || state.heard > 0)
      }
      for lookup in lookups {
        lookup.finish(
          lookup === current ? .failed(failure) : Self.outcome(failure, isHopeful))
      }
    }

    private static func outcome(_ failure: BlobFailure, _ isHopeful: Bool) -> RedisLookup.Outcome {
      switch failure {
      case .failed where isHopeful: .elsewhere
      default: .failed(failure)
      }
    }
  }

  /// A value that is read for somebody else.
  private final class Collected: BlobSink, @unchecked Sendable {
    // Sendable: only the thread that reads the reply has it.
    private(set) var bytes: [UInt8] = []

    init(_ count: Int) { bytes.reserveCapacity(count) }

    func take(_ piece: UnsafeRawBufferPointer) -> Bool {
      bytes.append(contentsOf: piece)
      return true
    }
  }
#endif
