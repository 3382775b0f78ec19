import CPosix
import CSandbox
import Glibc
package import Platform

/// Unpacks archives of foreign origin into directories of the server's: toolchains, above all.
package enum Extraction {
  /// How the archive is packed.
  package enum Packing: Sendable, Equatable {
    case none
    /// One member; what follows it is not read, as Mozilla's server has it.
    case gzip
    /// One stream of RFC 1950, as clients send their inputs. It can't be guessed from the first bytes.
    case zlib
    case zstd
  }

  /// The caps for a toolchain: five times the largest one known, Rust's.
  package static var toolchainLimits: ExtractionLimits {
    ExtractionLimits(bytes: 4 << 30, entries: 100_000, allowsHardLinks: true)
  }

  /// The most that a packed archive may expand: text and machine code stay under 30, zeros pass 1000.
  package static var mostExpansion: UInt64 { 200 }

  /// Unpacks the archive that begins at the descriptor's position into a directory, which must be empty
  /// and out of anybody else's reach until this returns. Files become 0644 or 0755 and belong to this
  /// process's user; owners, times, special bits and extended attributes are dropped. Throws at the first
  /// thing that is not taken: what was written by then is for the caller to remove.
  ///
  /// `packing` nil means: look at the first bytes.
  package static func unpack(
    _ archive: borrowing Descriptor, packing: Packing? = nil, into directory: String,
    limits: ExtractionLimits = toolchainLimits
  ) throws(ExtractionFailure) -> ExtractionSummary {
    let root = cposix_open(
      directory, O_CLOEXEC | O_DIRECTORY | csandbox_flag_path() | csandbox_flag_nofollow(), 0)
    guard root >= 0 else { throw ExtractionFailure(.system, Array(directory.utf8), code: errno) }
    defer { close(root) }
    let writer = TreeWriter(root: root, limits: limits)
    let source = DescriptorSource(descriptor: archive.number)
    let how: Packing
    if let packing { how = packing } else { how = try guessed(archive) }
    switch how {
    case .none:
      var extractor = Extractor(source, writer)
      return try extractor.run()
    case .gzip:
      return try whole(Extractor(Unpacked(source, try Inflate(.gzip), mostExpansion), writer))
    case .zlib:
      return try whole(Extractor(Unpacked(source, try Inflate(.zlib), mostExpansion), writer))
    case .zstd:
      return try whole(Extractor(Unpacked(source, try Unzstd(), mostExpansion), writer))
    }
  }

  /// Takes an input archive's packing away, and nothing more: what is inside is read by the runner, in
  /// the sandbox. Bytes after the packed stream are left unread.
  package static func inputs(
    _ archive: borrowing Descriptor, packing: Packing, limit: UInt64
  ) throws(ExtractionFailure) -> Job.Inputs {
    let source = DescriptorSource(descriptor: archive.number)
    let memory: MemoryFile
    do throws(SystemError) { memory = try MemoryFile("inputs") } catch {
      throw ExtractionFailure(.system, code: error.code)
    }
    switch packing {
    case .none: try pour(source, into: memory, limit)
    case .gzip: try pour(Unpacked(source, try Inflate(.gzip), mostExpansion), into: memory, limit)
    case .zlib: try pour(Unpacked(source, try Inflate(.zlib), mostExpansion), into: memory, limit)
    case .zstd: try pour(Unpacked(source, try Unzstd(), mostExpansion), into: memory, limit)
    }
    return .memory(memory)
  }

  private static func pour<Source: ByteSource & ~Copyable>(
    _ source: consuming Source, into memory: MemoryFile, _ limit: UInt64
  ) throws(ExtractionFailure) {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    defer { room.deallocate() }
    var total: UInt64 = 0
    while true {
      let count = try source.read(into: room)
      if count == 0 { return }
      total += UInt64(count)
      guard total <= limit else { throw ExtractionFailure(.bytes) }
      do throws(SystemError) {
        try memory.file.write(UnsafeRawBufferPointer(rebasing: room[..<count]), path: "inputs")
      } catch {
        throw ExtractionFailure(.system, code: error.code)
      }
    }
  }

  /// To the end of the packed data, where its checksum stands.
  private static func whole<Source: ByteSource & ~Copyable>(
    _ extractor: consuming Extractor<Source>
  ) throws(ExtractionFailure) -> ExtractionSummary {
    let summary = try extractor.run()
    try extractor.readToEnd()
    return summary
  }

  private static func guessed(_ archive: borrowing Descriptor) throws(ExtractionFailure) -> Packing
  {
    let start: [UInt8]
    do throws(SystemError) {
      start = try archive.read(
        at: Int(lseek(archive.number, 0, SEEK_CUR)), count: 4, path: "archive")
    } catch {
      throw ExtractionFailure(.system, code: error.code)
    }
    if start.starts(with: [0x1f, 0x8b]) { return .gzip }
    return start == [0x28, 0xb5, 0x2f, 0xfd] ? .zstd : .none
  }
}
