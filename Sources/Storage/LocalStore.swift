import CacheKey
import Glibc
package import Platform
import Synchronization

/// The store on a local disk. Several daemons and users may share its directory.
///
/// Layout of the directory:
///   entries/KK/KEY    manifests/KK/KEY      KK the first two digits of the key
///   linkable/KK/      unpacked copies that hits link to, where that is switched on
///   tmp/              files being written; whatever is an hour old there is garbage
///   usage             the number of bytes in use, mapped and counted by all daemons together
///   usage.lock        held by the daemon that evicts or counts
/// Whatever else lies there (an older program's cache) counts and is evicted like our own.
package final class LocalStore: Sendable {
  package struct Options: Sendable {
    package var directory: String
    package var sizeLimit: Int
    package var isReadOnly: Bool
    /// Nil: compress large members, and when the cache is more than half full nearly all.
    package var zstdLevel: Int?
    /// For files and directories that are made.
    package var umask: UInt32
    /// Hits link large outputs instead of copying them.
    package var usesHardLinks: Bool

    package init(
      directory: String, sizeLimit: Int, isReadOnly: Bool, zstdLevel: Int?, umask: UInt32,
      usesHardLinks: Bool = false
    ) {
      self.directory = directory
      self.sizeLimit = sizeLimit
      self.isReadOnly = isReadOnly
      self.zstdLevel = zstdLevel
      self.umask = umask
      self.usesHardLinks = usesHardLinks
    }
  }

  package let options: Options
  private let space: Space
  private let verified: VerifiedEntries
  let linkable = LinkableFiles()
  private let replacing = Mutex(())
  private let sequence = Atomic<Int>(0)

  /// Touches nothing on disk: a directory that can't be made shows when it is used.
  package init(_ options: Options) {
    self.options = options
    space = Space(
      directory: options.directory, limit: options.sizeLimit, isReadOnly: options.isReadOnly,
      fileMode: 0o666 & ~options.umask)
    verified = VerifiedEntries()
  }

  package var location: String { "Local disk: \"\(options.directory)\"" }

  package func usage() -> Int? { space.used() }

  // MARK: entries

  package func entry(_ key: Digest) throws(StoreError) -> StoredEntry? {
    let path = path("entries", key)
    guard let file = try openEntry(path) else { return nil }
    let stamp = try stamp(of: file, path)
    guard stamp.isRegular else {
      if !options.isReadOnly { remove(path, stamp) }
      throw .damaged("\(path) is no file")
    }
    if let head = verified.head(key, stamp) {
      return StoredEntry(head: head, file: file, path: path)
    }
    let head: EntryHead
    do throws(StoreError) {
      head = try EntryFile.verify(file, key: key, size: Int(stamp.size), path: path)
    } catch {
      // Whatever is wrong with it, it must not be found again.
      if case .damaged = error, !options.isReadOnly { remove(path, stamp) }
      throw error
    }
    verified.note(key, stamp, head)
    return StoredEntry(head: head, file: file, path: path)
  }

  private func openEntry(_ path: String) throws(StoreError) -> Descriptor? {
    do throws(SystemError) {
      return try Descriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    } catch {
      if error.code == ENOENT { return nil }
      throw .system(error)
    }
  }

  private func stamp(of file: borrowing Descriptor, _ path: String) throws(StoreError) -> FileStamp
  {
    do throws(SystemError) { return try file.stamp(path: path) } catch { throw .system(error) }
  }

  /// Marks an entry as just used, at most every few minutes.
  package func touch(_ entry: borrowing StoredEntry) {
    guard !options.isReadOnly, let stamp = try? entry.file.stamp(path: entry.path),
      Clock.now - stamp.modified > 300_000_000_000
    else { return }
    let verifiedBefore = verified.head(entry.head.key, stamp) != nil
    futimens(entry.file.number, nil)
    if verifiedBefore, let now = try? entry.file.stamp(path: entry.path), now.size == stamp.size {
      verified.note(entry.head.key, now, entry.head)
    }
  }

  package func put(_ draft: EntryDraft) throws(StoreError) {
    guard !options.isReadOnly else { throw .readOnly }
    let target = path("entries", draft.key)
    let new = try createTemporary()
    do throws(StoreError) {
      let size = try EntryFile.write(draft, to: new.file, path: new.path, level: compressionLevel())
      try publish(new.path, target, size: size)
    } catch {
      unlink(new.path)
      throw error
    }
  }

  /// Puts an entry's finished file, made by `createTemporary`, into its place.
  func adopt(_ temporary: String, _ key: Digest, size: Int) throws(StoreError) {
    try publish(temporary, path("entries", key), size: size)
  }

  // MARK: manifests

  package func manifest(_ key: Digest) throws(StoreError) -> [UInt8]? {
    do throws(SystemError) {
      touchManifest(key)
      return try Files.read(path("manifests", key), limit: 64 << 20)
    } catch {
      if error.code == ENOENT { return nil }
      throw .system(error)
    }
  }

  /// Keeps a manifest that is in use from being evicted, at most every few minutes.
  package func touchManifest(_ key: Digest) {
    let path = path("manifests", key)
    guard !options.isReadOnly, let stamp = FileStamp.ofLink(path: path), stamp.isRegular,
      Clock.now - stamp.modified > 300_000_000_000
    else { return }
    utimensat(AT_FDCWD, path, nil, AT_SYMLINK_NOFOLLOW)
  }

  /// What tells whether a manifest's file was replaced since it was read.
  package func manifestStamp(_ key: Digest) -> FileStamp? {
    FileStamp(path: path("manifests", key))
  }

  package func putManifest(_ key: Digest, _ bytes: [UInt8]) throws(StoreError) {
    guard !options.isReadOnly else { throw .readOnly }
    let target = path("manifests", key)
    let new = try createTemporary()
    do throws(StoreError) {
      do throws(SystemError) { try new.file.write(bytes, path: new.path) } catch {
        throw .system(error)
      }
      try publish(new.path, target, size: bytes.count)
    } catch {
      unlink(new.path)
      throw error
    }
  }

  // MARK: files

  /// A file without a name for a copy of an output. In the cache's file system where that can be
  /// written, so that sharing extents may work.
  package func temporaryFile() throws(StoreError) -> Descriptor {
    // Without touching the directory, where the file system can do that.
    if let file = try? Files.openNameless(
      in: options.directory + "/tmp", mode: 0o666 & ~options.umask)
    {
      return file
    }
    let new = try createTemporary()
    unlink(new.path)
    return new.takeFile()
  }

  struct NewFile: ~Copyable {
    let file: Descriptor
    let path: String

    consuming func takeFile() -> Descriptor { file }
  }

  func createTemporary() throws(StoreError) -> NewFile {
    let number = sequence.wrappingAdd(1, ordering: .relaxed).newValue
    let directory = options.directory + "/tmp"
    let path = "\(directory)/\(getpid())-\(Clock.now)-\(number)"
    do throws(SystemError) {
      do throws(SystemError) {
        return NewFile(file: try openNew(path), path: path)
      } catch {
        guard error.code == ENOENT else { throw error }
        try Files.makeDirectories(directory, mode: 0o777 & ~options.umask)
        return NewFile(file: try openNew(path), path: path)
      }
    } catch {
      throw .system(error)
    }
  }

  private func openNew(_ path: String) throws(SystemError) -> Descriptor {
    try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o666 & ~options.umask)
  }

  /// Makes room, then puts a finished file in its place.
  func publish(_ temporary: String, _ target: String, size: Int) throws(StoreError) {
    guard Space.charge(size) <= options.sizeLimit else { throw .tooLarge(size) }
    try space.reserve(Space.charge(size))
    let old = try replace(temporary, target, size)
    if let old { space.release(Space.charge(Int(old.size))) }
  }

  /// - Returns: what stood there before. One thread at a time, so that only one says so.
  private func replace(_ temporary: String, _ target: String, _ size: Int) throws(StoreError)
    -> FileStamp?
  {
    try replacing.withLock { (_) throws(StoreError) in
      let old = FileStamp.ofLink(path: target)
      try rename(temporary, target, size)
      return old
    }
  }

  private func rename(_ temporary: String, _ target: String, _ size: Int) throws(StoreError) {
    do throws(SystemError) {
      do throws(SystemError) {
        try Files.rename(temporary, target)
      } catch {
        guard error.code == ENOENT else { throw error }
        try Files.makeDirectories(Path.directory(of: target), mode: 0o777 & ~options.umask)
        try Files.rename(temporary, target)
      }
    } catch {
      space.release(Space.charge(size))
      throw .system(error)
    }
  }

  /// Removes what was not used since a moment (nanoseconds since 1970; `.max`: everything). Daemons that
  /// use the cache meanwhile find less in it, and no more happens to them.
  ///
  /// - Returns: the number of files and their bytes; nil when there is no cache or it can't be written.
  package func remove(unusedSince moment: Int64) -> (files: Int, bytes: Int)? {
    space.remove(unusedSince: moment)
  }

  /// How many files were evicted since the last call.
  package func takeEvictions() -> Int { space.takeEvictions() }

  private func remove(_ path: String, _ stamp: FileStamp) {
    if unlink(path) == 0 { space.release(Space.charge(Int(stamp.size))) }
  }

  private func path(_ kind: String, _ key: Digest) -> String {
    let hex = key.description
    return "\(options.directory)/\(kind)/\(hex.prefix(2))/\(hex)"
  }

  private func compressionLevel() -> EntryFile.Level {
    if let level = options.zstdLevel { return .always(level) }
    // More than half full: from now on the room is worth more than the time.
    let isTight = (space.used() ?? 0) > options.sizeLimit / 2
    return .above(isTight ? 16 << 10 : 64 << 20)
  }
}
