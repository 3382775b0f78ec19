import CacheKey
import Glibc
import Platform
import Synchronization

/// How a file's content counts.
enum FileKind: Sendable, Hashable {
  /// C and its kin: comments may not matter, and what it includes does.
  case source
  /// Byte for byte, though what it includes is looked for: assembler, plugins, profiles.
  case opaque
  /// Byte for byte, and nothing is looked for.
  case bytes
}

/// What the daemon remembers of a file: its digests, for as long as its stamp stays the same.
final class FileRecord: Sendable {
  /// Absolute.
  let path: String
  private let kind: FileKind
  private let state = Mutex<State>(State())

  private struct State {
    var stamp: FileStamp?
    var version: FileVersion?
  }

  /// Files beyond this are digested in pieces and count as they are.
  private static let scanLimit: Int64 = 64 << 20

  init(path: String, as kind: FileKind) {
    self.path = path
    self.kind = kind
  }

  /// The file's digests as it is now; nil when it can't be read or is no regular file.
  func current() -> FileVersion? {
    guard let stamp = FileStamp(path: path) else { return nil }
    return version(at: stamp)
  }

  /// The same, when the stamp is known already.
  func version(at stamp: FileStamp) -> FileVersion? {
    let known = state.withLock { $0.stamp == stamp ? $0.version : nil }
    if let known { return known }
    return load(stamp)
  }

  private func load(_ stamp: FileStamp) -> FileVersion? {
    guard stamp.isRegular else { return nil }
    // A change after this moment shows in the stamp only if the stamp is older.
    let looked = Clock.coarse
    guard let version = read(stamp), FileStamp(path: path) == stamp else { return nil }
    if stamp.isSettled(at: looked) {
      state.withLock { $0 = State(stamp: stamp, version: version) }
    }
    return version
  }

  private func read(_ stamp: FileStamp) -> FileVersion? {
    if kind == .bytes || stamp.size > Self.scanLimit {
      guard let digest = try? Files.digest(of: path) else { return nil }
      return FileVersion(large: digest)
    }
    guard let bytes = try? Files.read(path) else { return nil }
    return kind == .source ? FileVersion(source: bytes) : FileVersion(opaque: bytes)
  }
}

/// The records of all files met, by absolute path. Bounded: at the limit the table starts anew
/// (manifests in use keep their records).
final class FileRecords: Sendable {
  private struct Key: Hashable {
    var path: ExactText
    var kind: FileKind
  }

  private let records = Mutex<[Key: FileRecord]>([:])
  private let digests = Known([:])
  private let fingerprints = Known([:])
  private static let limit = 100_000

  /// The digest of a file's bytes alone: nothing in them is looked for.
  func contentDigest(_ path: String, _ stamp: FileStamp) -> Digest? {
    remembered(digests, path, stamp) { try? Files.digest(of: path) }
  }

  /// What stands for a program or a library of a compiler, of which there are hundreds of megabytes.
  func fingerprint(_ path: String, _ stamp: FileStamp) -> Digest? {
    remembered(fingerprints, path, stamp) { try? Files.fingerprint(of: path) }
  }

  private typealias Known = Mutex<[ExactText: (stamp: FileStamp, digest: Digest)]>

  private func remembered(
    _ table: borrowing Known, _ path: String, _ stamp: FileStamp, _ read: () -> Digest?
  ) -> Digest? {
    let key = ExactText(path)
    if let known = table.withLock({ $0[key] }), known.stamp == stamp { return known.digest }
    let looked = Clock.coarse
    guard let digest = read(), FileStamp(path: path) == stamp else { return nil }
    if stamp.isSettled(at: looked) {
      table.withLock { known in
        if known.count >= Self.limit { known.removeAll() }
        known[key] = (stamp, digest)
      }
    }
    return digest
  }

  func record(_ path: String, as kind: FileKind = .source) -> FileRecord {
    records.withLock { records in
      let key = Key(path: ExactText(path), kind: kind)
      if let record = records[key] { return record }
      if records.count >= Self.limit { records.removeAll() }
      let record = FileRecord(path: path, as: kind)
      records[key] = record
      return record
    }
  }
}
