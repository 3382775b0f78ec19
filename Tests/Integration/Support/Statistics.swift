/// What `--show-stats --stats-format json` says.
struct Statistics: Sendable {
  let json: JSON

  init(json bytes: [UInt8]) throws {
    var parser = JSON.Parser(bytes: bytes)
    json = try parser.value()
  }

  /// A counter of `stats`; of a table of counters, the sum.
  func count(_ name: String) -> Int { json["stats"][name].total }

  func extra(_ name: String) -> Int { json["extra"][name].total }

  var hits: Int { json["stats"]["cache_hits"]["counts"].total }
  var misses: Int { json["stats"]["cache_misses"]["counts"].total }
  var writes: Int { count("cache_writes") }

  /// Compiled misses that are neither stored nor given up yet.
  var unsettled: Int {
    misses - writes - count("non_cacheable_compilations") - count("cache_write_errors")
  }

  func answer(since old: Statistics) -> Sandbox.Expectation {
    if count("compile_fails") > old.count("compile_fails") { return .failure }
    if hits > old.hits { return .hit }
    if writes > old.writes { return .miss }
    if misses > old.misses { return .unstored }
    if count("compilations") > old.count("compilations") { return .unstored }
    return .declined
  }

  /// Why something was not cached or stored.
  func reasons(since old: Statistics) -> String {
    var changed: [String] = []
    let tallies = [("stats", "not_cached"), ("extra", "declined"), ("extra", "not_on_farm")]
    for (part, tally) in tallies {
      for (name, value) in json[part][tally].members
      where value.total > old.json[part][tally][name].total {
        changed.append(name)
      }
    }
    for name in ["cache_errors", "cache_write_errors", "compile_fails"]
    where count(name) > old.count(name) {
      changed.append(name)
    }
    return changed.joined(separator: ", ")
  }
}

/// Just enough of JSON.
indirect enum JSON: Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([(String, JSON)])

  subscript(name: String) -> JSON { members.first { $0.0 == name }?.1 ?? .null }

  var members: [(String, JSON)] {
    if case .object(let members) = self { return members }
    return []
  }

  var elements: [JSON] {
    if case .array(let elements) = self { return elements }
    return []
  }

  var text: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  /// A number, or the sum of an object's numbers (of `counts` where it has them).
  var total: Int {
    switch self {
    case .number(let number): Int(number)
    case .object(let members):
      if case .object = self["counts"] {
        self["counts"].total
      } else {
        members.reduce(0) { $0 + $1.1.total }
      }
    default: 0
    }
  }

  struct Invalid: Error { var position: Int }

  struct Parser {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    private func peek() throws -> UInt8 {
      guard position < bytes.count else { throw Invalid(position: position) }
      return bytes[position]
    }

    private mutating func skipBlanks() {
      while position < bytes.count, " \n\t\r".utf8.contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ text: String) throws {
      guard bytes[position...].starts(with: text.utf8) else { throw Invalid(position: position) }
      position += text.utf8.count
    }

    mutating func value() throws -> JSON {
      skipBlanks()
      switch try peek() {
      case UInt8(ascii: "{"): return try object()
      case UInt8(ascii: "["): return try array()
      case UInt8(ascii: "\""): return .string(try string())
      case UInt8(ascii: "t"):
        try take("true")
        return .bool(true)
      case UInt8(ascii: "f"):
        try take("false")
        return .bool(false)
      case UInt8(ascii: "n"):
        try take("null")
        return .null
      default: return try number()
      }
    }

    private mutating func object() throws -> JSON {
      var members: [(String, JSON)] = []
      try take("{")
      skipBlanks()
      while try peek() != UInt8(ascii: "}") {
        skipBlanks()
        let name = try string()
        skipBlanks()
        try take(":")
        members.append((name, try value()))
        skipBlanks()
        if try peek() == UInt8(ascii: ",") { position += 1 }
      }
      position += 1
      return .object(members)
    }

    private mutating func array() throws -> JSON {
      var elements: [JSON] = []
      try take("[")
      skipBlanks()
      while try peek() != UInt8(ascii: "]") {
        elements.append(try value())
        skipBlanks()
        if try peek() == UInt8(ascii: ",") { position += 1 }
      }
      position += 1
      return .array(elements)
    }

    private mutating func string() throws -> String {
      try take("\"")
      var text: [UInt8] = []
      while try peek() != UInt8(ascii: "\"") {
        if try peek() == UInt8(ascii: "\\") { position += 1 }
        text.append(try peek())
        position += 1
      }
      position += 1
      return String(decoding: text, as: UTF8.self)
    }

    private mutating func number() throws -> JSON {
      let start = position
      while position < bytes.count, "+-.eE0123456789".utf8.contains(bytes[position]) {
        position += 1
      }
      guard let number = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else {
        throw Invalid(position: start)
      }
      return .number(number)
    }
  }
}
