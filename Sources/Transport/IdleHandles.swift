/// libcurl's handles that nobody uses, each with its open connections. Who asks a server gets the handle
/// that asked it last, because that one still has a connection: a scheduler talks to a thousand servers,
/// and a new TLS connection costs more than everything else about a question.
struct IdleHandles: Sendable {
  private var handles: [String: [CurlHandle]] = [:]
  private(set) var count = 0

  /// A handle that asked `origin` last; else a new one, or any when there are `limit` already.
  mutating func take(for origin: String, limit: Int) -> CurlHandle? {
    if let handle = removeLast(of: origin) { return handle }
    if count >= limit, let other = handles.keys.first { return removeLast(of: other) }
    return nil
  }

  /// False when there are `limit` already: the handle stays the caller's.
  mutating func giveBack(_ handle: CurlHandle, origin: String, limit: Int) -> Bool {
    guard count < limit else { return false }
    handles[origin, default: []].append(handle)
    count += 1
    return true
  }

  /// All of them, which are the caller's from now on.
  mutating func takeAll() -> [CurlHandle] {
    defer {
      handles = [:]
      count = 0
    }
    return handles.values.flatMap { $0 }
  }

  private mutating func removeLast(of origin: String) -> CurlHandle? {
    guard let handle = handles[origin]?.popLast() else { return nil }
    if handles[origin]?.isEmpty == true { handles[origin] = nil }
    count -= 1
    return handle
  }

  /// Scheme, host and port of a URL, as they are written there.
  static func origin(of url: String) -> String {
    var slashes = 0
    let end = url.utf8.firstIndex { byte in
      if byte == UInt8(ascii: "/") { slashes += 1 }
      return slashes == 3
    }
    return String(url[..<(end ?? url.endIndex)])
  }
}
