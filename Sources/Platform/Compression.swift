import CZstd

/// zstd in one piece.
package enum Compression {
  /// Nil when it would not get smaller by at least a tenth.
  package static func compress(_ bytes: UnsafeRawBufferPointer, level: Int) -> [UInt8]? {
    let limit = bytes.count - bytes.count / 10
    guard limit > 64 else { return nil }
    var failed = false
    let result = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
      let size = ZSTD_compress(
        buffer.baseAddress, buffer.count, bytes.baseAddress, bytes.count, Int32(level))
      failed = ZSTD_isError(size) != 0
      filled = failed ? 0 : size
    }
    return failed ? nil : result
  }

  /// Nil when the frame is damaged or does not hold exactly `count` bytes.
  package static func decompress(_ bytes: UnsafeRawBufferPointer, count: Int) -> [UInt8]? {
    var good = false
    let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      let size = ZSTD_decompress(buffer.baseAddress, buffer.count, bytes.baseAddress, bytes.count)
      good = ZSTD_isError(size) == 0 && size == count
      filled = good ? count : 0
    }
    return good ? result : nil
  }

  /// The levels that zstd takes.
  package static var levels: ClosedRange<Int> { Int(ZSTD_minCLevel())...Int(ZSTD_maxCLevel()) }
}

/// zstd in pieces, for what should not stand in memory as a whole.
package struct StreamCompressor: ~Copyable {
  private let context: OpaquePointer
  private var buffer: [UInt8]

  package init(level: Int) {
    guard let context = ZSTD_createCCtx() else { fatalError("out of memory for a zstd context") }
    self.context = context
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
    buffer = [UInt8](repeating: 0, count: ZSTD_CStreamOutSize())
  }

  deinit {
    ZSTD_freeCCtx(context)
  }

  /// Feeds a piece, the last one with `isLast`; what comes out goes to `sink`. False when zstd fails
  /// (out of memory): what came out so far is worthless.
  package mutating func feed<Failure: Error>(
    _ bytes: UnsafeRawBufferPointer, isLast: Bool,
    _ sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) -> Bool {
    var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
    while true {
      let (left, made) = buffer.withUnsafeMutableBytes { target in
        var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        let left = ZSTD_compressStream2(
          context, &output, &input, isLast ? ZSTD_e_end : ZSTD_e_continue)
        return (left, output.pos)
      }
      if made > 0 {
        let piece = Array(buffer[..<made])
        let failure = piece.withUnsafeBytes { bytes -> Failure? in
          do throws(Failure) { try sink(bytes) } catch { return error }
          return nil
        }
        if let failure { throw failure }
      }
      if ZSTD_isError(left) != 0 { return false }
      if isLast ? left == 0 : input.pos == input.size { return true }
    }
  }
}

/// The opposite of `StreamCompressor`.
package struct StreamDecompressor: ~Copyable {
  private let context: OpaquePointer
  private var buffer: [UInt8]
  /// What was fed ends with a complete frame.
  package private(set) var isFinished = false

  /// - Parameter windowLog: frames that need more than 2^windowLog bytes of memory are refused; nil:
  ///   zstd's own bound, 128 MiB.
  package init(windowLog: Int32? = nil) {
    guard let context = ZSTD_createDCtx() else { fatalError("out of memory for a zstd context") }
    self.context = context
    if let windowLog { ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowLog) }
    buffer = [UInt8](repeating: 0, count: ZSTD_DStreamOutSize())
  }

  deinit {
    ZSTD_freeDCtx(context)
  }

  /// Feeds a piece; what comes out goes to `sink`. False when the frame is damaged.
  package mutating func feed<Failure: Error>(
    _ bytes: UnsafeRawBufferPointer, _ sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) -> Bool {
    var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
    while true {
      let used = input.pos
      let (left, made) = buffer.withUnsafeMutableBytes { target in
        var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        let left = ZSTD_decompressStream(context, &output, &input)
        return (left, output.pos)
      }
      guard ZSTD_isError(left) == 0 else { return false }
      // Bytes behind a frame begin the next one.
      if left == 0 || input.pos > used { isFinished = left == 0 }
      if made > 0 {
        let failure = buffer.withUnsafeBytes { bytes -> Failure? in
          do throws(Failure) { try sink(UnsafeRawBufferPointer(rebasing: bytes[..<made])) } catch {
            return error
          }
          return nil
        }
        if let failure { throw failure }
      }
      if input.pos == input.size, made < buffer.count { return true }
    }
  }
}
