import Platform

/// The `Authorization` headers of the farm.
package enum Authorization {
  /// The token of "Bearer TOKEN": the word in exactly this spelling, one space. Nil for anything else,
  /// an absent header included.
  package static func bearer(_ header: String?) -> String? {
    guard let header, header.utf8.starts(with: "Bearer ".utf8) else { return nil }
    let token = header.utf8.dropFirst("Bearer ".utf8.count)
    guard !token.isEmpty, token.first != UInt8(ascii: " ") else { return nil }
    return String(Substring(token))
  }

  /// The header's value for a token.
  package static func header(bearer token: String) -> String { "Bearer \(token)" }

  /// What a server with a token shared by all servers shows instead of one of its own: its address,
  /// a space, the token.
  package static func sharedToken(_ token: String, of server: SocketAddress) -> String {
    "\(server) \(token)"
  }

  /// The server that shows a shared token; nil when it is not this token.
  package static func server(showing bearer: String, shared token: String) -> SocketAddress? {
    guard let space = bearer.firstIndex(of: " "),
      isEqualInConstantTime(String(bearer[bearer.index(after: space)...]), token)
    else { return nil }
    return SocketAddress(bearer[..<space])
  }
}
