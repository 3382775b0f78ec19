import CPosix
import Glibc

/// What `stat` says of a file, as far as it tells one content from another: a memo of a digest holds
/// as long as the stamp stays the same.
package struct FileStamp: Sendable, Hashable {
  package var device: UInt64
  package var inode: UInt64
  package var size: Int64
  /// Nanoseconds since 1970.
  package var modified: Int64
  /// Nanoseconds since 1970; nobody can set it back.
  package var changed: Int64
  package var mode: UInt32

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    mode = UInt32(status.st_mode)
  }

  /// Follows symbolic links; nil when there is nothing, or it can't be looked at.
  package init?(path: UnsafePointer<CChar>) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  package static func ofLink(path: UnsafePointer<CChar>) -> FileStamp? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    return FileStamp(status)
  }

  package var isRegular: Bool { mode & 0o170000 == 0o100000 }
  package var isLink: Bool { mode & 0o170000 == 0o120000 }
  package var isDirectory: Bool { mode & 0o170000 == 0o040000 }
  package var isExecutable: Bool { mode & 0o111 != 0 }
  /// A file that somebody may execute.
  package var isProgram: Bool { isRegular && isExecutable }
  package var permissions: UInt32 { mode & 0o7777 }

  /// The later of both times.
  package var latest: Int64 { max(modified, changed) }

  /// Whether a change of the content after the moment `looked` (see `Clock.coarse`) must show in the
  /// stamp. The kernel's file times move in ticks; file systems that keep whole seconds only are
  /// told by their nanoseconds being zero.
  package func isSettled(at looked: Int64) -> Bool {
    let wholeSeconds = changed % 1_000_000_000 == 0
    return wholeSeconds ? latest < looked - 2_000_000_000 : latest < looked
  }
}

/// Times in nanoseconds.
package enum Clock {
  /// Since 1970, as the kernel stamps files: it moves in ticks (1 to 10 ms).
  package static var coarse: Int64 { read(CLOCK_REALTIME_COARSE) }
  /// Since 1970.
  package static var now: Int64 { read(CLOCK_REALTIME) }
  /// Since some moment, never set.
  package static var monotonic: Int64 { read(CLOCK_MONOTONIC) }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
