#if Memcached
  import Platform

  /// What stands under the name of a blob that is too large for one value: where its pieces are, and their
  /// digests.
  ///
  /// Version 1: a line `sccache chunks 1`, a line with three numbers (size of the blob, size of a piece, and
  /// the mark of this version of the blob in 16 hexadecimal digits), then 32 bytes of SHA-256 for each piece.
  struct MemcachedIndex: Equatable {
    var size: Int
    var mark: UInt64
    var digests: [Digest]

    /// A value must fit into Memcached's largest item, 1 MiB by default, with its key and a head.
    static let pieceSize = 1_000_000
    static let largestBlob = 256 << 20
    /// Kept beside values: what one is.
    static let flagOfBlob: UInt32 = 0
    static let flagOfIndex: UInt32 = 0x5343_4301
    static let flagOfPiece: UInt32 = 0x5343_4302

    private static let title = "sccache chunks 1\n"

    /// The name of a piece: another for each time the blob is stored, so that pieces of two never mix.
    static func name(_ blob: String, _ mark: UInt64, _ number: Int) -> String {
      "\(blob)#\(hexadecimal(mark))-\(number)"
    }

    static func count(_ size: Int) -> Int { (size + pieceSize - 1) / pieceSize }

    /// The bytes of one piece.
    func range(_ number: Int) -> Range<Int> {
      number * Self.pieceSize..<min(size, (number + 1) * Self.pieceSize)
    }

    var bytes: [UInt8] {
      let head = Self.title + "\(size) \(Self.pieceSize) \(Self.hexadecimal(mark))\n"
      return Array(head.utf8) + digests.flatMap { $0.bytes }
    }

    init(size: Int, mark: UInt64, digests: [Digest]) {
      self.size = size
      self.mark = mark
      self.digests = digests
    }

    /// Nil when it is none, or none of this version.
    init?(_ bytes: [UInt8]) {
      guard bytes.starts(with: Self.title.utf8) else { return nil }
      let behind = bytes.dropFirst(Self.title.utf8.count)
      guard let end = behind.prefix(80).firstIndex(of: 10) else { return nil }
      let words = String(decoding: behind[..<end], as: UTF8.self).split(separator: " ")
      guard words.count == 3, let size = Int(words[0]), 1...Self.largestBlob ~= size,
        Int(words[1]) == Self.pieceSize, words[2].utf8.count == 16,
        let mark = UInt64(words[2], radix: 16)
      else { return nil }
      let raw = behind[(end + 1)...]
      guard raw.count == Self.count(size) * Digest.byteCount else { return nil }
      self.size = size
      self.mark = mark
      digests = []
      for start in stride(from: raw.startIndex, to: raw.endIndex, by: Digest.byteCount) {
        guard let digest = Digest(bytes: raw[start..<start + Digest.byteCount]) else { return nil }
        digests.append(digest)
      }
    }

    private static func hexadecimal(_ number: UInt64) -> String {
      let digits = String(number, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
  }
#endif
