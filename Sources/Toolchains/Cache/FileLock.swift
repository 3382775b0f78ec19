import CPosix
import Glibc
import Platform

/// A lock between processes (and threads, which open the file anew): held while the value lives.
struct FileLock: ~Copyable {
  private let file: Descriptor

  /// Waits. Nil when it can't be had in time: a stopped process must not stop this one. Whoever goes
  /// on without the lock does work twice, never wrong.
  init?(_ path: String, patienceSeconds: Int) {
    guard let file = try? Descriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600) else {
      return nil
    }
    let deadline = Clock.monotonic + Int64(patienceSeconds) * 1_000_000_000
    while flock(file.number, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR, Clock.monotonic < deadline else { return nil }
      usleep(20_000)
    }
    self.file = file
  }
}
