import CPosix
import Glibc

/// Whole-file operations. All block their thread.
package enum Files {
  /// Only regular files: a pipe in a file's place would hold its reader for ever.
  package static func read(_ path: String, limit: Int = .max) throws(SystemError) -> [UInt8] {
    let file = try Descriptor.open(path, O_RDONLY | O_NONBLOCK)
    guard try file.stamp(path: path).isRegular else {
      throw SystemError("read as a file", path, code: EINVAL)
    }
    return try file.readAll(path: path, limit: limit)
  }

  /// Puts a file in place by rename, so that nobody ever sees half of it.
  package static func write(
    _ bytes: [UInt8], to path: String, temporary: String, mode: UInt32
  ) throws(SystemError) {
    do throws(SystemError) {
      let file = try Descriptor.open(
        temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
      try file.write(bytes, path: temporary)
      try rename(temporary, path)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// The digest of a file of any size.
  package static func digest(of path: String) throws(SystemError) -> Digest {
    var hash = SHA256()
    try forEachPiece(of: path) { hash.update($0) }
    return hash.finish()
  }

  /// Tells the contents of files apart that nobody makes to look alike, programs and their libraries, at
  /// a fraction of a digest's cost: the digest of the file's size and its XXH3 of 128 bits.
  package static func fingerprint(of path: String) throws(SystemError) -> Digest {
    var sum = WideChecksum()
    var size = 0
    try forEachPiece(of: path) {
      sum.update($0)
      size += $0.count
    }
    var hash = SHA256()
    hash.field("fingerprint")
    hash.field(UInt64(size))
    hash.field(sum.value())
    return hash.finish()
  }

  /// Pieces that stay in the processor's cache on their way.
  private static let pieceSize = 256 << 10

  /// Only of a regular file: a pipe in a file's place would hold its reader for ever.
  private static func forEachPiece(
    of path: String, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(SystemError) {
    let file = try Descriptor.open(path, O_RDONLY | O_NONBLOCK)
    let stamp = try file.stamp(path: path)
    guard stamp.isRegular else { throw SystemError("read as a file", path, code: EINVAL) }
    let room = max(min(pieceSize, Int(stamp.size) + 1), 4096)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 4096)
    defer { buffer.deallocate() }
    while true {
      let count = Glibc.read(file.number, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw SystemError("read", path) }
      if count == 0 { return }
      body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// Opens a new file in a directory that has no name: gone with its last descriptor, unless `name` gives it
  /// one. Not every file system can do that.
  package static func openNameless(
    in directory: String, mode: UInt32
  ) throws(SystemError) -> Descriptor {
    try Descriptor.open(directory, O_RDWR | nameless, mode: mode)
  }

  /// `O_TMPFILE`, which Swift does not see.
  private static let nameless: Int32 = 0o20_000_000 | O_DIRECTORY

  /// Gives a file without a name one, which must be free.
  package static func name(
    _ file: borrowing Descriptor, _ path: String
  ) throws(SystemError) {
    guard
      linkat(
        AT_FDCWD, "/proc/self/fd/\(file.number)", AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0
    else { throw SystemError("link", path) }
  }

  package static func rename(_ from: String, _ to: String) throws(SystemError) {
    guard Glibc.rename(from, to) == 0 else { throw SystemError("rename to", to) }
  }

  /// Makes a directory and those above it.
  package static func makeDirectories(_ path: String, mode: UInt32) throws(SystemError) {
    if mkdir(path, mode) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
      throw SystemError("make directory", path)
    }
    try makeDirectories(String(path[..<slash]), mode: mode)
    guard mkdir(path, mode) == 0 || errno == EEXIST else {
      throw SystemError("make directory", path)
    }
  }

  /// The names in a directory that are UTF-8, without `.` and `..`; nil when it can't be read.
  package static func names(in directory: String) -> [String]? {
    guard let stream = opendir(directory) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let valid = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
      }
      if let name = valid, name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Copies bytes between two open files the cheapest way that the file systems have: shared
  /// extents, else a copy inside the kernel, else through memory.
  package static func copy(
    from source: borrowing Descriptor, at offset: Int, count: Int,
    to target: borrowing Descriptor, path: String
  ) throws(SystemError) {
    let here = lseek(target.number, 0, SEEK_CUR)
    if count >= 65536, offset % 4096 == 0, here >= 0, here % 4096 == 0,
      cposix_clone_range(
        source.number, UInt64(offset), UInt64(count), target.number, UInt64(here)) == 0
    {
      guard lseek(target.number, here + off_t(count), SEEK_SET) >= 0 else {
        throw SystemError("seek in", path)
      }
      return
    }
    var position = Int64(offset)
    var left = count
    while left > 0 {
      let copied = cposix_copy_file_range(source.number, &position, target.number, left)
      if copied < 0, errno == EINTR { continue }
      if copied < 0, errno == ENOSPC || errno == EIO || errno == EDQUOT || errno == EFBIG {
        throw SystemError("write", path)
      }
      if copied <= 0 { break }
      left -= copied
    }
    while left > 0 {
      let chunk = try source.read(at: Int(position), count: min(left, 1 << 20), path: path)
      guard !chunk.isEmpty else { throw SystemError("read all of", path, code: EIO) }
      try target.write(chunk, path: path)
      position += Int64(chunk.count)
      left -= chunk.count
    }
  }
}

/// Lexical work on paths.
package enum Path {
  /// `path`, made absolute against `directory`; nothing else is changed (`a/../b` keeps its meaning
  /// where `a` is a symbolic link).
  package static func absolute(_ path: String, in directory: String) -> String {
    if path.utf8.first == UInt8(ascii: "/") { return path }
    return directory.utf8.last == UInt8(ascii: "/") ? directory + path : directory + "/" + path
  }

  /// What stands before the last slash: `.` when there is none.
  package static func directory(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  package static func name(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  package static func join(_ directory: String, _ name: String) -> String {
    if directory.isEmpty || directory == "." { return name }
    return directory.utf8.last == UInt8(ascii: "/") ? directory + name : directory + "/" + name
  }
}
