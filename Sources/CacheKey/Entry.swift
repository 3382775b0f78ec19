package import Platform

/// The head of a cache entry: what members it has and where they lie in the file.
///
/// File format, little-endian, version 1:
///   "SCCENT\n" version:u8 key:32 headLength:u32
///   presentation:32 flags:u8
///   members: count:u32, each: name, encoding:u8 size:u64 stored:u64 offset:u64 checksum:u64
///   checksum:u64 XXH3 of everything before
///   the members' stored bytes; those stored raw begin at a multiple of 4096 when they are large, so
///   that file systems can share extents
/// A member's checksum is XXH3 of its stored bytes.
package struct EntryHead: Sendable, Equatable {
  package enum Encoding: UInt8, Sendable { case raw = 0, zstd = 1 }

  package struct Member: Sendable, Equatable {
    package var name: String
    package var encoding: Encoding
    /// Bytes when unpacked.
    package var size: Int
    /// Bytes in the file.
    package var stored: Int
    package var offset: Int
    package var checksum: UInt64

    package init(
      name: String, encoding: Encoding, size: Int, stored: Int, offset: Int, checksum: UInt64
    ) {
      self.name = name
      self.encoding = encoding
      self.size = size
      self.stored = stored
      self.offset = offset
      self.checksum = checksum
    }
  }

  package var key: Digest
  /// Digest of what diagnostics look like (locale), for entries that printed some.
  package var presentation: Digest
  /// Standard error was written with colours.
  package var isColoured: Bool
  package var members: [Member]

  package static let magic = Array("SCCENT\n".utf8)
  package static let version: UInt8 = 1
  /// Up to and with the head's length.
  package static let fixedLength = 7 + 1 + 32 + 4
  /// No head is longer.
  package static let maximumHead = 1 << 20
  package static let alignment = 4096

  package init(key: Digest, presentation: Digest, isColoured: Bool, members: [Member]) {
    self.key = key
    self.presentation = presentation
    self.isColoured = isColoured
    self.members = members
  }

  package func member(_ name: String) -> Member? {
    members.first { $0.name == name }
  }

  /// The head's bytes; the members' offsets are worked out first.
  package mutating func layOut() -> [UInt8] {
    let length = encode().count
    var position = length
    for index in members.indices {
      if members[index].encoding == .raw, members[index].size >= 65536 {
        position = (position + Self.alignment - 1) / Self.alignment * Self.alignment
      }
      members[index].offset = position
      position += members[index].stored
    }
    return encode()
  }

  private func encode() -> [UInt8] {
    var body = ByteWriter()
    body.put(presentation)
    body.put(isColoured ? 1 as UInt8 : 0)
    body.put(UInt32(members.count))
    for member in members {
      body.put(member.name)
      body.put(member.encoding.rawValue)
      body.put(UInt64(member.size))
      body.put(UInt64(member.stored))
      body.put(UInt64(member.offset))
      body.put(member.checksum)
    }
    var writer = ByteWriter()
    writer.bytes.append(contentsOf: Self.magic)
    writer.put(Self.version)
    writer.put(key)
    writer.put(UInt32(Self.fixedLength + body.bytes.count + 8))
    writer.bytes.append(contentsOf: body.bytes)
    writer.put(checksum(writer.bytes))
    return writer.bytes
  }

  /// The head's whole length, from its fixed part.
  package static func length(_ fixed: ArraySlice<UInt8>, key: Digest) throws(FormatError) -> Int {
    guard fixed.count >= fixedLength, fixed.starts(with: magic) else {
      throw FormatError("not an entry")
    }
    var reader = ByteReader(fixed.dropFirst(magic.count))
    guard try reader.take(UInt8.self) == version else { throw FormatError("another version") }
    guard try reader.takeDigest() == key else { throw FormatError("another key") }
    let length = Int(try reader.take(UInt32.self))
    guard length >= fixedLength + 45, length <= maximumHead else {
      throw FormatError("its head has an impossible length")
    }
    return length
  }

  /// - Parameters:
  ///   - bytes: the head, exactly.
  ///   - fileSize: every member must lie inside it.
  package init(decoding bytes: ArraySlice<UInt8>, key: Digest, fileSize: Int) throws(FormatError) {
    let end = bytes.endIndex - 8
    guard bytes.count >= Self.fixedLength + 45 else { throw FormatError("ends early") }
    var tail = ByteReader(bytes[end...])
    guard try tail.take(UInt64.self) == checksum(bytes[..<end]) else {
      throw FormatError("checksum of the head differs")
    }
    var reader = ByteReader(bytes[(bytes.startIndex + Self.fixedLength)..<end])
    self.init(
      key: key, presentation: try reader.takeDigest(), isColoured: try reader.take(UInt8.self) == 1,
      members: [])
    for _ in 0..<(try reader.takeCount(minimum: 37)) {
      members.append(try Self.decodeMember(&reader, headLength: bytes.count, fileSize: fileSize))
    }
    guard reader.left == 0 else { throw FormatError("has something behind its head") }
  }

  private static func decodeMember(
    _ reader: inout ByteReader, headLength: Int, fileSize: Int
  ) throws(FormatError) -> Member {
    let name = try reader.takeText()
    guard let encoding = Encoding(rawValue: try reader.take(UInt8.self)) else {
      throw FormatError("unknown encoding")
    }
    let size = try reader.take(UInt64.self)
    let stored = try reader.take(UInt64.self)
    let offset = try reader.take(UInt64.self)
    let sum = try reader.take(UInt64.self)
    guard size <= 1 << 40, stored <= UInt64(fileSize), offset >= UInt64(headLength),
      offset <= UInt64(fileSize) - stored, encoding == .zstd || size == stored
    else { throw FormatError("a member lies outside the file") }
    return Member(
      name: name, encoding: encoding, size: Int(size), stored: Int(stored), offset: Int(offset),
      checksum: sum)
  }
}
