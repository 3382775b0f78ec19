import CPosix
import Glibc
import Platform

/// Where archives are made. A file in the making is locked by its maker: what nobody holds was left
/// behind by a process that died.
struct PackingDirectory: Sendable {
  /// Absolute; on the file system of the archives.
  let path: String

  private static let suffix = ".new"
  /// Between the making of a file and its lock; nanoseconds.
  private static let grace: Int64 = 60_000_000_000

  struct File: ~Copyable {
    let path: String
    let descriptor: Descriptor
  }

  func makeFile() throws(SystemError) -> File {
    try Files.makeDirectories(path, mode: 0o700)
    let random = UInt64.random(in: .min ... .max)
    let file = "\(path)/\(String(random, radix: 16))\(Self.suffix)"
    let descriptor = try Descriptor.open(
      file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    // Without locks (some network file systems) the grace period has to do.
    _ = flock(descriptor.number, LOCK_EX | LOCK_NB)
    return File(path: file, descriptor: descriptor)
  }

  /// Only one at a time packs what has this digest. There are at most 256 lock files; two
  /// toolchains that share one wait for each other.
  func lock(_ digest: Digest) throws(SystemError) -> FileLock? {
    try Files.makeDirectories(path, mode: 0o700)
    return FileLock("\(path)/\(digest.description.prefix(2)).lock", patienceSeconds: 120)
  }

  /// Removes what dead processes left.
  func sweep() {
    for name in Files.names(in: path) ?? [] where name.hasSuffix(Self.suffix) {
      let file = Path.join(path, name)
      guard let stamp = FileStamp.ofLink(path: file), stamp.modified < Clock.now - Self.grace,
        let descriptor = try? Descriptor.open(file, O_RDWR | O_NOFOLLOW),
        flock(descriptor.number, LOCK_EX | LOCK_NB) == 0
      else { continue }
      unlink(file)
    }
  }
}
