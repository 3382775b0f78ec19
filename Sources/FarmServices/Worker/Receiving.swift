import Farm
import CPosix
import Glibc
package import Platform
import Synchronization

/// A file without a name in a directory, written from pieces of a body.
package final class Spool: Sendable {
  package let file: Descriptor
  private let path: String

  package init(in directory: String) throws(WorkerFailure) {
    path = directory
    do throws(SystemError) {
      file = try Descriptor.open(directory, cposix_flag_unnamed() | O_RDWR, mode: 0o600)
    } catch {
      throw WorkerFailure("\(error)")
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(WorkerFailure) {
    do throws(SystemError) {
      try file.write(bytes, path: path)
    } catch {
      throw WorkerFailure("\(error)")
    }
  }

  func rewind() { lseek(file.number, 0, SEEK_SET) }
}

/// Takes the archive of a toolchain: written and hashed as it comes, so that the id is known over the
/// very bytes that are unpacked afterwards.
final class ArchiveReceiver: @unchecked Sendable {
  // Sendable: pieces are taken one after the other, and `finish` is called behind the last.
  private var hash: ArchiveIDHash? = ArchiveIDHash()
  let spool: Spool

  init(in directory: String) throws(WorkerFailure) { spool = try Spool(in: directory) }

  func take(_ piece: [UInt8]) throws {
    try piece.withUnsafeBytes { bytes in
      hash?.update(bytes)
      try spool.write(bytes)
    }
  }

  /// The id of what came.
  func finish() -> ArchiveID? {
    spool.rewind()
    return hash.take()?.finish()
  }
}

/// Takes the body of run_job: the header, then the inputs, decompressed as they come.
final class RunJobReceiver: @unchecked Sendable {
  // Sendable: pieces are taken one after the other, and the rest is read behind the last.
  private var intake = RunJobIntake()
  private let inputs: any InputStream
  private(set) var header: RunJobHeader?
  let spool: Spool

  /// - Parameter limit: bytes of the inputs when they are decompressed.
  init(
    in directory: String, form: JobForm = .mozilla, limit: Int
  ) throws(WorkerFailure) {
    spool = try Spool(in: directory)
    inputs =
      switch form {
      case .mozilla: ZlibInput(limit: limit)
      case .checked: ZstdInput(limit: limit)
      }
  }

  func take(_ piece: [UInt8]) throws {
    guard header == nil else { return try inputs.take(piece[...], into: spool) }
    guard let (header, rest) = try intake.take(piece[...]) else { return }
    self.header = header
    try inputs.take(rest, into: spool)
  }

  /// - Throws: when something is missing.
  func finish() throws -> RunJobHeader {
    guard let header else { throw intake.faultAtEnd }
    guard inputs.hasEnded else { throw WorkerFailure("the inputs end early") }
    spool.rewind()
    return header
  }
}
