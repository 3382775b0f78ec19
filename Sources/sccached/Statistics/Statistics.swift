/// What the daemon has done since its counters were last zeroed.
///
/// The counters mean what those of the same name mean in Mozilla's sccache; scripts compare them.
/// What only we count stands apart in `extra`. Every event is one call; callers never touch a
/// counter. All sums stay at their largest value instead of overflowing.
struct Statistics: Sendable, Equatable {
  fileprivate(set) var compileRequests: UInt64 = 0
  fileprivate(set) var requestsUnsupportedCompiler: UInt64 = 0
  fileprivate(set) var requestsNotCompile: UInt64 = 0
  fileprivate(set) var requestsNotCacheable: UInt64 = 0
  fileprivate(set) var requestsExecuted: UInt64 = 0
  fileprivate(set) var cacheErrors = LanguageCounts()
  fileprivate(set) var cacheHits = LanguageCounts()
  fileprivate(set) var cacheMisses = LanguageCounts()
  fileprivate(set) var cacheTimeouts: UInt64 = 0
  fileprivate(set) var cacheReadErrors: UInt64 = 0
  fileprivate(set) var nonCacheableCompilations: UInt64 = 0
  fileprivate(set) var forcedRecaches: UInt64 = 0
  fileprivate(set) var cacheWriteErrors: UInt64 = 0
  fileprivate(set) var cacheWrites: UInt64 = 0
  fileprivate(set) var cacheWriteDuration = TotalTime()
  fileprivate(set) var cacheReadHitDuration = TotalTime()
  fileprivate(set) var compilations: UInt64 = 0
  fileprivate(set) var compilerWriteDuration = TotalTime()
  fileprivate(set) var compileFails: UInt64 = 0
  fileprivate(set) var notCached = Tally()
  fileprivate(set) var distCompiles = Tally()
  fileprivate(set) var distErrors: UInt64 = 0
  fileprivate(set) var extra = Extra()

  init() {}

  /// Counters that Mozilla's sccache does not have.
  struct Extra: Sendable, Equatable {
    /// Hits found through a manifest, without preprocessing.
    fileprivate(set) var directHits: UInt64 = 0
    /// Hits found after preprocessing.
    fileprivate(set) var preprocessedHits: UInt64 = 0
    /// Hits although a source changed, since only comments or white space did.
    fileprivate(set) var commentOnlyHits: UInt64 = 0
    /// Compilations that waited for an equal one under way and took its result.
    fileprivate(set) var sharedInFlight: UInt64 = 0
    /// Compilations that were for the farm and that it could not do: beside the reason in `notOnFarm`.
    fileprivate(set) var localFallbacks: UInt64 = 0
    /// Compilations that were done here although a farm is configured, by reason.
    fileprivate(set) var notOnFarm = Tally()
    /// Entries or manifests that failed their check and were thrown away.
    fileprivate(set) var corruptEntries: UInt64 = 0
    /// Lookups that a storage answered with an error and that went on as misses.
    fileprivate(set) var storageErrors: UInt64 = 0
    /// Entries removed to stay below the size limit.
    fileprivate(set) var evictions: UInt64 = 0
    /// Calls handed back to the wrapper before anything was counted as cacheable, by reason.
    fileprivate(set) var declined = Tally()
  }
}

// MARK: - Requests

extension Statistics {
  /// A compiler call arrived.
  mutating func request() { compileRequests.increase() }

  /// It links, asks for a version, or does something else that is no compilation.
  mutating func notCompilation() { requestsNotCompile.increase() }

  /// It compiles, but its arguments forbid caching.
  mutating func notCacheable(reason: String) {
    requestsNotCacheable.increase()
    notCached.add(reason)
  }

  /// The program is no compiler that we know.
  mutating func unsupportedCompiler() { requestsUnsupportedCompiler.increase() }

  /// It went on to be hashed.
  mutating func executed() { requestsExecuted.increase() }
}

// MARK: - Lookups

extension Statistics {
  /// The cache had it. `duration` is the time from lookup to outputs in place.
  mutating func hit(language: String, advanced: String, duration: Duration) {
    cacheHits.add(language: language, advanced: advanced)
    cacheReadHitDuration.add(duration)
  }

  /// The cache did not have it and the compiler succeeded. A run with the cache switched off and a
  /// failed compilation are no misses; a forced recache, a timeout and a corrupt entry are, beside
  /// their own event.
  mutating func miss(language: String, advanced: String) {
    cacheMisses.add(language: language, advanced: advanced)
  }

  /// Hashing failed (the preprocessor did), or an entry was unusable.
  mutating func cacheError(language: String, advanced: String) {
    cacheErrors.add(language: language, advanced: advanced)
  }

  /// The lookup took too long; the caller also counts a miss.
  mutating func timeout() { cacheTimeouts.increase() }

  /// The user asked to compile anyway; the caller also counts a miss.
  mutating func forcedRecache() { forcedRecaches.increase() }

  /// Reading an entry failed. Mozilla's never counts this one, but prints it.
  mutating func readError() { cacheReadErrors.increase() }
}

// MARK: - Runs and writes

extension Statistics {
  /// A compiler run succeeded, here or on a build server.
  mutating func compiled(duration: Duration) {
    compilations.increase()
    compilerWriteDuration.add(duration)
  }

  /// A compiler run failed, and its output was passed on.
  mutating func compileFailed() { compileFails.increase() }

  /// A run succeeded, but what it left cannot be stored.
  mutating func nonCacheableCompilation() { nonCacheableCompilations.increase() }

  mutating func wrote(duration: Duration) {
    cacheWrites.increase()
    cacheWriteDuration.add(duration)
  }

  mutating func writeError() { cacheWriteErrors.increase() }

  /// A build server (`address:port`) compiled it.
  mutating func distCompiled(server: String) { distCompiles.add(server) }

  /// The farm failed; the compilation was done here.
  mutating func distFailed() { distErrors.increase() }
}

// MARK: - What only we count

extension Statistics {
  /// How a hit was found; beside `hit`.
  enum HitKind: Sendable { case direct, preprocessed, commentOnly }

  mutating func hitKind(_ kind: HitKind) {
    switch kind {
    case .direct: extra.directHits.increase()
    case .preprocessed: extra.preprocessedHits.increase()
    case .commentOnly: extra.commentOnlyHits.increase()
    }
  }

  mutating func sharedInFlight() { extra.sharedInFlight.increase() }
  mutating func localFallback() { extra.localFallbacks.increase() }
  mutating func corruptEntry() { extra.corruptEntries.increase() }
  mutating func storageError() { extra.storageErrors.increase() }
  mutating func evicted(_ count: UInt64 = 1) { extra.evictions.increase(by: count) }
  mutating func notOnFarm(reason: String) { extra.notOnFarm.add(reason) }
  mutating func declined(reason: String) { extra.declined.add(reason) }
}

// MARK: - Fields as data

extension Statistics {
  /// Where one field lies, and of which kind it is.
  enum Path: Sendable {
    case counter(any WritableKeyPath<Statistics, UInt64> & Sendable)
    case time(any WritableKeyPath<Statistics, TotalTime> & Sendable)
    case tally(any WritableKeyPath<Statistics, Tally> & Sendable)
    case languages(any WritableKeyPath<Statistics, LanguageCounts> & Sendable)
  }

  /// A field with its key in JSON and in the saved file.
  struct Field: Sendable {
    var key: String
    var path: Path
    /// The name in the text, for our own fields; Mozilla's rows are laid out by hand.
    var label = ""
  }

  /// Mozilla's fields in the order of its JSON. A new field is a property and a line here: adding
  /// up, JSON and the saved file follow.
  static let fields: [Field] = [
    Field(key: "compile_requests", path: .counter(\.compileRequests)),
    Field(key: "requests_unsupported_compiler", path: .counter(\.requestsUnsupportedCompiler)),
    Field(key: "requests_not_compile", path: .counter(\.requestsNotCompile)),
    Field(key: "requests_not_cacheable", path: .counter(\.requestsNotCacheable)),
    Field(key: "requests_executed", path: .counter(\.requestsExecuted)),
    Field(key: "cache_errors", path: .languages(\.cacheErrors)),
    Field(key: "cache_hits", path: .languages(\.cacheHits)),
    Field(key: "cache_misses", path: .languages(\.cacheMisses)),
    Field(key: "cache_timeouts", path: .counter(\.cacheTimeouts)),
    Field(key: "cache_read_errors", path: .counter(\.cacheReadErrors)),
    Field(key: "non_cacheable_compilations", path: .counter(\.nonCacheableCompilations)),
    Field(key: "forced_recaches", path: .counter(\.forcedRecaches)),
    Field(key: "cache_write_errors", path: .counter(\.cacheWriteErrors)),
    Field(key: "cache_writes", path: .counter(\.cacheWrites)),
    Field(key: "cache_write_duration", path: .time(\.cacheWriteDuration)),
    Field(key: "cache_read_hit_duration", path: .time(\.cacheReadHitDuration)),
    Field(key: "compilations", path: .counter(\.compilations)),
    Field(key: "compiler_write_duration", path: .time(\.compilerWriteDuration)),
    Field(key: "compile_fails", path: .counter(\.compileFails)),
    Field(key: "not_cached", path: .tally(\.notCached)),
    Field(key: "dist_compiles", path: .tally(\.distCompiles)),
    Field(key: "dist_errors", path: .counter(\.distErrors)),
  ]

  static let extraFields: [Field] = [
    Field(key: "direct_hits", path: .counter(\.extra.directHits), label: "Direct hits"),
    Field(
      key: "preprocessed_hits", path: .counter(\.extra.preprocessedHits),
      label: "Hits after preprocessing"),
    Field(
      key: "comment_only_hits", path: .counter(\.extra.commentOnlyHits),
      label: "Hits despite changed comments"),
    Field(
      key: "shared_in_flight", path: .counter(\.extra.sharedInFlight),
      label: "Shared with a running compile"),
    Field(key: "local_fallbacks", path: .counter(\.extra.localFallbacks), label: "Local fallbacks"),
    Field(
      key: "corrupt_entries", path: .counter(\.extra.corruptEntries),
      label: "Corrupt entries dropped"),
    Field(
      key: "storage_errors", path: .counter(\.extra.storageErrors), label: "Storage read errors"),
    Field(key: "evictions", path: .counter(\.extra.evictions), label: "Evicted entries"),
    Field(
      key: "not_on_farm", path: .tally(\.extra.notOnFarm), label: "Not on the farm"),
    Field(key: "declined", path: .tally(\.extra.declined), label: "Declined"),
  ]

  static let allFields = fields + extraFields

  /// Adds another record: that of a saved file, or of another worker.
  mutating func merge(_ other: Statistics) {
    for field in Statistics.allFields {
      switch field.path {
      case .counter(let path): self[keyPath: path].increase(by: other[keyPath: path])
      case .time(let path): self[keyPath: path].merge(other[keyPath: path])
      case .tally(let path): self[keyPath: path].merge(other[keyPath: path])
      case .languages(let path): self[keyPath: path].merge(other[keyPath: path])
      }
    }
  }
}
