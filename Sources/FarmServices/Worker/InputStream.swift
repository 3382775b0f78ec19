import Farm
import Platform

/// The inputs of a job, compressed as its form says, on their way into a spool. Used by one task after
/// the other, never by two at once.
protocol InputStream: AnyObject {
  /// Everything has come.
  var hasEnded: Bool { get }

  /// - Throws: `WorkerFailure` for a damaged stream, or one that holds too much.
  func take(_ piece: ArraySlice<UInt8>, into spool: Spool) throws(WorkerFailure)
}

/// One zlib stream. What follows it is ignored, as Mozilla's server does.
final class ZlibInput: InputStream {
  private var inflater: Inflater
  private(set) var hasEnded = false

  /// - Parameter limit: bytes that may come out.
  init(limit: Int) { inflater = Inflater(limit: limit) }

  func take(_ piece: ArraySlice<UInt8>, into spool: Spool) throws(WorkerFailure) {
    guard !hasEnded, !piece.isEmpty else { return }
    let outcome = piece.withUnsafeBytes { bytes -> Result<Inflater.Progress, WorkerFailure> in
      do throws(WorkerFailure) {
        return .success(
          try inflater.feed(bytes) { plain throws(WorkerFailure) in try spool.write(plain) })
      } catch {
        return .failure(error)
      }
    }
    switch try outcome.get() {
    case .needsMore: break
    case .finished: hasEnded = true
    case .damaged: throw WorkerFailure("the inputs are no zlib stream, or it is damaged")
    case .tooLong: throw WorkerFailure("the inputs are larger than this server allows")
    }
  }
}

/// Zstd frames, of which nothing may be left out and behind which nothing may stand.
final class ZstdInput: InputStream {
  /// 8 MiB, what RFC 8878 recommends every decoder to have. A frame can ask for more than its client
  /// ever sends.
  private static let windowLog: Int32 = 23

  private var decompressor = StreamDecompressor(windowLog: windowLog)
  private var left: Int

  /// - Parameter limit: bytes that may come out.
  init(limit: Int) { left = limit }

  var hasEnded: Bool { decompressor.isFinished }

  func take(_ piece: ArraySlice<UInt8>, into spool: Spool) throws(WorkerFailure) {
    guard !piece.isEmpty else { return }
    let outcome = piece.withUnsafeBytes { bytes -> Result<Bool, WorkerFailure> in
      do throws(WorkerFailure) {
        return .success(
          try decompressor.feed(bytes) { plain throws(WorkerFailure) in
            guard plain.count <= left else {
              throw WorkerFailure("the inputs are larger than this server allows")
            }
            left -= plain.count
            try spool.write(plain)
          })
      } catch {
        return .failure(error)
      }
    }
    guard try outcome.get() else {
      throw WorkerFailure("the inputs are no zstd frame, or it is damaged")
    }
  }
}
