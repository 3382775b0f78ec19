import CacheKey
import Platform
import Storage
import Synchronization

/// A manifest with its paths resolved for one call's places, ready to be checked by `stat` alone.
final class ResolvedManifest: Sendable {
  struct Result: Sendable {
    /// Its index in the manifest.
    let position: Int
    let entry: Digest
    let isQuiet: Bool
    let place: Digest?
    let presentation: Digest?
    let files: [(record: FileRecord, exact: Digest, relaxed: Digest)]
    let expected: [Expectation]
    let conditions: [Manifest.Condition]
    let cost: Manifest.Cost?
  }

  /// What one directory must have and lack, and the state of it in which that was last found so.
  final class Expectation: Sendable {
    private let directory: DirectoryRecord
    private let absent: [String]
    private let present: [String]
    private let verified = Atomic<Int>(0)

    init(directory: DirectoryRecord, absent: [String], present: [String]) {
      self.directory = directory
      self.absent = absent
      self.present = present
    }

    func holds() -> Bool {
      // Where a link leads can change without a change of its directory.
      guard present.allSatisfy(directory.hasAsExpected) else { return false }
      let generation = directory.generation()
      if verified.load(ordering: .relaxed) == generation { return true }
      // Compilers warn of a search directory that is a file, and when asked of one that is missing.
      guard directory.lacksAll(absent, at: generation) else { return false }
      // Only when nothing happened meanwhile.
      if directory.generation() == generation { verified.store(generation, ordering: .relaxed) }
      return true
    }
  }

  /// How well a result's files match.
  enum Match { case exact, commentsOnly }

  let results: [Result]
  let fileCount: Int

  init(
    _ manifest: Manifest, places: Places, files: FileRecords, directories: DirectoryRecords,
    as kind: FileKind
  ) {
    results = manifest.results.enumerated().compactMap { position, result in
      var resolved: [(record: FileRecord, exact: Digest, relaxed: Digest)] = []
      resolved.reserveCapacity(result.files.count)
      for file in result.files {
        guard let path = places.used(file.path) else { return nil }
        let absolute = Path.absolute(path, in: places.directory)
        resolved.append((files.record(absolute, as: kind), file.exact, file.relaxed))
      }
      var expected: [Expectation] = []
      for names in result.expected {
        guard let path = places.used(names.directory) else { return nil }
        expected.append(
          Expectation(
            directory: directories.record(Path.absolute(path, in: places.directory)),
            absent: names.absent, present: names.present))
      }
      return Result(
        position: position, entry: result.entry, isQuiet: result.isQuiet, place: result.place,
        presentation: result.presentation, files: resolved, expected: expected,
        conditions: result.conditions, cost: result.cost)
    }
    fileCount = results.reduce(0) { $0 + $1.files.count }
  }

  /// The first result for these places and this presentation whose files are as they were and whose
  /// directories have and lack what they should.
  ///
  /// - Parameter holds: whether a condition is as it was.
  func match(
    places: Places, presentation: Digest, strictness: Strictness,
    holds: (Manifest.Condition) -> Bool = { _ in false }
  ) -> (result: Result, match: Match)? {
    var placeDigest: Digest?
    for result in results {
      if let place = result.place {
        let own = placeDigest ?? places.digest
        placeDigest = own
        guard place == own else { continue }
      }
      if let wanted = result.presentation, wanted != presentation { continue }
      guard result.conditions.allSatisfy(holds) else { continue }
      guard let match = compare(result, result.isQuiet ? strictness : .exact),
        result.expected.allSatisfy({ $0.holds() })
      else { continue }
      return (result, match)
    }
    return nil
  }

  private func compare(_ result: Result, _ strictness: Strictness) -> Match? {
    var match = Match.exact
    for file in result.files {
      guard let version = file.record.current() else { return nil }
      if version.exact == file.exact { continue }
      if case .exact = strictness { return nil }
      guard version.digest(strictness) == file.relaxed else { return nil }
      match = .commentsOnly
    }
    return match
  }
}

/// Resolved manifests by key and places, until their file is replaced; bounded by the number of files
/// that they name.
final class ManifestMemo: Sendable {
  private struct Key: Hashable {
    var manifest: Digest
    var places: Places
  }

  private struct Item {
    var stamp: FileStamp
    var manifest: ResolvedManifest
  }

  private struct State {
    var items: [Key: Item] = [:]
    var files = 0
  }

  private let state = Mutex(State())
  private static let fileLimit = 200_000

  /// The manifest as its file is now.
  func manifest(
    _ key: Digest, places: Places, store: LocalStore, files: FileRecords,
    directories: DirectoryRecords, as kind: FileKind
  ) -> ResolvedManifest? {
    guard let stamp = store.manifestStamp(key) else { return nil }
    let memoKey = Key(manifest: key, places: places)
    if let item = state.withLock({ $0.items[memoKey] }), item.stamp == stamp {
      return item.manifest
    }
    guard let bytes = try? store.manifest(key),
      let manifest = try? Manifest(decoding: bytes, key: key)
    else { return nil }
    let resolved = ResolvedManifest(
      manifest, places: places, files: files, directories: directories, as: kind)
    guard stamp.isSettled(at: Clock.coarse) else { return resolved }
    state.withLock { state in
      if state.files > Self.fileLimit { state = State() }
      state.files += resolved.fileCount - (state.items[memoKey]?.manifest.fileCount ?? 0)
      state.items[memoKey] = Item(stamp: stamp, manifest: resolved)
    }
    return resolved
  }
}
