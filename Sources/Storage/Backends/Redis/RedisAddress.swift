#if Redis
  import Settings
  import Transport

  /// Where a Redis server is, as people write it: `redis://user:password@host:port/db?db=N`, `rediss://…`
  /// with `#insecure`, `tcp://…`, `unix:///path?db=N&user=…&pass=…`, `redis+unix://…`, or `host:port`.
  struct RedisAddress: Equatable {
    var server: StreamAddress
    var isEncrypted = false
    /// False takes any certificate (`#insecure`).
    var verifies = true
    var username: String?
    var password: Secret?
    var database: Int?
    /// As written, without user, password, and what else of a query could be secret.
    var text: String

    private static let defaultPort: UInt16 = 6379

    init(_ written: String) throws(BackendProblem) {
      var parts = Parts(written)
      text = parts.text
      switch parts.scheme {
      case "", "redis", "tcp": server = try parts.tcp(Self.defaultPort)
      case "rediss":
        server = try parts.tcp(Self.defaultPort)
        isEncrypted = true
        verifies = parts.fragment != "insecure"
      case "unix", "redis+unix":
        guard parts.rest.hasPrefix("/") else {
          throw parts.problem("has no absolute path: write unix:///run/redis/redis.sock")
        }
        server = .unix(path: parts.decoded(parts.rest))
        parts.rest = ""
      default:
        throw parts.problem(
          "has an unknown scheme: redis, rediss, tcp, unix, redis+unix, or HOST:PORT")
      }
      (username, password) = parts.user
      database = try parts.database()
    }

    /// The pieces of an address, not yet understood.
    private struct Parts {
      var scheme = ""
      var userInformation = ""
      /// Host, port and path.
      var rest: String
      var query: [(name: String, value: String)] = []
      var fragment = ""

      init(_ written: String) {
        var text = Substring(written)
        if let mark = text.firstRange(of: "://") {
          scheme = text[..<mark.lowerBound].lowercased()
          text = text[mark.upperBound...]
        }
        // The last one: older tools leave one in a password as it is, and so may the other letters.
        if !scheme.contains("unix"), let at = text.lastIndex(of: "@") {
          userInformation = String(text[..<at])
          text = text[text.index(after: at)...]
        }
        if let hash = text.firstIndex(of: "#") {
          fragment = String(text[text.index(after: hash)...])
          text = text[..<hash]
        }
        if let mark = text.firstIndex(of: "?") {
          query = text[text.index(after: mark)...].split(separator: "&").map { item in
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(pair[0]), pair.count > 1 ? String(pair[1]) : "")
          }
          text = text[..<mark]
        }
        rest = String(text)
      }

      var text: String {
        let database = query.first { $0.name == "db" }.map { "?db=\($0.value)" } ?? ""
        return (scheme.isEmpty ? "" : scheme + "://") + rest + database
          + (fragment == "insecure" ? "#insecure" : "")
      }

      func problem(_ what: String) -> BackendProblem {
        BackendProblem("the address of Redis '\(text)' \(what)")
      }

      /// Takes host and port away from the rest.
      mutating func tcp(_ defaultPort: UInt16) throws(BackendProblem) -> StreamAddress {
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash]
        var host = authority
        var port = ""[...]
        if authority.hasPrefix("["), let close = authority.firstIndex(of: "]") {
          host = authority[authority.index(after: authority.startIndex)..<close]
          port = authority[authority.index(after: close)...]
        } else if let colon = authority.lastIndex(of: ":") {
          host = authority[..<colon]
          port = authority[colon...]
        }
        guard !host.isEmpty,
          !host.contains(where: { $0.isWhitespace || $0 == ":" && port != "" })
            || authority.hasPrefix("[")
        else { throw problem("has no host: write redis://HOST:PORT") }
        let number = port.isEmpty ? defaultPort : UInt16(port.dropFirst())
        guard let number, number > 0, port.isEmpty || port.hasPrefix(":") else {
          throw problem("has a port that is none")
        }
        let server = StreamAddress.tcp(host: String(host), port: number)
        rest = String(rest[slash...])
        return server
      }

      /// `user:password`, `:password`, or those of the query (sockets in the file system have no other).
      var user: (String?, Secret?) {
        var name: String?
        var password: String?
        if let colon = userInformation.firstIndex(of: ":") {
          name = String(userInformation[..<colon])
          password = String(userInformation[userInformation.index(after: colon)...])
        } else if !userInformation.isEmpty {
          name = userInformation
        }
        for (key, value) in query {
          if key == "user" { name = value }
          if key == "pass" { password = value }
        }
        return (
          name.flatMap { $0.isEmpty ? nil : decoded($0) }, password.map { Secret(decoded($0)) }
        )
      }

      func database() throws(BackendProblem) -> Int? {
        let path = rest.drop { $0 == "/" }
        let written = query.first { $0.name == "db" }?.value ?? String(path)
        guard !written.isEmpty else { return nil }
        guard let number = Int(written), number >= 0 else {
          throw problem("has a database that is no number")
        }
        return number
      }

      /// With `%40` and its like undone; what is no such sequence stays.
      func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var left = Array(text.utf8)[...]
        while let byte = left.popFirst() {
          if byte == UInt8(ascii: "%"), left.count >= 2,
            let value = UInt8(String(decoding: left.prefix(2), as: UTF8.self), radix: 16)
          {
            bytes.append(value)
            left = left.dropFirst(2)
          } else {
            bytes.append(byte)
          }
        }
        return String(decoding: bytes, as: UTF8.self)
      }
    }
  }
#endif
