#if Redis
  import Platform
  import Settings
  import Synchronization
  import Transport

  /// Who asks, and what of a server is meant.
  struct RedisLogin: Sendable {
    var username: String?
    var password: Secret?
    var database = 0

    /// Sent at once when a connection is new.
    var commands: [[String]] {
      var commands: [[String]] = []
      if username != nil || password != nil {
        commands.append(
          ["AUTH"] + (username.map { [$0] } ?? []) + [password?.value ?? ""])
      }
      if database != 0 { commands.append(["SELECT", String(database)]) }
      return commands
    }
  }

  /// Connections to servers, kept while nobody uses them. No PING asks whether one is good: one that isn't
  /// shows at its first use, and costs no more than that PING.
  final class RedisConnections: Sendable {
    private let login: RedisLogin
    private let tls: TLSClient?
    private let idle = Mutex<[StreamAddress: [Kept]]>([:])

    private struct Kept {
      let connection: RedisConnection
      let since: Int64
    }

    /// For each server.
    private static let mostKept = 32
    /// Shorter than what lies between usually lets a silent connection live.
    private static let longestIdle: Int64 = 120_000_000_000

    init(_ login: RedisLogin, tls: TLSClient?) {
      self.login = login
      self.tls = tls
    }

    /// Asks one server one thing.
    func ask(
      _ server: StreamAddress, connectMilliseconds: Int, _ deadlines: StreamDeadlines,
      _ question: (RedisConnection) throws(BlobFailure) -> RedisReply
    ) throws(BlobFailure) -> RedisReply {
      if let kept = takeKept(server) {
        do throws(BlobFailure) {
          return try ask(kept, server, question)
        } catch {
          guard kept.isClosedUnheard else { throw error }
        }
      }
      return try ask(
        try open(server, connectMilliseconds: connectMilliseconds, deadlines), server, question)
    }

    private func ask(
      _ connection: RedisConnection, _ server: StreamAddress,
      _ question: (RedisConnection) throws(BlobFailure) -> RedisReply
    ) throws(BlobFailure) -> RedisReply {
      connection.begin()
      let reply = try question(connection)
      giveBack(connection, server)
      return reply
    }

    /// A new one, at which the server knows who asks.
    func open(
      _ server: StreamAddress, connectMilliseconds: Int, _ deadlines: StreamDeadlines
    ) throws(BlobFailure) -> RedisConnection {
      let connectEnd = Clock.monotonic + Int64(connectMilliseconds) * 1_000_000
      let stream: StreamConnection
      do throws(StreamFailure) {
        stream = try StreamConnection.open(
          to: server, tls: tls, until: min(connectEnd, deadlines.end))
      } catch {
        throw BlobFailure(error)
      }
      let connection = RedisConnection(stream)
      let commands = login.commands
      if !commands.isEmpty { try connection.send(commands, deadlines) }
      for command in commands {
        guard case .error(let text) = try connection.reply(deadlines) else { continue }
        let error = RedisError(text: text)
        throw command[0] == "AUTH" ? error.failureOfLogin : error.failure
      }
      return connection
    }

    /// One that nobody uses, which may have ended without showing it.
    func takeKept(_ server: StreamAddress) -> RedisConnection? {
      let now = Clock.monotonic
      // Those that ended are closed outside of the lock.
      while let kept = idle.withLock({ $0[server]?.popLast() }) {
        if now - kept.since < Self.longestIdle, kept.connection.isIdle { return kept.connection }
      }
      return nil
    }

    func giveBack(_ connection: RedisConnection, _ server: StreamAddress) {
      let kept = Kept(connection: connection, since: Clock.monotonic)
      let dropped = idle.withLock { idle -> Kept? in
        idle[server, default: []].append(kept)
        guard let count = idle[server]?.count, count > Self.mostKept else { return nil }
        return idle[server]?.removeFirst()
      }
      _ = dropped
    }
  }
#endif
