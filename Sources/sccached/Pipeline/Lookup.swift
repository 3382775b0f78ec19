import CacheKey
import Compilers
import Logging
import Platform
import Settings
import Storage
import Wire

/// How a call's result is found in the cache.
enum LookupPlan {
  /// By the manifest of this key.
  case direct(manifest: Digest)
  /// By the preprocessed text.
  case preprocessed
}

extension CompilePipeline {
  func lookUp(_ cacheable: CacheableCall, started: Int64) {
    guard let plan = plan(cacheable) else {
      // The source can't be read: the compiler shall say so.
      statistics.record {
        $0.cacheError(language: cacheable.language, advanced: cacheable.advancedLanguage)
      }
      decline(cacheable.call, cacheable.program)
      return
    }
    switch plan {
    case .direct(let key):
      if cacheable.call.settings.recache {
        statistics.record { $0.forcedRecache() }
      } else if serveDirect(cacheable, key, started: started) {
        return
      }
      missDirect(cacheable, key)
    case .preprocessed:
      servePreprocessed(cacheable, started: started)
    }
  }

  private func plan(_ cacheable: CacheableCall) -> LookupPlan? {
    guard let source = sourceVersion(cacheable) else { return nil }
    let key = cacheable.inputs.manifestKey(source: source.digest(cacheable.strictness))
    let direct = cacheable.call.settings.useDirectMode && !usesTimeInArguments(cacheable)
    // Text that is preprocessed already needs no other way.
    if !cacheable.compilation.language.isPreprocessed, !direct || indirect.contains(key) {
      return .preprocessed
    }
    return .direct(manifest: key)
  }

  func sourceVersion(_ cacheable: CacheableCall) -> FileVersion? {
    files.record(
      cacheable.absolute(cacheable.compilation.input), as: cacheable.inputKind
    ).current()
  }

  /// `-DSTAMP=__TIME__`.
  private func usesTimeInArguments(_ cacheable: CacheableCall) -> Bool {
    cacheable.compilation.keyArguments.contains { argument in
      argument.contains(bytes: "__TIME__") || argument.contains(bytes: "__DATE__")
        || argument.contains(bytes: "__TIMESTAMP__")
    }
  }

  /// Whether the call was answered from the cache by a manifest.
  func serveDirect(_ cacheable: some CacheableWork, _ key: Digest, started: Int64) -> Bool {
    if let waiting = store.pendingResults(of: key),
      let found = compare(resolve(waiting, cacheable), cacheable)
    {
      if serve(cacheable, found, started: started) { return true }
    }
    for (index, level) in store.levels.enumerated() {
      switch level {
      case .disk(let disk):
        guard
          let manifest = manifests.manifest(
            key, places: cacheable.places, store: disk, files: files, directories: directories,
            as: cacheable.inputKind),
          let found = compare(manifest, cacheable)
        else { continue }
        if serve(cacheable, found, started: started, touching: (disk, key)) { return true }
      case .remote(let remote):
        guard let found = remoteMatch(cacheable, key, index, remote) else { continue }
        if serve(
          cacheable, (found.result, found.kind), started: started, listing: (found.listing, index))
        {
          return true
        }
      }
    }
    return false
  }

  private typealias FoundResult = (
    result: ResolvedManifest.Result, match: ResolvedManifest.Match
  )

  private func resolve(_ manifest: Manifest, _ cacheable: some CacheableWork) -> ResolvedManifest {
    ResolvedManifest(
      manifest, places: cacheable.places, files: files, directories: directories,
      as: cacheable.inputKind)
  }

  private func compare(
    _ manifest: ResolvedManifest, _ cacheable: some CacheableWork
  ) -> FoundResult? {
    manifest.match(
      places: cacheable.places, presentation: cacheable.presentation.digest,
      strictness: cacheable.strictness, holds: cacheable.holds)
  }

  /// A store that fails has no manifest, which is counted.
  private func remoteMatch(
    _ cacheable: some CacheableWork, _ key: Digest, _ index: Int, _ remote: RemoteLevel
  ) -> RemoteManifests.Match? {
    do throws(StoreError) {
      return try remoteManifests.match(
        key, level: index, of: remote, places: cacheable.places, place: cacheable.call.slot,
        resolve: { resolve($0, cacheable) }, compare: { compare($0, cacheable) })
    } catch {
      note(error)
      return nil
    }
  }

  private func serve(
    _ cacheable: some CacheableWork, _ found: FoundResult, started: Int64,
    touching manifest: (store: LocalStore, key: Digest)? = nil,
    listing: (TieredStore.Listing, level: Int)? = nil
  ) -> Bool {
    guard
      restore(
        cacheable, found.result.entry, cost: found.result.cost, started: started, listing: listing)
    else { return false }
    if let manifest { manifest.store.touchManifest(manifest.key) }
    statistics.record { statistics in
      statistics.hitKind(found.match == .exact ? .direct : .commentOnly)
    }
    return true
  }

  /// Puts an entry's outputs back and answers; false when that is not possible, which is a miss.
  ///
  /// - Parameter listing: how a remote manifest lists it, and at which level.
  func restore(
    _ cacheable: some CacheableWork, _ key: Digest, cost: Manifest.Cost? = nil, started: Int64,
    listing: (TieredStore.Listing, level: Int)? = nil
  ) -> Bool {
    do throws(StoreError) {
      let restoration = Restoration(cacheable, store: store.scratch)
      guard
        let found = try store.entry(
          key, cost: cost, receiver: restoration.received, place: cacheable.call.slot)
      else { return false }
      guard let outcome = try restoration.putBack(found.entry) else { return false }
      cacheable.call.channel.send(outcome.frame(.result))
      let duration = Duration.nanoseconds(Clock.monotonic - started)
      statistics.record {
        $0.hit(
          language: cacheable.language, advanced: cacheable.advancedLanguage, duration: duration)
      }
      finishHit(found, listing)
      return true
    } catch {
      note(error)
      statistics.record {
        $0.cacheError(language: cacheable.language, advanced: cacheable.advancedLanguage)
      }
      return false
    }
  }

  /// After the reply: what was found far away is put nearer, what lies on the disk counts as used.
  private func finishHit(
    _ found: borrowing TieredStore.Found, _ listing: (TieredStore.Listing, level: Int)?
  ) {
    if let level = found.level, case .disk(let disk) = store.levels[level] {
      disk.touch(found.entry)
    }
    if listing != nil || found.level ?? 0 > 0 { store.backfill(found, listing: listing) }
  }

  private func note(_ error: StoreError) {
    logger.warning("an entry can't be used", metadata: ["reason": "\(error)"])
    statistics.record { statistics in
      switch error {
      case .damaged: statistics.corruptEntry()
      case .remote(_, .timedOut):
        statistics.storageError()
        statistics.timeout()
      default: statistics.storageError()
      }
    }
  }
}

extension CacheableCall {
  /// The input's bytes count as they are: assembler has comments of its own.
  var countsBytes: Bool {
    compilation.language == .assembler || compilation.language == .assemblerWithPreprocessor
  }
}
