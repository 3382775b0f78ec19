/// The head of an answer, put together from its lines.
package struct HTTPHead {
  package private(set) var status = 0
  /// Names in lower case.
  package private(set) var headers: [(name: String, value: String)] = []
  private var length = 0

  /// Of all lines together; no server of ours or anybody's needs as much.
  package static let longest = 256 << 10

  package init() {}

  /// - Returns: false when there is more than an answer may have.
  package mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
    length += line.count
    guard length <= Self.longest else { return false }
    let text = String(decoding: line, as: UTF8.self)
    // A new head, after `100 Continue`.
    if text.hasPrefix("HTTP/") {
      headers.removeAll()
      status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
    if let colon = text.firstIndex(of: ":") {
      let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      headers.append((text[..<colon].lowercased(), String(value.prefix { !$0.isNewline })))
    }
    return true
  }
}
