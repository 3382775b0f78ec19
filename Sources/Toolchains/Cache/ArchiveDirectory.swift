import Glibc
import Platform

/// Archives under their ids, `<id[0]>/<id[1]>/<id>` as in Mozilla's cache. The time of last change is
/// that of the last use. Any number of processes may share it: files appear by rename, and a reader
/// keeps what it opened.
struct ArchiveDirectory: Sendable {
  /// Absolute.
  let path: String

  /// Ids come from a file that others write, and become paths.
  static func isIdentifier(_ text: String) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy { byte in
        byte >= 0x30 && byte <= 0x39 || byte >= 0x61 && byte <= 0x66
      }
  }

  /// Nil for what is no id.
  func path(of identifier: String) -> String? {
    guard Self.isIdentifier(identifier) else { return nil }
    let digits = Array(identifier.utf8.prefix(2)).map { String(UnicodeScalar($0)) }
    return "\(path)/\(digits[0])/\(digits[1])/\(identifier)"
  }

  /// The archive's size in bytes if it is there; counts as a use.
  func use(_ identifier: String) -> Int64? {
    guard let path = path(of: identifier), let stamp = FileStamp.ofLink(path: path),
      stamp.isRegular
    else { return nil }
    utimensat(AT_FDCWD, path, nil, AT_SYMLINK_NOFOLLOW)
    return stamp.size
  }

  /// Nil when there is no such archive; counts as a use.
  func open(_ identifier: String) -> Descriptor? {
    guard let path = path(of: identifier),
      let file = try? Descriptor.open(path, O_RDONLY | O_NOFOLLOW)
    else { return nil }
    utimensat(AT_FDCWD, path, nil, AT_SYMLINK_NOFOLLOW)
    return file
  }

  /// Takes over a complete file, in one step.
  func adopt(_ temporary: String, as identifier: String) throws(SystemError) -> String {
    guard let path = path(of: identifier) else {
      throw SystemError("name an archive", identifier, code: EINVAL)
    }
    try Files.makeDirectories(Path.directory(of: path), mode: 0o700)
    try Files.rename(temporary, path)
    return path
  }

  func remove(_ identifier: String) {
    if let path = path(of: identifier) { unlink(path) }
  }

  /// Removes the least recently used archives until all together take no more than `limit` bytes;
  /// `kept` stays in any case.
  func evict(limit: Int64, keeping kept: String) {
    let archives = all()
    var total = archives.reduce(Int64(0)) { $0 + $1.size }
    for archive in archives.sorted(by: { $0.used < $1.used }) where archive.identifier != kept {
      if total <= limit { return }
      remove(archive.identifier)
      total -= archive.size
    }
  }

  private struct Archive {
    var identifier: String
    var size: Int64
    var used: Int64
  }

  private func all() -> [Archive] {
    var archives: [Archive] = []
    for first in Files.names(in: path) ?? [] {
      for second in Files.names(in: Path.join(path, first)) ?? [] {
        for name in Files.names(in: "\(path)/\(first)/\(second)") ?? [] {
          guard let file = self.path(of: name), let stamp = FileStamp.ofLink(path: file),
            stamp.isRegular
          else { continue }
          archives.append(Archive(identifier: name, size: stamp.size, used: stamp.modified))
        }
      }
    }
    return archives
  }
}
