/// One request of a browser on loopback: as much of HTTP/1.1 as a sign-in takes.
struct BrowserRequest: Sendable, Equatable {
  var method: String
  /// Without the query.
  var path: String
  /// Without the question mark.
  var query: String
  /// Whom the browser believes to ask, in lower case.
  var host: String
  var body: [UInt8]

  enum Reading: Equatable {
    case incomplete
    case complete(BrowserRequest)
    case malformed
  }

  private static let greatestHead = 64 << 10
  private static let greatestBody = 64 << 10

  /// - Parameter bytes: what has come so far.
  static func read(_ bytes: [UInt8]) -> Reading {
    guard let end = endOfHead(bytes) else {
      return bytes.count > greatestHead ? .malformed : .incomplete
    }
    guard end <= greatestHead, let head = String(validating: bytes[..<end], as: UTF8.self) else {
      return .malformed
    }
    let lines = head.split(separator: "\r\n", omittingEmptySubsequences: true)
    let words = lines.first?.split(separator: " ", omittingEmptySubsequences: false) ?? []
    guard words.count == 3, words[2].hasPrefix("HTTP/1."), words[1].hasPrefix("/") else {
      return .malformed
    }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { return .malformed }
      let name = line[..<colon].lowercased()
      guard headers[name] == nil || name != "host" && name != "content-length" else {
        return .malformed
      }
      headers[name] = String(line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" })
    }
    let target = words[1]
    let mark = target.firstIndex(of: "?") ?? target.endIndex
    var request = BrowserRequest(
      method: String(words[0]), path: String(target[..<mark]),
      query: String(target[mark...].dropFirst()), host: headers["host"]?.lowercased() ?? "",
      body: [])
    guard let length = Int(headers["content-length"] ?? "0"), (0...greatestBody).contains(length),
      headers["transfer-encoding"] == nil
    else { return .malformed }
    let body = bytes[end...].prefix(length)
    guard body.count == length else { return .incomplete }
    request.body = Array(body)
    return .complete(request)
  }

  /// Where the body begins.
  private static func endOfHead(_ bytes: [UInt8]) -> Int? {
    let mark: [UInt8] = [13, 10, 13, 10]
    guard bytes.count >= 4 else { return nil }
    return (0...(bytes.count - 4)).first { bytes[$0..<($0 + 4)].elementsEqual(mark) }.map { $0 + 4 }
  }
}

/// What a browser is told.
struct BrowserReply: Sendable, Equatable {
  var status: Int
  var headers: [(name: String, value: String)] = []
  var text: String

  static func == (left: BrowserReply, right: BrowserReply) -> Bool { left.bytes == right.bytes }

  /// A page that says one thing.
  static func page(_ status: Int, _ text: String) -> BrowserReply {
    BrowserReply(
      status: status, headers: [("content-type", "text/plain; charset=utf-8")], text: text)
  }

  private var phrase: String {
    switch status {
    case 200: "OK"
    case 302: "Found"
    case 404: "Not Found"
    default: "Bad Request"
    }
  }

  var bytes: [UInt8] {
    let body = Array(text.utf8)
    // Codes and tokens shall neither stay in a browser nor be told to the next page.
    let fixed = [
      ("content-length", "\(body.count)"), ("connection", "close"), ("cache-control", "no-store"),
      ("referrer-policy", "no-referrer"), ("x-content-type-options", "nosniff"),
    ]
    let lines = (headers + fixed).map { "\($0.0): \($0.1)\r\n" }.joined()
    return Array("HTTP/1.1 \(status) \(phrase)\r\n\(lines)\r\n".utf8) + body
  }
}
