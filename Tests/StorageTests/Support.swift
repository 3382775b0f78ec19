import CacheKey
import Glibc
import Platform
import Storage
import TestSupport

func key(_ number: Int) -> Digest { Digest.of(Array("key \(number)".utf8)) }

extension LocalStore {
  static func at(
    _ path: String, limit: Int = 100 << 20, isReadOnly: Bool = false, zstdLevel: Int? = nil
  ) -> LocalStore {
    LocalStore(
      Options(
        directory: path, sizeLimit: limit, isReadOnly: isReadOnly, zstdLevel: zstdLevel,
        umask: 0o022))
  }

  func put(_ key: Digest, _ members: [String: [UInt8]]) throws(StoreError) {
    try put(
      EntryDraft(
        key: key, presentation: Digest.of([7]), isColoured: true,
        members: members.map { EntryDraft.Member(name: $0.key, content: .bytes($0.value)) }))
  }

  /// An entry's members, read both ways; nil when there is none.
  func members(_ key: Digest) throws -> [String: [UInt8]]? {
    guard let entry = try entry(key) else { return nil }
    let directory = TemporaryDirectory()
    var members: [String: [UInt8]] = [:]
    for member in entry.head.members {
      let path = directory("out")
      do {
        let target = try Descriptor.open(path, O_RDWR | O_CREAT | O_TRUNC, mode: 0o600)
        try entry.copy(member, to: target, path: path)
      }
      let copied = try Files.read(path)
      let read = try entry.bytes(of: member)
      members[member.name] = copied == read ? read : nil
    }
    return members
  }

  /// An entry that must be there.
  func present(_ key: Digest) throws -> StoredEntry {
    struct Missing: Error {}
    guard let entry = try entry(key) else { throw Missing() }
    return entry
  }

  func entryPath(_ key: Digest) -> String {
    let hex = key.description
    return "\(options.directory)/entries/\(hex.prefix(2))/\(hex)"
  }

  func manifestPath(_ key: Digest) -> String {
    let hex = key.description
    return "\(options.directory)/manifests/\(hex.prefix(2))/\(hex)"
  }
}

/// What lies in a cache directory in whole blocks, as the limit counts it.
func bytesOnDisk(_ directory: String, atTop: Bool = true) -> Int {
  var total = 0
  for name in Files.names(in: directory) ?? [] {
    if atTop, name.hasPrefix("usage") || name == "tmp" { continue }
    let path = directory + "/" + name
    guard let stamp = FileStamp.ofLink(path: path) else { continue }
    total +=
      stamp.isDirectory
      ? bytesOnDisk(path, atTop: false) : (Int(stamp.size) + 4095) / 4096 * 4096
  }
  return total
}

/// Sets a file's age, for the order of eviction.
func age(_ path: String, seconds: Int) throws {
  _ = try Spawn.run(
    "/usr/bin/touch", ["-d", "\(seconds) seconds ago", path], environment: [], directory: "/")
}
