import CacheKey
import Platform
import Storage
import Synchronization

/// Manifests of remote stores, resolved for a call's places. What one says stays true for ever; another
/// version can only say more. So one that leads to a result is not asked for again, and one that doesn't
/// is, but not twice in a moment. Bounded by the number of files that they name.
final class RemoteManifests: Sendable {
  private struct Key: Hashable {
    var level: Int
    var manifest: Digest
    var places: Places
  }

  private struct Item {
    /// Nil: the store has none.
    var manifest: Manifest?
    var resolved: ResolvedManifest?
    var fetched: Int64
  }

  private struct State {
    var items: [Key: Item] = [:]
    var files = 0
  }

  private let state = Mutex(State())
  private static let fileLimit = 200_000
  private static let itemLimit = 20_000
  /// A miss asks before it compiles and once more when it may lead a flight.
  private static let freshNanoseconds: Int64 = 1_000_000_000

  /// A result that matches, and how it is listed.
  struct Match {
    let result: ResolvedManifest.Result
    let kind: ResolvedManifest.Match
    let listing: TieredStore.Listing
  }

  /// - Parameters:
  ///   - place: left while the store is asked.
  ///   - resolve: makes of a manifest what can be compared.
  ///   - compare: the first result that fits the call.
  func match(
    _ key: Digest, level: Int, of remote: RemoteLevel, places: Places, place held: any LookupPlace,
    resolve: (Manifest) -> ResolvedManifest,
    compare: (ResolvedManifest) -> (result: ResolvedManifest.Result, match: ResolvedManifest.Match)?
  ) throws(StoreError) -> Match? {
    let place = Key(level: level, manifest: key, places: places)
    let known = state.withLock { $0.items[place] }
    if let known {
      if let match = Self.match(known, compare) { return match }
      if Clock.monotonic - known.fetched < Self.freshNanoseconds { return nil }
    }
    let manifest: Manifest?
    do throws(StoreError) {
      manifest = try remote.manifest(key, place: held)
    } catch {
      // A call that has waited in vain doesn't do so again when it asks once more.
      var item = known ?? Item(manifest: nil, resolved: nil, fetched: 0)
      item.fetched = Clock.monotonic
      keep(item, place)
      throw error
    }
    let item = Item(
      manifest: manifest, resolved: manifest.map(resolve), fetched: Clock.monotonic)
    keep(item, place)
    return Self.match(item, compare)
  }

  private static func match(
    _ item: Item,
    _ compare: (ResolvedManifest) -> (
      result: ResolvedManifest.Result, match: ResolvedManifest.Match
    )?
  ) -> Match? {
    guard let manifest = item.manifest, let resolved = item.resolved, let found = compare(resolved)
    else { return nil }
    return Match(
      result: found.result, kind: found.match,
      listing: TieredStore.Listing(
        manifest: manifest.key, result: manifest.results[found.result.position]))
  }

  private func keep(_ item: Item, _ place: Key) {
    let files = item.resolved?.fileCount ?? 0
    state.withLock { state in
      if state.files + files > Self.fileLimit || state.items.count >= Self.itemLimit {
        state = State()
      }
      state.files += files - (state.items[place]?.resolved?.fileCount ?? 0)
      state.items[place] = item
    }
  }
}
