import CZlib
import CZstd
import Platform

/// Takes packed bytes apart, piece by piece.
protocol Decompressor: ~Copyable {
  /// Uses up some of the input, fills some of the output; `isFinished` after the last byte.
  mutating func step(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) throws(ExtractionFailure) -> (used: Int, made: Int, isFinished: Bool)
}

/// A source of what another one holds packed, that refuses to expand without end.
struct Unpacked<Engine: Decompressor & ~Copyable>: ByteSource, ~Copyable {
  private var source: DescriptorSource
  private var engine: Engine
  private let mostExpansion: UInt64
  private var packed = [UInt8](repeating: 0, count: 128 << 10)
  private var available: Range<Int> = 0..<0
  private var packedTotal: UInt64 = 0
  private var unpackedTotal: UInt64 = 0
  private var isFinished = false

  /// Small archives may be as compressible as they like.
  private static var freeBytes: UInt64 { 8 << 20 }

  init(_ source: DescriptorSource, _ engine: consuming Engine, _ mostExpansion: UInt64) {
    self.source = source
    self.engine = engine
    self.mostExpansion = mostExpansion
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ExtractionFailure) -> Int {
    while !isFinished {
      if available.isEmpty { try refill() }
      let range = available
      let (result, failure) = packed.withUnsafeBytes {
        bytes -> ((used: Int, made: Int, isFinished: Bool), ExtractionFailure?) in
        do throws(ExtractionFailure) {
          return (try engine.step(UnsafeRawBufferPointer(rebasing: bytes[range]), buffer), nil)
        } catch {
          return ((0, 0, true), error)
        }
      }
      if let failure { throw failure }
      available = (range.lowerBound + result.used)..<range.upperBound
      isFinished = result.isFinished
      unpackedTotal += UInt64(result.made)
      guard unpackedTotal <= Self.freeBytes + packedTotal * mostExpansion else {
        throw ExtractionFailure(.ratio)
      }
      if result.made > 0 { return result.made }
      // Neither used nor made: the engine needs what isn't there.
      guard result.used > 0 || isFinished else { throw ExtractionFailure(.compression) }
    }
    return 0
  }

  private mutating func refill() throws(ExtractionFailure) {
    let (count, failure) = packed.withUnsafeMutableBytes { bytes -> (Int, ExtractionFailure?) in
      do throws(ExtractionFailure) { return (try source.read(into: bytes), nil) } catch {
        return (0, error)
      }
    }
    if let failure { throw failure }
    guard count > 0 else { throw ExtractionFailure(.truncated) }
    available = 0..<count
    packedTotal += UInt64(count)
  }
}

/// One gzip member, or one zlib stream.
struct Inflate: Decompressor, ~Copyable {
  enum Form {
    case gzip, zlib
  }

  private let stream: UnsafeMutablePointer<z_stream>

  init(_ form: Form) throws(ExtractionFailure) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard czlib_begin(stream, form == .gzip ? 1 : 0) == Z_OK else {
      stream.deallocate()
      throw ExtractionFailure(.compression)
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  mutating func step(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) throws(ExtractionFailure) -> (used: Int, made: Int, isFinished: Bool) {
    // zlib's type lacks the const; it does not write there.
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(input.count)
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(output.count)
    let result = inflate(stream, Z_NO_FLUSH)
    guard result == Z_OK || result == Z_STREAM_END else { throw ExtractionFailure(.compression) }
    return (
      input.count - Int(stream.pointee.avail_in), output.count - Int(stream.pointee.avail_out),
      result == Z_STREAM_END
    )
  }
}

/// One zstd frame with a window of 128 MiB at most.
struct Unzstd: Decompressor, ~Copyable {
  private let context: OpaquePointer

  init() throws(ExtractionFailure) {
    guard let context = ZSTD_createDCtx() else { throw ExtractionFailure(.compression) }
    self.context = context
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
  }

  deinit {
    ZSTD_freeDCtx(context)
  }

  mutating func step(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) throws(ExtractionFailure) -> (used: Int, made: Int, isFinished: Bool) {
    var from = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
    var to = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    let left = ZSTD_decompressStream(context, &to, &from)
    guard ZSTD_isError(left) == 0 else { throw ExtractionFailure(.compression) }
    return (from.pos, to.pos, left == 0)
  }
}
