#if Redis
  import Platform
  import Synchronization
  import Transport

  /// Which of a cluster's 16384 slots a key lies in.
  enum RedisSlot {
    static let count = 16384

    /// Of what stands in the first braces, if anything does, else of the whole.
    static func of(_ key: String) -> Int {
      var bytes = Array(key.utf8)[...]
      if let open = bytes.firstIndex(of: UInt8(ascii: "{")),
        let close = bytes[open...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
      {
        bytes = bytes[(open + 1)..<close]
      }
      return Int(checksum(bytes)) % count
    }

    /// CRC-16/XMODEM.
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt16 {
      var value: UInt16 = 0
      for byte in bytes {
        value ^= UInt16(byte) << 8
        for _ in 0..<8 { value = value & 0x8000 != 0 ? value << 1 ^ 0x1021 : value << 1 }
      }
      return value
    }
  }

  /// What is known of who has which slots.
  struct RedisSlots: Sendable, Equatable {
    struct Part: Sendable, Equatable {
      var slots: ClosedRange<Int>
      var server: StreamAddress
    }

    private(set) var parts: [Part] = []
    /// Slots that moved since.
    private var moved: [Int: StreamAddress] = [:]

    /// From the reply to CLUSTER SLOTS.
    ///
    /// - Parameter asked: whose host is meant where a server doesn't know its own.
    init?(_ reply: RedisReply, asked: StreamAddress) {
      guard case .array(let ranges) = reply else { return nil }
      for range in ranges {
        guard case .array(let fields) = range, fields.count >= 3,
          case .integer(let first) = fields[0], case .integer(let last) = fields[1],
          case .array(let master) = fields[2], master.count >= 2,
          case .integer(let port) = master[1], let port = UInt16(exactly: port),
          0 <= first, first <= last, last < RedisSlot.count
        else { return nil }
        var host = ""
        if case .bytes(let bytes) = master[0] { host = String(decoding: bytes, as: UTF8.self) }
        guard let server = Self.server(host, port, asked: asked) else { return nil }
        parts.append(Part(slots: first...last, server: server))
      }
      if parts.isEmpty { return nil }
    }

    /// - Parameter host: empty or `?`: the one that was asked.
    static func server(_ host: String, _ port: UInt16, asked: StreamAddress) -> StreamAddress? {
      guard host.isEmpty || host == "?" else { return .tcp(host: host, port: port) }
      guard case .tcp(let own, _) = asked else { return nil }
      return .tcp(host: own, port: port)
    }

    func server(of slot: Int) -> StreamAddress? {
      moved[slot] ?? parts.first { $0.slots ~= slot }?.server
    }

    mutating func move(_ slot: Int, to server: StreamAddress) { moved[slot] = server }

    var servers: Set<StreamAddress> { Set(parts.map(\.server)) }
  }

  /// Finds the server of a key in a cluster.
  final class RedisCluster: Sendable {
    private let seeds: [StreamAddress]
    private let connections: RedisConnections
    private let known = Mutex(Known())

    private struct Known {
      var slots: RedisSlots?
      /// Something showed that they are not as they are known to be.
      var isStale = false
    }

    /// Servers that are asked for the slots before a question is given up.
    private static let mostAsked = 4

    init(seeds: [StreamAddress], _ connections: RedisConnections) {
      self.seeds = seeds
      self.connections = connections
    }

    func server(
      of slot: Int, connectMilliseconds: Int, _ deadlines: StreamDeadlines
    ) throws(BlobFailure) -> StreamAddress {
      let (slots, isStale) = known.withLock { known in
        // Only one asks again; the others go by what they have.
        defer { known.isStale = false }
        return (known.slots, known.isStale)
      }
      if !isStale, let server = slots?.server(of: slot) { return server }
      do throws(BlobFailure) {
        let fresh = try ask(slots, connectMilliseconds, deadlines)
        known.withLock { $0.slots = fresh }
        if let server = fresh.server(of: slot) { return server }
      } catch {
        guard let server = slots?.server(of: slot) else { throw error }
        return server
      }
      throw .failed("no server of the cluster has slot \(slot)")
    }

    private func ask(
      _ old: RedisSlots?, _ connectMilliseconds: Int, _ deadlines: StreamDeadlines
    ) throws(BlobFailure) -> RedisSlots {
      var failure = BlobFailure.unreachable("no server of the cluster is known")
      // Whoever failed the last question is no better at the next one.
      let all = (seeds + (old.map { Array($0.servers) } ?? [])).shuffled()
      for server in all.prefix(Self.mostAsked) {
        do throws(BlobFailure) {
          let reply = try connections.ask(
            server, connectMilliseconds: connectMilliseconds, deadlines
          ) { connection throws(BlobFailure) in
            try connection.send([["CLUSTER", "SLOTS"]], deadlines)
            return try connection.reply(deadlines)
          }
          if let slots = RedisSlots(reply, asked: server) { return slots }
          if case .error(let text) = reply {
            failure = RedisError(text: text).failure
          } else {
            failure = .failed("\(server): the slots of the cluster can't be understood")
          }
        } catch {
          failure = error
        }
      }
      throw failure
    }

    func move(_ slot: Int, to server: StreamAddress) {
      known.withLock {
        $0.slots?.move(slot, to: server)
        $0.isStale = true
      }
    }

    /// A server that should be there is not.
    func doubt() { known.withLock { $0.isStale = true } }
  }
#endif
