/// A packed toolchain that can be sent to a server.
package struct ToolchainFile: Sendable, Equatable {
  /// By which servers know it.
  package var id: ArchiveID
  /// Of the archive.
  package var path: String
  /// One zstd frame, which only servers read that take form 1 of run_job; else a gzip member.
  package var isZstd: Bool

  package init(id: ArchiveID, path: String, isZstd: Bool = false) {
    self.id = id
    self.path = path
    self.isZstd = isZstd
  }
}
