import Glibc
package import Platform

/// An archive that lies ready.
package struct PackedToolchain: Sendable, Equatable {
  /// By which servers know it.
  package var identifier: String
  /// Of the archive, in bytes.
  package var size: Int64
  /// Of the archive; may be evicted at any time (`ToolchainCache.open` tells).
  package var path: String
}

/// The client's archives: packed once, found again by their weak keys, kept within a size. The files
/// are laid out as Mozilla's client has them (`client/tc`, `client/weak_map.json`), so that either
/// finds what the other packed. Any number of processes may share one.
package struct ToolchainCache<Naming: ArchiveNaming & ~Copyable>: Sendable {
  private let root: String
  private let archives: ArchiveDirectory
  private let packing: PackingDirectory
  private let digests: any ContentDigesting
  private let limit: Int64

  /// - Parameters:
  ///   - directory: `cache_dir` of `[dist]`, absolute; made when it is needed.
  ///   - limit: bytes of all archives together: `toolchain_cache_size` of `[dist]`.
  ///   - digests: what remembers the digests of files from one question to the next.
  package init(directory: String, limit: Int64, digests: any ContentDigesting = StampedDigests()) {
    root = Path.join(directory, "client")
    archives = ArchiveDirectory(path: Path.join(root, "tc"))
    packing = PackingDirectory(path: Path.join(root, "packing"))
    self.digests = digests
    self.limit = limit
  }

  /// The archive of a toolchain; packs it if it isn't there (not yet, or no longer). Blocks, for
  /// seconds when it packs: one process packs, the others wait for it.
  /// - Parameter progress: bytes packed, of how many; about once a megabyte, on this thread.
  /// - Throws: `exceedsLimit` when it alone is larger than the cache, and whatever packing throws;
  ///   nothing is evicted or left behind then.
  package func archive(
    of contents: ToolchainContents, form: ToolchainArchive.Form,
    progress: (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
  ) throws(ToolchainError) -> PackedToolchain {
    let key = try WeakKey(of: contents, form: form, digests: digests)
    if let known = find(key) { return known }
    let lock = try system { () throws(SystemError) in try packing.lock(key.digest) }
    // Somebody else may have packed it while we waited.
    if let known = find(key) { return known }
    packing.sweep()
    let packed = try pack(contents, form, progress)
    remember(key, packed.identifier)
    archives.evict(limit: limit, keeping: packed.identifier)
    _ = consume lock
    return packed
  }

  /// The archive's bytes; nil when it was evicted meanwhile: ask for it again with `archive`.
  package func open(_ identifier: String) -> Descriptor? { archives.open(identifier) }

  /// Forgets an archive that a server found damaged; it is packed again when asked for.
  package func discard(_ identifier: String) { archives.remove(identifier) }

  // MARK: packing

  private func pack(
    _ contents: ToolchainContents, _ form: ToolchainArchive.Form,
    _ progress: (Int64, Int64) -> Void
  ) throws(ToolchainError) -> PackedToolchain {
    let file = try system { () throws(SystemError) in try packing.makeFile() }
    do throws(ToolchainError) {
      var naming = Naming()
      let size = try ToolchainArchive(contents, form: form).write(
        to: file.descriptor, path: file.path, limit: limit, observe: { naming.update($0) },
        progress: progress)
      let identifier = naming.finish()
      // After a crash there must be no archive whose bytes aren't those of its name.
      guard fsync(file.descriptor.number) == 0 else {
        throw .system(SystemError("write", file.path))
      }
      let path = try system { () throws(SystemError) in
        try archives.adopt(file.path, as: identifier)
      }
      return PackedToolchain(identifier: identifier, size: size, path: path)
    } catch {
      unlink(file.path)
      throw error
    }
  }

  // MARK: the weak map

  private var mapPath: String { Path.join(root, "weak_map.json") }

  private func readMap() -> WeakMap {
    (try? Files.read(mapPath, limit: 16 << 20)).map(WeakMap.init(json:)) ?? WeakMap()
  }

  private func find(_ key: WeakKey) -> PackedToolchain? {
    guard let identifier = readMap()[key], let size = archives.use(identifier),
      let path = archives.path(of: identifier)
    else { return nil }
    return PackedToolchain(identifier: identifier, size: size, path: path)
  }

  /// A map that can't be written costs another packing, not this one.
  private func remember(_ key: WeakKey, _ identifier: String) {
    let lock = FileLock(mapPath + ".lock", patienceSeconds: 10)
    var map = readMap()
    map.set(key, to: identifier) {
      archives.path(of: $0).map { FileStamp(path: $0) != nil } ?? false
    }
    try? Files.write(
      map.json(), to: mapPath, temporary: "\(mapPath).\(getpid()).\(Clock.now)", mode: 0o600)
    _ = consume lock
  }
}
