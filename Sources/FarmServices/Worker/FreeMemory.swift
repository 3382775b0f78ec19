import Platform

/// How much memory new jobs may take on this machine.
enum FreeMemory {
  /// Bytes that programs can get without swapping; nil when the kernel does not tell.
  static var bytes: UInt64? {
    (try? Files.read("/proc/meminfo", limit: 64 << 10)).flatMap(bytes(in:))
  }

  /// `MemAvailable:   23506812 kB` (proc(5)).
  static func bytes(in table: [UInt8]) -> UInt64? {
    for line in table.split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: " "))
      guard words.count == 3, words[0].elementsEqual("MemAvailable:".utf8),
        words[2].elementsEqual("kB".utf8),
        let kibibytes = UInt64(String(decoding: words[1], as: UTF8.self))
      else { continue }
      let (bytes, isTooMany) = kibibytes.multipliedReportingOverflow(by: 1024)
      return isTooMany ? nil : bytes
    }
    return nil
  }
}
