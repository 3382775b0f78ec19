import CZlib

/// zlib streams (RFC 1950) in one piece, where a wire of others wants them; zstd otherwise.
package enum Zlib {
  /// The most that deflate can grow a stream (RFC 1951: 258 bytes by two codes of one bit each).
  private static let greatestRatio = 1032

  /// Level 1 is the quickest, 9 the smallest; 0 only wraps.
  package static func deflate(_ bytes: UnsafeRawBufferPointer, level: Int = 1) -> [UInt8] {
    let bound = Int(compressBound(UInt(bytes.count)))
    var failed = false
    let result = [UInt8](unsafeUninitializedCapacity: bound) { buffer, filled in
      var size = UInt(bound)
      let source = bytes.assumingMemoryBound(to: UInt8.self)
      failed =
        compress2(
          buffer.baseAddress, &size, source.baseAddress, UInt(bytes.count), Int32(level)) != Z_OK
      filled = failed ? 0 : Int(size)
    }
    if failed { fatalError("zlib has no memory for a stream of \(bytes.count) bytes") }
    return result
  }

  /// Nil when the stream is damaged, or does not hold exactly `count` bytes. What follows the stream
  /// is ignored. A count that no stream of this length can hold takes no memory.
  package static func inflate(_ bytes: UnsafeRawBufferPointer, count: Int) -> [UInt8]? {
    guard count >= 0, count / greatestRatio <= bytes.count else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(count)
    var inflater = Inflater(limit: count)
    let progress = inflater.feed(bytes) { result.append(contentsOf: $0) }
    guard case .finished = progress, result.count == count else { return nil }
    return result
  }
}

/// Makes a zlib stream in pieces.
package struct Deflater: ~Copyable {
  private let stream: UnsafeMutablePointer<z_stream>
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)

  package init(level: Int = 1) {
    stream = .allocate(capacity: 1)
    guard czlib_deflate_init(stream, Int32(level)) == Z_OK else {
      fatalError("out of memory for a zlib stream, or level \(level) is none")
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Feeds a piece, the last one with `isLast`; what comes out goes to `sink`.
  package mutating func feed<Failure: Error>(
    _ bytes: UnsafeRawBufferPointer, isLast: Bool,
    _ sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    var rest = bytes[...]
    repeat {
      // zlib counts in 32 bits.
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
      rest = rest.dropFirst(piece.count)
      stream.pointee.next_in = UnsafeMutableRawPointer(mutating: piece.baseAddress)?
        .assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_in = UInt32(piece.count)
      var isFull = true
      while isFull {
        let size = UInt32(buffer.count)
        buffer.withUnsafeMutableBufferPointer { buffer in
          stream.pointee.next_out = buffer.baseAddress
          stream.pointee.avail_out = size
          _ = CZlib.deflate(stream, isLast && rest.isEmpty ? Z_FINISH : Z_NO_FLUSH)
        }
        let made = Int(size - stream.pointee.avail_out)
        isFull = stream.pointee.avail_out == 0
        if made > 0 { try pass(buffer, made, to: sink) }
      }
    } while !rest.isEmpty
  }
}

/// Reads a zlib stream in pieces, up to a limit.
package struct Inflater: ~Copyable {
  /// What feeding a piece led to.
  package enum Progress: Sendable, Equatable {
    /// All of it was used, and the stream goes on.
    case needsMore
    /// The stream ended after so many bytes of this piece.
    case finished(used: Int)
    /// It is no zlib stream, or a checksum differs.
    case damaged
    /// It holds more than the limit.
    case tooLong
  }

  private let stream: UnsafeMutablePointer<z_stream>
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)
  /// How many bytes may still come out.
  private var left: Int

  /// `limit` is in bytes of what comes out.
  package init(limit: Int) {
    stream = .allocate(capacity: 1)
    left = limit
    guard czlib_inflate_init(stream) == Z_OK else { fatalError("out of memory for a zlib stream") }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Feeds a piece; what comes out goes to `sink`. After anything but `needsMore` nothing may be fed.
  package mutating func feed<Failure: Error>(
    _ bytes: UnsafeRawBufferPointer, _ sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) -> Progress {
    var used = 0
    while true {
      // zlib counts in 32 bits.
      let piece = UnsafeRawBufferPointer(rebasing: bytes[used...].prefix(1 << 30))
      stream.pointee.next_in = UnsafeMutableRawPointer(mutating: piece.baseAddress)?
        .assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_in = UInt32(piece.count)
      let size = UInt32(buffer.count)
      let status = buffer.withUnsafeMutableBufferPointer { buffer in
        stream.pointee.next_out = buffer.baseAddress
        stream.pointee.avail_out = size
        return CZlib.inflate(stream, Z_NO_FLUSH)
      }
      used += piece.count - Int(stream.pointee.avail_in)
      let made = Int(size - stream.pointee.avail_out)
      guard made <= left else { return .tooLong }
      left -= made
      if made > 0 { try pass(buffer, made, to: sink) }
      switch status {
      case Z_STREAM_END: return .finished(used: used)
      case Z_OK: break
      // Nothing could be done: the input is used up, and nothing is waiting inside.
      case Z_BUF_ERROR: return used == bytes.count ? .needsMore : .damaged
      default: return .damaged
      }
      if used == bytes.count, stream.pointee.avail_out > 0 { return .needsMore }
    }
  }
}

/// Gives the first bytes of a buffer to a sink that may throw.
private func pass<Failure: Error>(
  _ buffer: [UInt8], _ count: Int, to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
) throws(Failure) {
  let failure = buffer.withUnsafeBytes { bytes -> Failure? in
    do throws(Failure) { try sink(UnsafeRawBufferPointer(rebasing: bytes[..<count])) } catch {
      return error
    }
    return nil
  }
  if let failure { throw failure }
}
