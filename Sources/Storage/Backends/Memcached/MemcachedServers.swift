#if Memcached
  import Transport

  /// The servers of a Memcached store, as people write them, separated by commas: `tcp://host:port`,
  /// `host:port`, `host`, `unix:///path`.
  enum MemcachedServers {
    private static let defaultPort: UInt16 = 11211

    static func read(_ written: String) throws(BackendProblem) -> [StreamAddress] {
      var servers: [StreamAddress] = []
      for item in written.split(separator: ",") {
        let text = item.filter { !$0.isWhitespace }
        if !text.isEmpty { servers.append(try server(text)) }
      }
      guard !servers.isEmpty else {
        throw BackendProblem(
          "Memcached has no address: set SCCACHE_MEMCACHED_ENDPOINT=tcp://HOST:11211")
      }
      return servers
    }

    private static func server(_ text: String) throws(BackendProblem) -> StreamAddress {
      let problem = BackendProblem(
        "the address of Memcached '\(text)' can't be understood: write tcp://HOST:PORT or "
          + "unix:///PATH, and user and password into SCCACHE_MEMCACHED_USERNAME and …_PASSWORD")
      // No part of an address is a secret, except where somebody puts one into it.
      guard !text.contains("@") else {
        throw BackendProblem(
          "an address of Memcached has an '@': write tcp://HOST:PORT, and user and password into "
            + "SCCACHE_MEMCACHED_USERNAME and SCCACHE_MEMCACHED_PASSWORD")
      }
      var rest = text[...]
      if let mark = text.firstRange(of: "://") {
        rest = text[mark.upperBound...]
        switch text[..<mark.lowerBound].lowercased() {
        case "tcp", "memcached": break
        case "unix":
          guard rest.hasPrefix("/") else { throw problem }
          return .unix(path: String(rest))
        default: throw problem
        }
      }
      while rest.last == "/" { rest = rest.dropLast() }
      var host = rest
      var port = ""[...]
      if rest.hasPrefix("["), let close = rest.firstIndex(of: "]") {
        host = rest[rest.index(after: rest.startIndex)..<close]
        port = rest[rest.index(after: close)...]
      } else if let colon = rest.lastIndex(of: ":") {
        host = rest[..<colon]
        port = rest[colon...]
        guard !host.contains(":") else { throw problem }
      }
      guard !host.isEmpty, !host.contains("/"), port.isEmpty || port.hasPrefix(":"),
        let number = port.isEmpty ? defaultPort : UInt16(port.dropFirst()), number > 0
      else { throw problem }
      return .tcp(host: String(host), port: number)
    }
  }
#endif
