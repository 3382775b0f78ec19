/// Writes tar archives, honest and hostile ones.
struct TarBuilder {
  private(set) var bytes: [UInt8] = []

  mutating func file(_ name: String, _ content: [UInt8] = [], mode: Int = 0o644) {
    header(name, kind: "0", size: content.count, mode: mode)
    data(content)
  }

  mutating func file(_ name: String, _ content: String, mode: Int = 0o644) {
    file(name, Array(content.utf8), mode: mode)
  }

  mutating func directory(_ name: String) { header(name, kind: "5") }

  mutating func link(_ name: String, to target: String) {
    header(name, kind: "2", target: target)
  }

  /// An entry of any kind, with any size announced.
  mutating func header(
    _ name: String, kind: Character, size: Int = 0, mode: Int = 0o644, target: String = "",
    magic: String = "ustar\0", checksum: Int? = nil
  ) {
    var block = [UInt8](repeating: 0, count: 512)
    put(Array(name.utf8), 0, 100, &block)
    put(octal(mode, 7), 100, 8, &block)
    put(octal(size, 11), 124, 12, &block)
    put(octal(1_700_000_000, 11), 136, 12, &block)
    block[156] = kind.asciiValue ?? 0
    put(Array(target.utf8), 157, 100, &block)
    put(Array(magic.utf8), 257, 8, &block)
    put([UInt8](repeating: 0x20, count: 8), 148, 8, &block)
    let sum = checksum ?? block.reduce(0) { $0 + Int($1) }
    put(octal(sum, 6) + [0], 148, 8, &block)
    bytes += block
  }

  mutating func extended(_ records: [(String, String)], kind: Character = "x") {
    var body: [UInt8] = []
    for (key, value) in records {
      let rest = " \(key)=\(value)\n".utf8
      var length = rest.count + 1
      while String(length).utf8.count + rest.count != length { length += 1 }
      body += Array(String(length).utf8) + rest
    }
    header("pax", kind: kind, size: body.count)
    data(body)
  }

  mutating func data(_ content: [UInt8]) {
    bytes += content
    bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  func finished() -> [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

  private func put(_ value: [UInt8], _ start: Int, _ room: Int, _ block: inout [UInt8]) {
    for (index, byte) in value.prefix(room).enumerated() { block[start + index] = byte }
  }

  private func octal(_ value: Int, _ digits: Int) -> [UInt8] {
    let text = String(value, radix: 8)
    return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
  }
}

extension TarBuilder {
  /// Puts the right checksum into the header at a position.
  static func correct(_ bytes: inout [UInt8], at start: Int) {
    for index in 148..<156 { bytes[start + index] = 0x20 }
    let sum = bytes[start..<(start + 512)].reduce(0) { $0 + Int($1) }
    let digits = String(sum, radix: 8)
    let text = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    for (index, byte) in text.utf8.prefix(6).enumerated() { bytes[start + 148 + index] = byte }
    bytes[start + 154] = 0
  }
}
