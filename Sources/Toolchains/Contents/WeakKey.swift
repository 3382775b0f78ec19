package import Platform

/// By what a packed toolchain is found again without packing it: the digest of all that would be in
/// the archive, read from the files themselves. Mozilla's key is the compiler's path and digest
/// alone, and misses a new cc1, assembler or specs file behind the same driver.
package struct WeakKey: Sendable, Hashable, CustomStringConvertible {
  /// `PROGRAM-DIGEST`, as in Mozilla's `weak_map.json`; the program is there for people who read it.
  package let description: String
  /// Of programs, paths, kinds, link texts and contents.
  package let digest: Digest

  /// Grows when the same contents are written in another way: tar headers, level, compression.
  private static let version: UInt64 = 1

  /// Reads every file whose digest isn't remembered.
  /// - Throws: `changed` when a file is no longer the one in `contents`, or why it can't be read.
  package init(
    of contents: ToolchainContents, form: ToolchainArchive.Form, digests: any ContentDigesting
  ) throws(ToolchainError) {
    var hash = SHA256()
    hash.field(Self.version)
    hash.field(form.rawValue)
    hash.field(contents.programs)
    hash.field(UInt64(contents.entries.count))
    for entry in contents.entries {
      hash.field(entry.path)
      switch entry.kind {
      case .directory:
        hash.field("directory")
      case .file(let stamp):
        hash.field(stamp.isExecutable ? "program" : "file")
        hash.field(try digests.digest(of: entry.path, stamp))
      case .link(let text, _):
        hash.field("link")
        hash.field(text)
      }
    }
    digest = hash.finish()
    description = "\(contents.programs.first ?? "")-\(digest)"
  }
}
