// Shared as source with the runner, which is Embedded Swift: bytes instead of String, no existentials.

/// Why an archive, or a path that a client named, was refused.
package struct ExtractionFailure: Error, Sendable, Equatable {
  package enum Reason: UInt8, Sendable, CaseIterable {
    case system = 1, truncated, checksum, number, header, kind, sparse, name, escape, control
    case depth, entries, bytes, ratio, duplicate, link, target, compression, trailing
  }

  package var reason: Reason
  /// The entry's name as the archive has it, or the path; empty where none is known.
  package var name: [UInt8]
  /// The value of `errno` for `.system`, else 0.
  package var code: Int32

  package init(_ reason: Reason, _ name: [UInt8] = [], code: Int32 = 0) {
    self.reason = reason
    self.name = name
    self.code = code
  }
}

extension ExtractionFailure.Reason {
  package var message: StaticString {
    switch self {
    case .system: "the file system refused it"
    case .truncated: "the archive ends in the middle"
    case .checksum: "a header's checksum is wrong"
    case .number: "a header has a field that is no number"
    case .header: "an extended header is malformed or too long"
    case .kind: "only regular files, directories and symbolic links are taken"
    case .sparse: "sparse files are not taken"
    case .name: "the name is empty or too long"
    case .escape: "the name contains '..'"
    case .control: "the name contains a control character"
    case .depth: "the directories are nested too deeply"
    case .entries: "the archive has too many entries"
    case .bytes: "the archive holds too many bytes"
    case .ratio: "the archive expands too much"
    case .duplicate: "the name is there already"
    case .link: "a hard link must name an earlier file of the same archive"
    case .target: "the symbolic link's target is empty or too long"
    case .compression: "the compressed data is damaged"
    case .trailing: "the path leads through a symbolic link or a file"
    }
  }
}

/// What an archive may hold at most.
package struct ExtractionLimits: Sendable, Equatable {
  /// Bytes of all files together.
  package var bytes: UInt64
  /// Entries of every kind, extended headers included.
  package var entries: UInt32
  /// Components of a name.
  package var depth: UInt32
  /// Bytes of a name.
  package var nameLength: UInt32
  /// Hard links to earlier files of the same archive are taken. Toolchains have some; inputs never do.
  package var allowsHardLinks: Bool

  package init(
    bytes: UInt64, entries: UInt32, depth: UInt32 = 48, nameLength: UInt32 = 4000,
    allowsHardLinks: Bool = false
  ) {
    self.bytes = bytes
    self.entries = entries
    self.depth = depth
    self.nameLength = nameLength
    self.allowsHardLinks = allowsHardLinks
  }
}
