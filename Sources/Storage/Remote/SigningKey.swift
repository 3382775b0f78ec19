import Platform
package import Settings

/// Who has this key can put blobs that others with it believe (`SCCACHE_SIGNING_KEY`).
///
/// A signed blob begins with 40 bytes: `SCCSIGN` and 1, then HMAC-SHA-256 over the blob's path, a line
/// feed and the SHA-256 of what follows. The path is in it, so that nobody gives one entry for another.
package struct SigningKey: Sendable {
  private let key: [UInt8]

  package init(_ secret: Secret) { key = Array(secret.value.utf8) }

  private static let magic = Array("SCCSIGN\u{1}".utf8)
  static let frontLength = magic.count + Digest.byteCount

  /// The signature in a blob's first bytes; nil when it has none.
  static func signature(inFront front: [UInt8]) -> [UInt8]? {
    front.count == frontLength && front.starts(with: magic)
      ? Array(front.dropFirst(magic.count)) : nil
  }

  private func code(_ name: BlobName, _ content: Digest) -> [UInt8] {
    MessageAuthentication.code(key: key, message: Array(name.path.utf8) + [10] + content.bytes)
  }

  func isRight(_ signature: [UInt8], for name: BlobName, content: Digest) -> Bool {
    isEqualInConstantTime(signature, code(name, content))
  }

  /// What stands in front of a signed blob.
  func front(of name: BlobName, content: Digest) -> [UInt8] { Self.magic + code(name, content) }
}
