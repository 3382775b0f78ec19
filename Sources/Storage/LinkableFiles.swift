package import CacheKey
import Glibc
import Platform
import Synchronization

/// Unpacked copies of members, one file each, that hits may link to instead of copying
/// (`SCCACHE_HARD_LINKS`). Whoever writes into a linked output writes into this copy: it is noticed by
/// size and modification time, and the copy is then made anew from the entry. A program that writes
/// and puts the time back is not noticed, which is why links are only made on request.
final class LinkableFiles: Sendable {
  /// What stays the same while a file is only linked; its change time does not.
  private struct Mark: Equatable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var modified: Int64

    init(_ stamp: FileStamp) {
      device = stamp.device
      inode = stamp.inode
      size = stamp.size
      modified = stamp.modified
    }
  }

  /// The files that this process made and that nobody wrote to since, as far as it looked.
  private let known = Mutex<[String: Mark]>([:])
  private static let limit = 20_000

  func isKnown(_ path: String, mode: UInt32) -> Bool {
    guard let stamp = FileStamp.ofLink(path: path), stamp.isRegular, stamp.permissions == mode
    else {
      return false
    }
    return known.withLock { $0[path] } == Mark(stamp)
  }

  /// Links a known file; its modification time becomes now, as if it had just been compiled.
  func link(_ path: String, to target: String) -> Bool {
    guard Glibc.link(path, target) == 0 else { return false }
    utimensat(AT_FDCWD, path, nil, 0)
    note(path)
    return true
  }

  func note(_ path: String) {
    guard let stamp = FileStamp.ofLink(path: path) else { return }
    known.withLock { known in
      if known.count >= Self.limit { known.removeAll() }
      known[path] = Mark(stamp)
    }
  }
}

extension LocalStore {
  /// Puts a member at `target` as a hard link; false when that is not wanted or not possible (another
  /// file system, too many links, a small member), and the caller then copies.
  package func link(
    _ entry: borrowing StoredEntry, _ member: EntryHead.Member, to target: String, mode: UInt32
  ) -> Bool {
    guard options.usesHardLinks, !options.isReadOnly, member.size >= Self.smallestLink else {
      return false
    }
    let hex = entry.head.key.description
    let path = "\(options.directory)/linkable/\(hex.prefix(2))/\(hex)-\(member.name)"
    if !linkable.isKnown(path, mode: mode) {
      guard (try? unpack(entry, member, to: path, mode: mode)) != nil else { return false }
      linkable.note(path)
    }
    return linkable.link(path, to: target)
  }

  /// Below this a copy costs no more than a link.
  private static let smallestLink = 16 << 10

  private func unpack(
    _ entry: borrowing StoredEntry, _ member: EntryHead.Member, to path: String, mode: UInt32
  ) throws(StoreError) {
    let new = try createTemporary()
    do throws(StoreError) {
      try entry.copy(member, to: new.file, path: new.path)
      guard fchmod(new.file.number, mode) == 0 else {
        throw .system(SystemError("set the mode of", new.path))
      }
      try publish(new.path, path, size: member.size)
    } catch {
      unlink(new.path)
      throw error
    }
  }
}
