/// What a build server sends back is looked at before it is put in its place: an error page, or half a
/// file, is no object.
enum ObjectFile {
  /// ELF whose table of sections lies within it (compilers write that last), LLVM bitcode, WebAssembly,
  /// or COFF for x86.
  static func looksWhole(_ bytes: [UInt8]) -> Bool {
    if bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) { return holdsItsSections(bytes) }
    let starts: [[UInt8]] = [
      [0x42, 0x43, 0xc0, 0xde], [0x00, 0x61, 0x73, 0x6d], [0x64, 0x86], [0x4c, 0x01],
    ]
    return starts.contains { bytes.starts(with: $0) }
  }

  private static func holdsItsSections(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 52, bytes[4] == 1 || bytes[4] == 2, bytes[5] == 1 || bytes[5] == 2 else {
      return false
    }
    let isWide = bytes[4] == 2
    func number(at offset: Int, size: Int) -> Int? {
      guard offset <= bytes.count - size else { return nil }
      let digits = bytes[offset..<(offset + size)]
      let value =
        bytes[5] == 2
        ? digits.reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        : digits.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
      return value <= UInt64(bytes.count) ? Int(value) : nil
    }
    guard let table = isWide ? number(at: 40, size: 8) : number(at: 32, size: 4), table > 0,
      let entry = number(at: isWide ? 58 : 46, size: 2), entry > 0,
      var count = number(at: isWide ? 60 : 48, size: 2)
    else { return false }
    if count == 0 {
      // From 65,280 sections on the first entry's size says how many there are.
      let size = isWide ? number(at: table + 32, size: 8) : number(at: table + 20, size: 4)
      guard let size, size > 0 else { return false }
      count = size
    }
    return entry.multipliedReportingOverflow(by: count).partialValue <= bytes.count - table
      && count <= bytes.count
  }
}
