#if Redis
  import CacheKey
  import Platform
  import Settings
  import Transport

  /// Redis, Valkey and what speaks their protocol: one server or a cluster.
  struct RedisBlobs: BlobService {
    let location: String
    private let prefix: String
    private let expirationSeconds: Int
    private let connections: RedisConnections
    private let lines: RedisLines
    private let place: Place

    private enum Place {
      case server(StreamAddress)
      case cluster(RedisCluster)
    }

    /// Redis' own limit (`proto-max-bulk-len`) when nobody changes it.
    static let largest = 512 << 20
    private static let mostRedirections = 5

    var largestBlob: Int? { Self.largest }

    init(_ settings: RedisSettings, _ context: BackendContext) throws(BackendProblem) {
      guard let address = settings.address else {
        throw BackendProblem("Redis has no address: set SCCACHE_REDIS_ENDPOINT")
      }
      let written: [String]
      var isCluster = false
      switch address {
      case .single(let text), .url(let text): written = [text]
      case .cluster(let texts):
        written = texts
        isCluster = true
      }
      var addresses: [RedisAddress] = []
      for text in written { addresses.append(try RedisAddress(text)) }
      guard let first = addresses.first else {
        throw BackendProblem("Redis has no address: set SCCACHE_REDIS_CLUSTER_ENDPOINTS")
      }
      let login = RedisLogin(
        username: settings.username ?? first.username,
        password: settings.password ?? first.password,
        database: settings.database != 0 ? settings.database : first.database ?? 0)
      let tls =
        first.isEncrypted
        ? TLSClient(
          authoritiesFile: context.variable("SSL_CERT_FILE"), verifies: first.verifies) : nil
      connections = RedisConnections(login, tls: tls)
      lines = RedisLines(connections)
      if isCluster {
        try Self.check(addresses, login)
        place = .cluster(RedisCluster(seeds: addresses.map(\.server), connections))
      } else {
        place = .server(first.server)
      }
      let middle = settings.keyPrefix.split(separator: "/").joined(separator: "/")
      prefix = middle.isEmpty ? "" : middle + "/"
      expirationSeconds = settings.expirationSeconds
      let name = addresses.map(\.text).joined(separator: ",")
      location = "redis, name: \(name), prefix: /\(prefix)"
    }

    private static func check(
      _ addresses: [RedisAddress], _ login: RedisLogin
    ) throws(BackendProblem) {
      guard login.database == 0 else {
        throw BackendProblem("a Redis cluster has database 0 only: leave SCCACHE_REDIS_DB out")
      }
      for address in addresses {
        guard case .tcp = address.server else {
          throw BackendProblem(
            "'\(address.text)' is no server of a Redis cluster: those are reached by TCP")
        }
        guard address.isEncrypted == addresses[0].isEncrypted,
          address.verifies == addresses[0].verifies
        else {
          throw BackendProblem(
            "the servers of a Redis cluster are reached in the same way: redis:// for all of them, or "
              + "rediss://, or rediss:// with #insecure")
        }
      }
    }

    func fetch(
      _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Bool {
      let key = prefix + name.path
      let limits = Self.limits(deadlines, deadlines.total)
      let reply = try ask(key, deadlines, limits) { server, before throws(BlobFailure) in
        if before.isEmpty,
          let reply = try lines.get(
            key, from: server, into: sink, connectMilliseconds: deadlines.connect, limits)
        {
          return reply
        }
        return try converse(server, deadlines, limits, before) { connection throws(BlobFailure) in
          try connection.send(before + [["GET", key]], limits)
        } listen: { connection throws(BlobFailure) in
          try connection.value(into: sink, limit: Self.largest, limits)
        }
      }
      switch reply {
      case .passedOn: return true
      case .null: return false
      default: throw Self.unexpected(reply)
      }
    }

    func store(
      _ name: BlobName, _ blob: MemberContent, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) {
      guard blob.size <= Self.largest else {
        throw .tooLarge("\(blob.size) bytes, and Redis takes \(Self.largest)")
      }
      let key = prefix + name.path
      let limits = Self.limits(deadlines, deadlines.total)
      let command =
        expirationSeconds > 0 ? ["SETEX", key, String(expirationSeconds)] : ["SET", key]
      let reply = try ask(key, deadlines, limits) { server, before throws(BlobFailure) in
        try converse(server, deadlines, limits, before) { connection throws(BlobFailure) in
          if !before.isEmpty { try connection.send(before, limits) }
          try connection.send(command, blob, limits)
        } listen: { connection throws(BlobFailure) in
          try connection.reply(limits)
        }
      }
      guard case .status = reply else { throw Self.unexpected(reply) }
    }

    func remove(_ name: BlobName, _ deadlines: BlobDeadlines) throws(BlobFailure) {
      let key = prefix + name.path
      let limits = Self.limits(deadlines, deadlines.lookup)
      let reply = try ask(key, deadlines, limits) { server, before throws(BlobFailure) in
        try converse(server, deadlines, limits, before) { connection throws(BlobFailure) in
          try connection.send(before + [["DEL", key]], limits)
        } listen: { connection throws(BlobFailure) in
          try connection.reply(limits)
        }
      }
      guard case .integer = reply else { throw Self.unexpected(reply) }
    }

    private static func limits(_ deadlines: BlobDeadlines, _ milliseconds: Int) -> StreamDeadlines {
      StreamDeadlines(
        silence: deadlines.lookup, end: Clock.monotonic + Int64(milliseconds) * 1_000_000)
    }

    private static func unexpected(_ reply: RedisReply) -> BlobFailure {
      if case .error(let text) = reply { return RedisError(text: text).failure }
      return .failed("it answers something else than was asked for")
    }

    /// Asks the server of the key, and the one that it points to instead.
    ///
    /// - Parameter question: gets the server, and commands that have to go before.
    private func ask(
      _ key: String, _ deadlines: BlobDeadlines, _ limits: StreamDeadlines,
      _ question: (StreamAddress, [[String]]) throws(BlobFailure) -> RedisReply
    ) throws(BlobFailure) -> RedisReply {
      guard case .cluster(let cluster) = place else {
        guard case .server(let server) = place else { throw .failed("no server") }
        return try question(server, [])
      }
      let slot = RedisSlot.of(key)
      var server = try cluster.server(
        of: slot, connectMilliseconds: deadlines.connect, limits)
      var isAsking = false
      for _ in 0...Self.mostRedirections {
        let reply: RedisReply
        do throws(BlobFailure) {
          reply = try question(server, isAsking ? [["ASKING"]] : [])
        } catch {
          if error.mayPass { cluster.doubt() }
          throw error
        }
        guard case .error(let text) = reply,
          let redirection = RedisError(text: text).redirection,
          let next = RedisSlots.server(redirection.host, redirection.port, asked: server)
        else { return reply }
        if redirection.isForGood { cluster.move(redirection.slot, to: next) }
        isAsking = !redirection.isForGood
        server = next
      }
      throw .failed("the cluster sends from one server to another without end")
    }

    /// A question on a connection of its own.
    private func converse(
      _ server: StreamAddress, _ deadlines: BlobDeadlines, _ limits: StreamDeadlines,
      _ before: [[String]],
      say: (RedisConnection) throws(BlobFailure) -> Void,
      listen: (RedisConnection) throws(BlobFailure) -> RedisReply
    ) throws(BlobFailure) -> RedisReply {
      try connections.ask(server, connectMilliseconds: deadlines.connect, limits) {
        connection throws(BlobFailure) in
        try say(connection)
        // What goes before is answered, too.
        for _ in before {
          if case .error(let text) = try connection.reply(limits) { return .error(text) }
        }
        return try listen(connection)
      }
    }
  }
#endif
