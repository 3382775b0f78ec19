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
      return try whole(Extractor(Unpacked(source, try Gunzip(), mostExpansion), writer))
    case .zstd:
      return try whole(Extractor(Unpacked(source, try Unzstd(), mostExpansion), writer))
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
