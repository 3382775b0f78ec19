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
      cacheable.absolute(cacheable.compilation.input), isOpaque: cacheable.countsBytes
    ).current()
  }

  /// `-DSTAMP=__TIME__`.
  private func usesTimeInArguments(_ cacheable: CacheableCall) -> Bool {
    cacheable.compilation.keyArguments.contains { argument in
      argument.contains(bytes: "__TIME__") || argument.contains(bytes: "__DATE__")
        || argument.contains(bytes: "__TIMESTAMP__")
    }
  }

  /// Whether the call was answered from the cache by its manifest.
  func serveDirect(_ cacheable: CacheableCall, _ key: Digest, started: Int64) -> Bool {
    guard
      let manifest = manifests.manifest(
        key, places: cacheable.places, store: store, files: files, directories: directories,
        isOpaque: cacheable.countsBytes),
      let found = manifest.match(
        places: cacheable.places, presentation: cacheable.presentation.digest,
        strictness: cacheable.strictness)
    else { return false }
    guard
      restore(
        cacheable, found.result.entry, started: started, manifest: key)
    else { return false }
    statistics.record { statistics in
      statistics.hitKind(found.match == .exact ? .direct : .commentOnly)
    }
    return true
  }

  /// Puts an entry's outputs back and answers; false when that is not possible, which is a miss.
  func restore(
    _ cacheable: CacheableCall, _ key: Digest, started: Int64, manifest: Digest? = nil
  ) -> Bool {
    do throws(StoreError) {
      guard let entry = try store.entry(key) else { return false }
      let restoration = Restoration(cacheable, store: store)
      guard let outcome = try restoration.putBack(entry) else { return false }
      cacheable.call.channel.send(outcome.frame(.result))
      let duration = Duration.nanoseconds(Clock.monotonic - started)
      statistics.record {
        $0.hit(
          language: cacheable.language, advanced: cacheable.advancedLanguage, duration: duration)
      }
      store.touch(entry)
      if let manifest { store.touchManifest(manifest) }
      return true
    } catch {
      logger.warning("an entry can't be used", metadata: ["reason": "\(error)"])
      statistics.record {
        if case .damaged = error { $0.corruptEntry() } else { $0.storageError() }
        $0.cacheError(language: cacheable.language, advanced: cacheable.advancedLanguage)
      }
      return false
    }
  }
}

extension CacheableCall {
  /// The input's bytes count as they are: assembler has comments of its own.
  var countsBytes: Bool {
    compilation.language == .assembler || compilation.language == .assemblerWithPreprocessor
  }
}
