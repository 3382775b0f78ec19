import Glibc
import Platform

@testable import Sandbox

/// What a build server reads of strangers.
enum SandboxTargets {
  /// In memory, and gone with the machine at the latest.
  private static let store: TreeStore? = try? TreeStore("/dev/shm/sccache-fuzz-\(getpid())")

  /// Headers get checksums that fit, or nothing deeper would ever be reached.
  static func archive(_ bytes: [UInt8]) {
    var bytes = bytes + [UInt8](repeating: 0, count: 512 - bytes.count % 512 + 512)
    for start in stride(from: 0, to: bytes.count, by: 512)
    where bytes[(start + 257)..<(start + 260)].elementsEqual(Array("ust".utf8)) {
      for index in 148..<156 { bytes[start + index] = 0x20 }
      let sum = bytes[start..<(start + 512)].reduce(0) { $0 + Int($1) }
      let digits = Array(String(sum, radix: 8).utf8)
      for (index, digit) in digits.enumerated() { bytes[start + 148 + index] = digit }
    }
    unpack(bytes, .some(.none))
  }

  static func packedArchive(_ bytes: [UInt8]) {
    for packing in [Extraction.Packing.gzip, .zlib, .zstd] { unpack(bytes, packing) }
    unpack(bytes, nil)
  }

  /// Nothing may appear but beneath the tree, and the tree must go without a trace.
  private static func unpack(_ bytes: [UInt8], _ packing: Extraction.Packing?) {
    guard let store, let memory = try? MemoryFile("fuzz"),
      (try? memory.file.write(bytes, path: "fuzz")) != nil, (try? memory.rewind()) != nil
    else { fatalError("no place to unpack to") }
    let limits = ExtractionLimits(bytes: 1 << 16, entries: 200, allowsHardLinks: true)
    if let summary = try? store.add(memory.file, packing: packing, as: "tree", limits: limits) {
      precondition(summary.bytes <= limits.bytes && summary.entries <= limits.entries)
      precondition(store.remove("tree"))
    }
    precondition(Files.names(in: store.directory) == [])
  }

  static func jobOrder(_ bytes: [UInt8]) {
    if let order = try? JobOrder(body: bytes) {
      precondition((try? JobOrder(body: order.encoded())) == order)
    }
    if let (ending, isOutOfSpace) = try? JobEnding.decode(bytes), bytes.count < 2000 {
      let again = try? JobEnding.decode(ending.encoded(isOutOfSpace: isOutOfSpace))
      precondition(again?.0 == ending)
    }
  }

  static func policy(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    guard let policy = try? Policy(text: text), policy.rules.count < 20 else { return }
    _ = try? Filter(policy)
  }
}
