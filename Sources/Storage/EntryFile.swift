import CacheKey
import Glibc
import Platform

/// Reading and writing of entry files (the format stands with `EntryHead`).
enum EntryFile {
  enum Level {
    /// `SCCACHE_CACHE_ZSTD_LEVEL` was set: everything that gets smaller is compressed.
    case always(Int)
    /// Members up to this size stay raw: unpacking costs a hit three times what copying does, and the
    /// disk has room.
    case above(Int)
  }

  static let defaultLevel = 1
  private static let pieceSize = 1 << 20

  // MARK: reading

  /// The head of an entry whose every checksum is right. Holds one piece in memory at a time.
  static func verify(
    _ file: borrowing Descriptor, key: Digest, size: Int, path: String
  ) throws(StoreError) -> EntryHead {
    let head = try readHead(file, key: key, size: size, path: path)
    for member in head.members {
      var sum = RunningChecksum()
      var left = member.stored
      while left > 0 {
        let piece = try read(
          file, at: member.offset + member.stored - left, min(left, pieceSize), path)
        piece.withUnsafeBytes { sum.update($0) }
        left -= piece.count
      }
      guard sum.value() == member.checksum else {
        throw .damaged("\(path): checksum of \(member.name) differs")
      }
    }
    return head
  }

  private static func readHead(
    _ file: borrowing Descriptor, key: Digest, size: Int, path: String
  ) throws(StoreError) -> EntryHead {
    let first = try read(file, at: 0, min(size, 4096), path)
    do throws(FormatError) {
      let length = try EntryHead.length(first[...], key: key)
      guard length <= size else { throw FormatError("ends early") }
      if length <= first.count {
        return try EntryHead(decoding: first[..<length], key: key, fileSize: size)
      }
      guard let whole = try? file.read(at: 0, count: length, path: path), whole.count == length
      else {
        throw FormatError("ends early")
      }
      return try EntryHead(decoding: whole[...], key: key, fileSize: size)
    } catch {
      throw .damaged("\(path): \(error.reason)")
    }
  }

  private static func read(
    _ file: borrowing Descriptor, at offset: Int, _ count: Int, _ path: String
  ) throws(StoreError) -> [UInt8] {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try file.read(at: offset, count: count, path: path)
    } catch {
      throw .system(error)
    }
    guard bytes.count == count else { throw .damaged("\(path) ends early") }
    return bytes
  }

  // MARK: writing

  /// Writes a whole entry and returns its length.
  static func write(
    _ draft: EntryDraft, to file: borrowing Descriptor, path: String, level: Level
  ) throws(StoreError) -> Int {
    do throws(SystemError) {
      var packed: [Packed] = []
      for member in draft.members { packed.append(try pack(member, level: level, beside: path)) }
      var head = EntryHead(
        key: draft.key, presentation: draft.presentation, isColoured: draft.isColoured,
        members: packed.map(\.member))
      let bytes = head.layOut()
      try file.write(bytes, path: path)
      var end = bytes.count
      for (member, source) in zip(head.members, packed) {
        guard lseek(file.number, off_t(member.offset), SEEK_SET) >= 0 else {
          throw SystemError("seek in", path)
        }
        switch source.content {
        case .bytes(let bytes):
          try file.write(bytes, path: path)
        case .file(let temporary):
          try Files.copy(
            from: temporary.descriptor, at: 0, count: member.stored, to: file, path: path)
        }
        end = member.offset + member.stored
      }
      // A hole before an empty last member must be part of the file.
      guard ftruncate(file.number, off_t(end)) == 0 else { throw SystemError("size", path) }
      return end
    } catch {
      throw .system(error)
    }
  }

  private struct Packed {
    var member: EntryHead.Member
    var content: MemberContent
  }

  private static func pack(
    _ member: EntryDraft.Member, level: Level, beside path: String
  ) throws(SystemError) -> Packed {
    let size = member.content.size
    let wanted: Int? =
      switch level {
      case .always(let level): level
      case .above(let limit): size > limit ? defaultLevel : nil
      }
    switch member.content {
    case .bytes(let bytes):
      if let wanted, size > 512,
        let packed = bytes.withUnsafeBytes({ Compression.compress($0, level: wanted) })
      {
        return Packed(
          member: describe(member.name, .zstd, size, packed.count, checksum(packed)),
          content: .bytes(packed))
      }
      return Packed(
        member: describe(member.name, .raw, size, size, checksum(bytes)), content: member.content)
    case .file(let file):
      if let wanted, let packed = try compress(file, level: wanted, beside: path) {
        return Packed(
          member: describe(member.name, .zstd, size, packed.file.size, packed.checksum),
          content: .file(packed.file))
      }
      return Packed(
        member: describe(member.name, .raw, size, size, try sum(file, path)),
        content: member.content)
    }
  }

  private static func describe(
    _ name: String, _ encoding: EntryHead.Encoding, _ size: Int, _ stored: Int, _ checksum: UInt64
  ) -> EntryHead.Member {
    EntryHead.Member(
      name: name, encoding: encoding, size: size, stored: stored, offset: 0, checksum: checksum)
  }

  private static func sum(_ file: TemporaryFile, _ path: String) throws(SystemError) -> UInt64 {
    var sum = RunningChecksum()
    try forEachPiece(of: file, path) { (piece, _) throws(SystemError) in
      piece.withUnsafeBytes { sum.update($0) }
    }
    return sum.value()
  }

  /// Nil when it does not get smaller by at least a tenth.
  private static func compress(
    _ file: TemporaryFile, level: Int, beside path: String
  ) throws(SystemError) -> (file: TemporaryFile, checksum: UInt64)? {
    let name = path + ".z"
    let target = try Descriptor.open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    unlink(name)
    var compressor = StreamCompressor(level: level)
    var sum = RunningChecksum()
    var size = 0
    try forEachPiece(of: file, path) { (piece, isLast) throws(SystemError) in
      let failure = piece.withUnsafeBytes { bytes -> SystemError? in
        do throws(SystemError) {
          let isGood = try compressor.feed(bytes, isLast: isLast) { (packed) throws(SystemError) in
            sum.update(packed)
            size += packed.count
            try target.write(packed, path: name)
          }
          guard isGood else { throw SystemError("compress", path, code: ENOMEM) }
        } catch {
          return error
        }
        return nil
      }
      if let failure { throw failure }
    }
    guard size < file.size - file.size / 10 else { return nil }
    return (TemporaryFile(descriptor: target, size: size), sum.value())
  }

  private static func forEachPiece(
    of file: TemporaryFile, _ path: String,
    _ body: (_ piece: [UInt8], _ isLast: Bool) throws(SystemError) -> Void
  ) throws(SystemError) {
    var offset = 0
    repeat {
      let piece = try file.descriptor.read(
        at: offset, count: min(pieceSize, file.size - offset), path: path)
      guard !piece.isEmpty || file.size == 0 else {
        throw SystemError("read all of", path, code: EIO)
      }
      offset += piece.count
      try body(piece, offset >= file.size)
    } while offset < file.size
  }
}
