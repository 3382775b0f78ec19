/// The parts of an http or https URL that settings ask about.
struct WebAddress {
  let isEncrypted: Bool
  /// User information before an `@`.
  let hasUser: Bool
  /// Without brackets.
  let host: String
  /// Everything behind host and port; "" or "/" for none.
  let rest: String

  /// Nil when it is no URL of one of the two schemes, or has no host.
  init?(_ text: String) {
    guard let scheme = text.firstRange(of: "://") else { return nil }
    switch text[..<scheme.lowerBound].lowercased() {
    case "http": isEncrypted = false
    case "https": isEncrypted = true
    default: return nil
    }
    let behind = text[scheme.upperBound...]
    let end = behind.firstIndex { "/?#".contains($0) } ?? behind.endIndex
    rest = String(behind[end...])
    var authority = behind[..<end]
    if let at = authority.lastIndex(of: "@") {
      hasUser = true
      authority = authority[authority.index(after: at)...]
    } else {
      hasUser = false
    }
    if authority.first == "[", let close = authority.firstIndex(of: "]") {
      guard Self.isPort(authority[authority.index(after: close)...]) else { return nil }
      host = String(authority[authority.index(after: authority.startIndex)..<close])
    } else {
      let colon = authority.firstIndex(of: ":") ?? authority.endIndex
      guard Self.isPort(authority[colon...]) else { return nil }
      host = String(authority[..<colon])
    }
    if host.isEmpty || host.contains(where: \.isWhitespace) { return nil }
  }

  var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

  /// Nothing, or `:` and a number.
  private static func isPort(_ text: Substring) -> Bool {
    guard text.first == ":" else { return text.isEmpty }
    return text.count == 1 || UInt16(text.dropFirst()) != nil
  }
}
