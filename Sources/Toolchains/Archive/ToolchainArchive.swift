import Glibc
package import Platform

/// Writes a toolchain as a compressed tar archive. The same contents give the same bytes, whenever
/// and wherever they are packed; only another version of the compression library may give others.
package struct ToolchainArchive: Sendable {
  /// How the tar is compressed.
  package enum Form: String, Sendable, CaseIterable {
    /// One member, which every server reads.
    case gzip
    /// One frame; for our own servers.
    case zstd
  }

  private let contents: ToolchainContents
  private let form: Form
  private let workers: Int

  /// Against level 6 a twentieth larger, made in less than half the time.
  private static let gzipLevel = 4
  private static let zstdLevel = 3
  /// Bytes read from a file at once.
  private static let pieceSize = 1 << 20

  /// - Parameter workers: threads that compress; the bytes don't depend on it. By default one for
  ///   each processor, at most eight.
  package init(_ contents: ToolchainContents, form: Form, workers: Int? = nil) {
    self.contents = contents
    self.form = form
    self.workers = max(1, workers ?? min(8, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }

  /// Writes the archive from the file's position on; blocks its thread.
  ///
  /// - Parameters:
  ///   - path: of the file, for messages.
  ///   - limit: the archive's size in bytes that is too much.
  ///   - observe: sees every byte of the archive, in order.
  ///   - progress: bytes of content packed, of how many in all; about once a megabyte.
  /// - Returns: the archive's size in bytes.
  /// - Throws: `changed` when a file is no longer the one in the contents, `exceedsLimit`, or why
  ///   reading, compressing or writing failed. What was written so far is of no use then.
  @discardableResult
  package func write(
    to file: borrowing Descriptor, path: String, limit: Int64 = .max,
    observe: (UnsafeRawBufferPointer) -> Void = { _ in },
    progress: (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
  ) throws(ToolchainError) -> Int64 {
    let number = file.number
    var size: Int64 = 0
    func sink(_ bytes: UnsafeRawBufferPointer) throws(ToolchainError) {
      size += Int64(bytes.count)
      guard size <= limit else {
        throw .exceedsLimit(program: contents.programs.first ?? path, size: size, limit: limit)
      }
      try Self.write(bytes, to: number, path: path)
      observe(bytes)
    }
    switch form {
    case .gzip:
      let gzip = try ParallelGzip(level: Self.gzipLevel, workers: workers)
      try writeTar(progress) { bytes throws(ToolchainError) in try gzip.feed(bytes, sink) }
      try gzip.finish(sink)
    case .zstd:
      var zstd = StreamCompressor(level: Self.zstdLevel)
      let failure = ToolchainError.compression(reason: "zstd has no memory")
      try writeTar(progress) { bytes throws(ToolchainError) in
        guard try zstd.feed(bytes, isLast: false, sink) else { throw failure }
      }
      let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
      guard try zstd.feed(nothing, isLast: true, sink) else { throw failure }
    }
    return size
  }

  /// A closure can't borrow the descriptor.
  private static func write(
    _ bytes: UnsafeRawBufferPointer, to number: Int32, path: String
  ) throws(ToolchainError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(
        number, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .system(SystemError("write", path)) }
      rest = rest.dropFirst(count)
    }
  }

  // MARK: the tar inside

  private func writeTar(
    _ progress: (Int64, Int64) -> Void,
    _ sink: (UnsafeRawBufferPointer) throws(ToolchainError) -> Void
  ) throws(ToolchainError) {
    let total = contents.size
    var done: Int64 = 0
    for entry in contents.entries {
      try Self.pass(TarHeader(entry: entry).bytes, to: sink)
      guard case .file(let stamp) = entry.kind else { continue }
      try copy(entry.path, stamp) { piece throws(ToolchainError) in
        try Self.pass(piece, to: sink)
        done += Int64(piece.count)
        progress(done, total)
      }
      let padding = [UInt8](repeating: 0, count: TarHeader.padding(after: stamp.size))
      try Self.pass(padding, to: sink)
    }
    try Self.pass(TarHeader.end, to: sink)
  }

  /// Reads a file whole. It must be the one that was looked at when the contents were gathered:
  /// another size would break the archive, another content its key.
  private func copy(
    _ path: String, _ stamp: FileStamp,
    _ sink: ([UInt8]) throws(ToolchainError) -> Void
  ) throws(ToolchainError) {
    let file = try system { () throws(SystemError) in
      try Descriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
    }
    func expectSame() throws(ToolchainError) {
      let now = try system { () throws(SystemError) in try file.stamp(path: path) }
      guard now == stamp else { throw .changed(path: path) }
    }
    try expectSame()
    var offset = 0
    while offset < Int(stamp.size) {
      let count = min(Self.pieceSize, Int(stamp.size) - offset)
      let piece = try system { () throws(SystemError) in
        try file.read(at: offset, count: count, path: path)
      }
      guard piece.count == count else { throw .changed(path: path) }
      try sink(piece)
      offset += count
    }
    try expectSame()
  }

  private static func pass(
    _ bytes: [UInt8], to sink: (UnsafeRawBufferPointer) throws(ToolchainError) -> Void
  ) throws(ToolchainError) {
    guard !bytes.isEmpty else { return }
    let failure = bytes.withUnsafeBytes { bytes -> ToolchainError? in
      do throws(ToolchainError) { try sink(bytes) } catch { return error }
      return nil
    }
    if let failure { throw failure }
  }
}
