import CZlib

/// A piece of a gzip member that was compressed on its own.
struct DeflateBlock: Sendable {
  var bytes: [UInt8]
  /// Of the content.
  var crc: UInt
  var contentSize: Int
}

/// Compresses pieces of one gzip member independently of each other: each begins with the end of the
/// piece before as its dictionary, and ends at a byte boundary, so that they can be put together.
struct DeflateBlockCompressor: ~Copyable {
  private let stream: UnsafeMutablePointer<z_stream>

  /// As far back as deflate can point.
  static let dictionarySize = 32 << 10

  /// - Parameter level: 1 (fast) to 9 (small).
  init(level: Int) throws(ToolchainError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard czlib_begin_raw_deflate(stream, Int32(level)) == Z_OK else {
      stream.deallocate()
      throw .compression(reason: "zlib has no memory, or refuses level \(level)")
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  func compress(
    _ content: [UInt8], dictionary: [UInt8], isLast: Bool
  ) throws(ToolchainError) -> DeflateBlock {
    deflateReset(stream)
    if !dictionary.isEmpty {
      deflateSetDictionary(stream, dictionary, UInt32(dictionary.count))
    }
    // The bound is for a stream with an end; the empty block of a flush takes up to six bytes.
    let room = Int(deflateBound(stream, UInt(content.count))) + 16
    var status = Z_OK
    let bytes = [UInt8](unsafeUninitializedCapacity: room) { target, filled in
      content.withUnsafeBufferPointer { source in
        stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        stream.pointee.avail_in = UInt32(source.count)
        stream.pointee.next_out = target.baseAddress
        stream.pointee.avail_out = UInt32(target.count)
        status = deflate(stream, isLast ? Z_FINISH : Z_SYNC_FLUSH)
        filled = target.count - Int(stream.pointee.avail_out)
      }
    }
    guard status == (isLast ? Z_STREAM_END : Z_OK), stream.pointee.avail_in == 0 else {
      throw .compression(reason: "zlib gave \(status) for a block of \(content.count) bytes")
    }
    return DeflateBlock(
      bytes: bytes, crc: UInt(crc32(0, content, UInt32(content.count))),
      contentSize: content.count)
  }
}

/// Head and tail of the gzip member (RFC 1952) around the pieces.
struct GzipFrame {
  private var crc: UInt = 0
  private var size: UInt32 = 0

  /// No name, no time, unknown system.
  static let head: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]

  mutating func count(_ block: DeflateBlock) {
    crc = UInt(crc32_combine(crc, block.crc, block.contentSize))
    size &+= UInt32(truncatingIfNeeded: block.contentSize)
  }

  var tail: [UInt8] {
    [UInt32(truncatingIfNeeded: crc), size].flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
  }
}
