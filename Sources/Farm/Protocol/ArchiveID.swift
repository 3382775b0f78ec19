import Platform

/// Names a toolchain archive by its content: BLAKE3-256 of the compressed file, written as 64
/// lower-case hexadecimal digits with the LOW digit of every byte first. That spelling is Mozilla's,
/// and the only one on the wire and in the caches' paths. A value of this type is always valid, so
/// that it may become part of a path.
package struct ArchiveID: Sendable, Hashable, CustomStringConvertible {
  /// The digits, two to a byte as they are written: 6c41 of the hash stands here as c614.
  private let digits: Digest

  /// Nil unless there are exactly 64 lower-case hexadecimal digits.
  package init?(_ text: some StringProtocol) {
    guard let digits = Digest(hex: text) else { return nil }
    self.digits = digits
  }

  /// From the 32 bytes of the hash; nil for any other count.
  package init?(hash: [UInt8]) {
    guard let digits = Digest(bytes: hash.map { $0 << 4 | $0 >> 4 }) else { return nil }
    self.digits = digits
  }

  /// The 64 digits.
  package var description: String { digits.description }

  /// The directories and the name under which both of Mozilla's caches keep the archive.
  package var relativePath: String {
    let text = description
    let second = text[text.index(after: text.startIndex)]
    return "\(text.prefix(1))/\(second)/\(text)"
  }
}

/// Computes the id of an archive while it passes by.
package struct ArchiveIDHash: ~Copyable {
  private var hash = BLAKE3()

  package init() {}

  /// Takes the next piece of the file.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    hash.update(bytes)
  }

  /// The id of everything taken.
  package consuming func finish() -> ArchiveID {
    guard let id = ArchiveID(hash: hash.finish()) else {
      preconditionFailure("BLAKE3 gives 32 bytes")
    }
    return id
  }
}
