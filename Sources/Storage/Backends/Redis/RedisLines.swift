#if Redis
  import Synchronization
  import Transport

  /// The lines to servers that lookups may join.
  final class RedisLines: Sendable {
    private let connections: RedisConnections
    private let lines = Mutex<[StreamAddress: RedisLine]>([:])

    init(_ connections: RedisConnections) { self.connections = connections }

    /// Asks for a value, together with whoever asks the same server in the same moment.
    ///
    /// - Returns: nil when it has to be asked for on a connection of its own.
    func get(
      _ key: String, from server: StreamAddress, into sink: any BlobSink,
      connectMilliseconds: Int, _ limits: StreamDeadlines
    ) throws(BlobFailure) -> RedisReply? {
      let lookup = RedisLookup(key, limits, connectMilliseconds: connectMilliseconds)
      let (line, writes) = join(lookup, server, connectMilliseconds)
      if writes { line.write(limits) }
      switch line.wait(lookup) {
      case .value(let bytes):
        let isTaken = bytes.withUnsafeBytes { $0.isEmpty || sink.take($0) }
        guard isTaken else { throw .given(up: "the transfer was given up") }
        return .passedOn
      case .reply(let reply): return reply
      case .failed(let failure): throw failure
      case .elsewhere: return nil
      case .large(let count, let isLineOver):
        try line.takeLarge(count, isLineOver: isLineOver, into: sink, limits)
        return .passedOn
      }
    }

    private func join(
      _ lookup: RedisLookup, _ server: StreamAddress, _ connectMilliseconds: Int
    ) -> (line: RedisLine, writes: Bool) {
      lines.withLock { lines in
        if let line = lines[server] {
          let (isTaken, writes) = line.join(lookup)
          if isTaken { return (line, writes) }
        }
        let line = RedisLine(server, connections, connectMilliseconds: connectMilliseconds)
        lines[server] = line
        return (line, line.join(lookup).writes)
      }
    }
  }
#endif
