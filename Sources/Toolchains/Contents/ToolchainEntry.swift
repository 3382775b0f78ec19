package import Platform

/// One thing in a toolchain's tree.
package struct ToolchainEntry: Sendable, Equatable {
  /// What unpacking makes of it.
  package enum Kind: Sendable, Equatable {
    case directory
    /// A regular file, as it was when the tree was made.
    case file(FileStamp)
    /// A symbolic link and its text, which counts inside the tree. One that is added leads to a
    /// library that would not be found otherwise, and does not exist here.
    case link(String, isAdded: Bool = false)
  }

  /// Absolute; the tree takes the place of `/`.
  package var path: String
  package var kind: Kind

  /// - Parameter path: absolute, without links on its way.
  package init(path: String, kind: Kind) {
    self.path = path
    self.kind = kind
  }

  /// Without the slash at its start: how it is called in the archive.
  package var name: String { String(path.utf8.dropFirst()) ?? path }

  /// Bytes of content; 0 for all but files.
  package var size: Int64 {
    if case .file(let stamp) = kind { return stamp.size }
    return 0
  }
}
