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
