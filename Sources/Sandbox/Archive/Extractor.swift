// Shared as source with the runner; see ExtractionFailure.swift.
import CPosix

/// Where an archive's bytes come from.
protocol ByteSource: ~Copyable {
  /// Fills the buffer as far as bytes are there; 0 is the end.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ExtractionFailure) -> Int
}

/// What an archive held.
package struct ExtractionSummary: Sendable, Equatable {
  /// Bytes of all files together.
  package var bytes: UInt64 = 0
  /// Entries, extended headers included.
  package var entries: UInt32 = 0

  package init() {}
}

/// Reads a tar archive and writes it beneath a directory. It stops at the first thing that it does not
/// take; what it wrote so far is then for the caller to throw away.
struct Extractor<Source: ByteSource & ~Copyable>: ~Copyable {
  private var source: Source
  private var writer: TreeWriter
  private var summary = ExtractionSummary()
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)

  /// What extended headers said about the entry that comes next.
  private var pendingName: [UInt8]?
  private var pendingTarget: [UInt8]?
  private var pendingSize: UInt64?

  /// The longest extended header: a name and a target, with room for records that are dropped.
  private static var longestHeader: UInt64 { 64 << 10 }

  init(_ source: consuming Source, _ writer: consuming TreeWriter) {
    self.source = source
    self.writer = writer
  }

  mutating func run() throws(ExtractionFailure) -> ExtractionSummary {
    while true {
      let block = try exactly(TarHeader.blockSize)
      guard let header = try TarHeader(block: block) else { return summary }
      summary.entries += 1
      guard summary.entries <= writer.limits.entries else {
        throw ExtractionFailure(.entries, header.name)
      }
      switch header.kind {
      case .longName: pendingName = try cString(header)
      case .longTarget: pendingTarget = try cString(header)
      case .extended: try takeRecords(try data(header))
      // Its records are for all that follow; only those that are dropped anyway are seen in practice.
      case .globalExtended: try refuseMeaning(try data(header))
      case .file, .directory, .symbolicLink, .hardLink: try take(header)
      }
    }
  }

  /// Reads what follows the archive's end, so that a checksum there is seen. Padding is taken up to the
  /// bound on all files.
  mutating func readToEnd() throws(ExtractionFailure) {
    var rest: UInt64 = 0
    while rest <= writer.limits.bytes {
      let (got, failure) = read(0..<buffer.count)
      if let failure { throw failure }
      if got == 0 { return }
      rest += UInt64(got)
    }
    throw ExtractionFailure(.bytes)
  }

  private mutating func takeRecords(_ bytes: [UInt8]) throws(ExtractionFailure) {
    let records = try PaxRecords(bytes)
    pendingName = records.name ?? pendingName
    pendingTarget = records.target ?? pendingTarget
    pendingSize = records.size ?? pendingSize
  }

  private func refuseMeaning(_ bytes: [UInt8]) throws(ExtractionFailure) {
    let records = try PaxRecords(bytes)
    guard records.name == nil, records.target == nil, records.size == nil else {
      throw ExtractionFailure(.header)
    }
  }

  private mutating func take(_ header: TarHeader) throws(ExtractionFailure) {
    let name = pendingName ?? header.name
    let target = pendingTarget ?? header.target
    let size = pendingSize ?? header.size
    pendingName = nil
    pendingTarget = nil
    pendingSize = nil
    let path = try EntryPath(archiveName: name, limits: writer.limits).components
    guard header.kind == .file || size == 0 else { throw ExtractionFailure(.header, name) }
    switch header.kind {
    case .directory:
      try writer.makeDirectory(path)
    case .symbolicLink:
      try writer.makeLink(path, target: target)
    case .hardLink:
      guard writer.limits.allowsHardLinks else { throw ExtractionFailure(.kind, name) }
      try writer.makeHardLink(
        path, to: try EntryPath(archiveName: target, limits: writer.limits).components)
    default:
      try takeFile(path, name, size, isExecutable: header.isExecutable)
    }
  }

  private mutating func takeFile(
    _ path: [[UInt8]], _ name: [UInt8], _ size: UInt64, isExecutable: Bool
  ) throws(ExtractionFailure) {
    // Before anything is written: a header may announce what it likes.
    guard size <= writer.limits.bytes, summary.bytes + size <= writer.limits.bytes else {
      throw ExtractionFailure(.bytes, name)
    }
    let file = try writer.makeFile(path, isExecutable: isExecutable)
    defer { close(file) }
    var left = size
    while left > 0 {
      let count = try fill(Int(min(left, UInt64(buffer.count))))
      guard write(count, to: file) else {
        throw ExtractionFailure(
          cposix_errno() == ENOSPC ? .bytes : .system, name, code: cposix_errno())
      }
      left -= UInt64(count)
    }
    summary.bytes += size
    try skipPadding(size)
  }

  private func write(_ count: Int, to file: Int32) -> Bool {
    buffer.withUnsafeBytes { bytes in
      var written = 0
      while written < count, let start = bytes.baseAddress {
        let wrote = CPosix.write(file, start + written, count - written)
        if wrote < 0, cposix_errno() == EINTR { continue }
        guard wrote > 0 else { return false }
        written += wrote
      }
      return true
    }
  }

  /// GNU's long names end with a NUL.
  private mutating func cString(_ header: TarHeader) throws(ExtractionFailure) -> [UInt8] {
    Array(try data(header).prefix { $0 != 0 })
  }

  /// The data of an extended header.
  private mutating func data(_ header: TarHeader) throws(ExtractionFailure) -> [UInt8] {
    guard header.size <= Self.longestHeader else { throw ExtractionFailure(.header, header.name) }
    let bytes = try exactly(Int(header.size))
    try skipPadding(header.size)
    return bytes
  }

  private mutating func skipPadding(_ size: UInt64) throws(ExtractionFailure) {
    let over = Int(size % UInt64(TarHeader.blockSize))
    if over > 0 { _ = try exactly(TarHeader.blockSize - over) }
  }

  private mutating func exactly(_ count: Int) throws(ExtractionFailure) -> [UInt8] {
    if count == 0 { return [] }
    _ = try fill(count)
    return Array(buffer[..<count])
  }

  /// Reads exactly `count` bytes to the buffer's start.
  private mutating func fill(_ count: Int) throws(ExtractionFailure) -> Int {
    var filled = 0
    while filled < count {
      let (got, failure) = read(filled..<count)
      if let failure { throw failure }
      guard got > 0 else { throw ExtractionFailure(.truncated) }
      filled += got
    }
    return count
  }

  private mutating func read(_ range: Range<Int>) -> (count: Int, failure: ExtractionFailure?) {
    buffer.withUnsafeMutableBytes { bytes in
      do throws(ExtractionFailure) {
        return (try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[range])), nil)
      } catch {
        return (0, error)
      }
    }
  }
}

/// An archive that is not compressed, in a file or a pipe.
struct DescriptorSource: ByteSource {
  let descriptor: Int32

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ExtractionFailure) -> Int {
    while true {
      let count = CPosix.read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0, cposix_errno() == EINTR { continue }
      guard count >= 0 else { throw ExtractionFailure(.system, code: cposix_errno()) }
      return count
    }
  }
}
