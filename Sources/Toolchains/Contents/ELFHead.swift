import Glibc
import Platform

/// What the head of a program tells of how it is started.
struct ELFHead: Equatable {
  /// The dynamic loader that the kernel starts; nil for static programs and most libraries.
  var loader: String?
  /// Without it there are no libraries to look for.
  var isDynamic = false

  /// Nil when the file is no ELF file, or a damaged one.
  static func read(_ path: String) throws(ToolchainError) -> ELFHead? {
    let file = try system { () throws(SystemError) in
      try Descriptor.open(path, O_RDONLY | O_NONBLOCK)
    }
    let head = try system { () throws(SystemError) in
      try file.read(at: 0, count: Self.headLimit, path: path)
    }
    guard let layout = Layout(head) else { return nil }
    var result = ELFHead()
    for index in 0..<layout.segmentCount {
      let start = layout.segmentOffset + index * layout.segmentSize
      let segment = try system { () throws(SystemError) in
        try file.read(at: start, count: layout.segmentSize, path: path)
      }
      guard segment.count == layout.segmentSize else { return nil }
      if layout.isDynamic(segment) { result.isDynamic = true }
      guard let place = layout.loaderPlace(in: segment) else { continue }
      let text = try system { () throws(SystemError) in
        try file.read(at: place.offset, count: place.count, path: path)
      }
      result.loader = String(validating: text.prefix { $0 != 0 }, as: UTF8.self)
    }
    return result
  }

  /// What a file that is no program says of its interpreter: the rest of its `#!` line.
  static func interpreter(of path: String) -> String {
    guard let file = try? Descriptor.open(path, O_RDONLY | O_NONBLOCK),
      let head = try? file.read(at: 0, count: 256, path: path), head.starts(with: "#!".utf8)
    else { return "something unknown" }
    let line = head.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
    let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    return words.isEmpty ? "something unknown" : words.joined(separator: " ")
  }

  private static let headLimit = 64
}

/// Where the program headers are, by the ELF header (System V ABI, chapter 4).
private struct Layout {
  var is64Bit: Bool
  var isLittleEndian: Bool
  var segmentOffset = 0
  var segmentSize = 0
  var segmentCount = 0

  init?(_ head: [UInt8]) {
    guard head.count >= 52, head.starts(with: [0x7f] + Array("ELF".utf8)) else { return nil }
    is64Bit = head[4] == 2
    isLittleEndian = head[5] == 1
    if is64Bit, head.count < 64 { return nil }
    segmentOffset = number(head, at: is64Bit ? 32 : 28, bytes: is64Bit ? 8 : 4)
    segmentSize = number(head, at: is64Bit ? 54 : 42, bytes: 2)
    segmentCount = number(head, at: is64Bit ? 56 : 44, bytes: 2)
    // Real programs have about a dozen, at the start.
    guard segmentSize >= (is64Bit ? 56 : 32), segmentSize <= 256, segmentCount <= 1024,
      segmentOffset < 1 << 40
    else { return nil }
  }

  /// PT_DYNAMIC.
  func isDynamic(_ segment: [UInt8]) -> Bool { number(segment, at: 0, bytes: 4) == 2 }

  /// The place of the loader's name, when this is the header that has it (PT_INTERP).
  func loaderPlace(in segment: [UInt8]) -> (offset: Int, count: Int)? {
    guard number(segment, at: 0, bytes: 4) == 3 else { return nil }
    let offset = number(segment, at: is64Bit ? 8 : 4, bytes: is64Bit ? 8 : 4)
    let count = number(segment, at: is64Bit ? 32 : 16, bytes: is64Bit ? 8 : 4)
    guard offset < 1 << 40, count > 1, count <= Int(PATH_MAX) else { return nil }
    return (offset, count)
  }

  private func number(_ bytes: [UInt8], at start: Int, bytes count: Int) -> Int {
    let field = bytes[start..<(start + count)]
    let ordered = isLittleEndian ? Array(field.reversed()) : Array(field)
    // The sign bit is dropped: such an offset is out of every range that is accepted.
    return Int(ordered.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } & UInt64(Int64.max))
  }
}
