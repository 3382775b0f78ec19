import Platform

/// The header blocks of one entry of a tar archive (POSIX ustar; pax records for what ustar can't
/// say). Nothing in them comes from this machine but path, size, link text, and whether a file may
/// be executed.
struct TarHeader {
  let entry: ToolchainEntry

  static let blockSize = 512
  /// The moment that Mozilla's archives carry; any would do that never changes.
  static let time = 1_153_704_088
  /// Two empty blocks.
  static let end = [UInt8](repeating: 0, count: 2 * blockSize)

  /// Zeros behind a content of this many bytes.
  static func padding(after size: Int64) -> Int {
    Int((Int64(blockSize) - size % Int64(blockSize)) % Int64(blockSize))
  }

  var bytes: [UInt8] {
    var records: [(key: String, value: String)] = []
    let name = Array(entry.name.utf8) + (entry.kind == .directory ? [UInt8(ascii: "/")] : [])
    let split = Self.split(name)
    if split == nil { records.append(("path", String(decoding: name, as: UTF8.self))) }
    if linkText.utf8.count > 100 { records.append(("linkpath", linkText)) }
    if entry.size >= Self.largeSize { records.append(("size", String(entry.size))) }
    let own = block(
      name: split ?? (Array(name.prefix(100)), []), mode: mode, type: type,
      size: min(entry.size, Self.largeSize - 1), linkText: Array(linkText.utf8.prefix(100)))
    return records.isEmpty ? own : paxBlocks(records) + own
  }

  /// The first size that eleven octal digits don't hold.
  private static let largeSize: Int64 = 1 << 33

  private var type: UInt8 {
    switch entry.kind {
    case .directory: UInt8(ascii: "5")
    case .file: UInt8(ascii: "0")
    case .link: UInt8(ascii: "2")
    }
  }

  private var mode: Int {
    switch entry.kind {
    case .directory: 0o755
    case .file(let stamp): stamp.isExecutable ? 0o755 : 0o644
    case .link: 0o777
    }
  }

  private var linkText: String {
    if case .link(let text, _) = entry.kind { return text }
    return ""
  }

  /// Name and prefix, cut at a slash; nil when it doesn't fit.
  private static func split(_ path: [UInt8]) -> (name: [UInt8], prefix: [UInt8])? {
    if path.count <= 100 { return (path, []) }
    let slash = UInt8(ascii: "/")
    let last = path.count - 1
    for index in path.indices.reversed()
    where path[index] == slash && index <= 155 && index > 0 && index < last {
      guard path.count - index - 1 <= 100 else { return nil }
      return (Array(path[(index + 1)...]), Array(path[..<index]))
    }
    return nil
  }

  private func block(
    name: (name: [UInt8], prefix: [UInt8]), mode: Int, type: UInt8, size: Int64,
    linkText: [UInt8]
  ) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: Self.blockSize)
    func put(_ bytes: some Collection<UInt8>, at start: Int) {
      block.replaceSubrange(start..<(start + bytes.count), with: bytes)
    }
    func octal(_ number: Int64, digits: Int) -> [UInt8] {
      let text = Array(String(number, radix: 8).utf8)
      return [UInt8](repeating: UInt8(ascii: "0"), count: digits - text.count) + text
    }
    put(name.name, at: 0)
    put(octal(Int64(mode), digits: 7), at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(size, digits: 11), at: 124)
    put(octal(Int64(Self.time), digits: 11), at: 136)
    // The sum is made with blanks in its own place.
    put("        ".utf8, at: 148)
    put([type], at: 156)
    put(linkText, at: 157)
    put("ustar\u{0}00".utf8, at: 257)
    put(octal(0, digits: 7), at: 329)
    put(octal(0, digits: 7), at: 337)
    put(name.prefix, at: 345)
    let sum = block.reduce(Int64(0)) { $0 + Int64($1) }
    put(octal(sum, digits: 6) + [0, UInt8(ascii: " ")], at: 148)
    return block
  }

  private func paxBlocks(_ records: [(key: String, value: String)]) -> [UInt8] {
    let content = records.flatMap { Self.record($0.key, $0.value) }
    let head = block(
      name: (Array("PaxHeader".utf8), []), mode: 0o644, type: UInt8(ascii: "x"),
      size: Int64(content.count), linkText: [])
    let padding = Self.padding(after: Int64(content.count))
    return head + content + [UInt8](repeating: 0, count: padding)
  }

  /// `LENGTH key=value\n`, where the length counts its own digits.
  private static func record(_ key: String, _ value: String) -> [UInt8] {
    let rest = Array(" \(key)=\(value)\n".utf8)
    var length = rest.count
    while String(length).utf8.count + rest.count != length {
      length = String(length).utf8.count + rest.count
    }
    return Array(String(length).utf8) + rest
  }
}
