package import CacheKey
import Glibc
package import Platform

/// Why a store could not do what it was asked. A lookup that fails is a miss, a write that fails is
/// counted; neither ever fails a compilation.
package enum StoreError: Error, Sendable, CustomStringConvertible {
  case system(SystemError)
  case damaged(String)
  case readOnly
  /// The entry is larger than the whole store may be, or than a remote one takes.
  case tooLarge(Int)
  /// A remote store, named, failed.
  case remote(String, BlobFailure)
  /// A remote store, named, was away for too long, or too much waited for it already.
  case dropped(String)

  package var description: String {
    switch self {
    case .system(let error): error.description
    case .damaged(let reason): "a cache entry is damaged: \(reason)"
    case .readOnly: "the store is read-only"
    case .tooLarge(let size): "an entry of \(size) bytes is larger than the cache takes"
    case .remote(let name, let failure): "\(name): \(failure)"
    case .dropped(let name): "\(name): not written, too much waits for it"
    }
  }
}

/// An entry that was found and is not damaged: its open file, ready to be put back.
package struct StoredEntry: ~Copyable {
  package let head: EntryHead
  package let file: Descriptor
  let path: String
  /// Members that are not in the file, since they went to a receiver.
  let passedOn: [EntryHead.Member]

  init(
    head: EntryHead, file: consuming Descriptor, path: String, passedOn: [EntryHead.Member] = []
  ) {
    self.head = head
    self.file = file
    self.path = path
    self.passedOn = passedOn
  }

  /// A hole in the file is no member.
  fileprivate func expect(_ member: EntryHead.Member) throws(StoreError) {
    guard !passedOn.contains(member) else {
      throw .damaged("\(path): \(member.name) was received elsewhere")
    }
  }

  /// No message or list that a compiler run may leave is larger.
  private static var largestInMemory: Int { 64 << 20 }

  /// The unpacked bytes of a member, for small ones.
  package func bytes(of member: EntryHead.Member) throws(StoreError) -> [UInt8] {
    try expect(member)
    guard member.size <= Self.largestInMemory, member.stored <= Self.largestInMemory else {
      throw .damaged("\(path): \(member.name) claims \(member.size) bytes")
    }
    let stored: [UInt8]
    do throws(SystemError) {
      stored = try file.read(at: member.offset, count: member.stored, path: path)
    } catch {
      throw .system(error)
    }
    guard stored.count == member.stored else { throw .damaged("\(path) ends early") }
    guard member.encoding == .zstd else { return stored }
    guard let bytes = stored.withUnsafeBytes({ Compression.decompress($0, count: member.size) })
    else {
      throw .damaged("\(path): \(member.name) can't be unpacked")
    }
    return bytes
  }
}

extension StoredEntry {
  /// Writes a member's unpacked bytes to an open file, in pieces when it is large.
  package func copy(
    _ member: EntryHead.Member, to target: borrowing Descriptor, path targetPath: String
  ) throws(StoreError) {
    try expect(member)
    do throws(SystemError) {
      switch member.encoding {
      case .raw where member.stored <= 65536:
        // For a few pages, reading and writing costs less than a copy in the kernel.
        let bytes = try file.read(at: member.offset, count: member.stored, path: path)
        guard bytes.count == member.stored else {
          throw SystemError("read all of", path, code: EIO)
        }
        try target.write(bytes, path: targetPath)
      case .raw:
        try Files.copy(
          from: file, at: member.offset, count: member.stored, to: target, path: targetPath)
      case .zstd:
        guard try unpack(member, to: target, targetPath) else {
          throw SystemError("unpack \(member.name) of", path, code: EIO)
        }
      }
    } catch {
      if error.code == EIO { throw .damaged(error.description) }
      throw .system(error)
    }
  }

  private func unpack(
    _ member: EntryHead.Member, to target: borrowing Descriptor, _ targetPath: String
  ) throws(SystemError) -> Bool {
    var decompressor = StreamDecompressor()
    var offset = 0
    var written = 0
    while offset < member.stored {
      let piece = try file.read(
        at: member.offset + offset, count: min(256 << 10, member.stored - offset), path: path)
      guard !piece.isEmpty else { return false }
      offset += piece.count
      var failure: SystemError?
      let good = piece.withUnsafeBytes { bytes -> Bool in
        do throws(SystemError) {
          return try decompressor.feed(bytes) { (unpacked) throws(SystemError) in
            written += unpacked.count
            guard written <= member.size else { throw SystemError("unpack", path, code: EIO) }
            try target.write(unpacked, path: targetPath)
          }
        } catch {
          failure = error
          return false
        }
      }
      if let failure { throw failure }
      guard good else { return false }
    }
    return decompressor.isFinished && written == member.size
  }
}

/// An entry to be stored.
package struct EntryDraft: Sendable {
  package struct Member: Sendable {
    package var name: String
    package var content: MemberContent
    package init(name: String, content: MemberContent) {
      self.name = name
      self.content = content
    }
  }

  package var key: Digest
  package var presentation: Digest
  package var isColoured: Bool
  package var members: [Member]

  package init(key: Digest, presentation: Digest, isColoured: Bool, members: [Member]) {
    self.key = key
    self.presentation = presentation
    self.isColoured = isColoured
    self.members = members
  }
}

/// A member's bytes: in memory when small, else in a file that nobody else changes.
package enum MemberContent: Sendable {
  case bytes([UInt8])
  case file(TemporaryFile)

  package var size: Int {
    switch self {
    case .bytes(let bytes): bytes.count
    case .file(let file): file.size
    }
  }
}

/// A file without a name, gone when the last user is.
package final class TemporaryFile: Sendable {
  package let descriptor: Descriptor
  package let size: Int

  package init(descriptor: consuming Descriptor, size: Int) {
    self.descriptor = descriptor
    self.size = size
  }

  /// Fills a buffer from an offset; gives the number of bytes, 0 at the end, -1 for an error.
  package func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) -> Int {
    while true {
      let count = pread(descriptor.number, target.baseAddress, target.count, off_t(offset))
      if count >= 0 || errno != EINTR { return count }
    }
  }
}
