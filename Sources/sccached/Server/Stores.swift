import Platform
import Settings
import Storage

extension TieredStore {
  /// The stores that are configured. Nobody is asked: a store that is away shows when it is used.
  ///
  /// - Parameters:
  ///   - umask: for files and directories that are made.
  ///   - variable: of the daemon's environment.
  convenience init(
    _ settings: Settings, umask: UInt32, variable: @escaping @Sendable (String) -> String?
  ) throws(BackendProblem) {
    let disk = LocalStore(
      LocalStore.Options(
        directory: settings.disk.directory, sizeLimit: settings.disk.sizeLimit,
        isReadOnly: settings.disk.mode == .readOnly, zstdLevel: settings.zstdLevel, umask: umask,
        usesHardLinks: settings.disk.usesHardLinks))
    let context = BackendContext(
      variable: variable, environment: { ProcessEnvironment.variables })
    var levels: [Level] = []
    for level in settings.levels {
      switch level {
      case .disk: levels.append(.disk(disk))
      case .remote(let store):
        levels.append(.remote(try Self.remote(store, settings, scratch: disk, context)))
      }
    }
    let policy: WriteErrorPolicy =
      switch settings.multilevel?.writeErrorPolicy {
      case .ignore: .ignore
      case .all: .allDecide
      case .l0, nil: .nearestDecides
      }
    self.init(levels: levels, scratch: disk, policy: policy, zstdLevel: settings.zstdLevel)
  }

  private static func remote(
    _ store: RemoteStore, _ settings: Settings, scratch: LocalStore, _ context: BackendContext
  ) throws(BackendProblem) -> RemoteLevel {
    let limits = settings.remoteLimits
    var options = RemoteLevel.Options()
    options.deadlines.connect = limits.connectMilliseconds
    options.deadlines.lookup = limits.lookupMilliseconds
    options.deadlines.total = limits.transferMilliseconds
    options.queue.entries = limits.queueEntries
    options.queue.bytes = limits.queueBytes
    options.isReadOnly = store.mode == .readOnly
    options.leavesOutSlowHits = limits.leavesOutSlowHits
    options.signingKey = limits.signingKey.map(SigningKey.init)
    return RemoteLevel(
      name: store.kind.rawValue, service: try BlobServices.service(for: store, context),
      scratch: scratch, options: options)
  }

  /// The counters of each level, as statistics show them.
  var statistics: [LevelStatistics] {
    levels.enumerated().map { index, level in
      let counters = counters(of: level)
      func count(_ value: Int) -> UInt64 { UInt64(clamping: value) }
      return LevelStatistics(
        name: "L\(index) (\(level.name))", location: location(of: level),
        hits: count(counters.hits), misses: count(counters.misses), writes: count(counters.writes),
        writeFailures: count(counters.writeFailures + counters.dropped),
        backfillsFrom: count(counters.backfillsFrom), backfillsTo: count(counters.backfillsTo),
        hitDuration: TotalTime(nanoseconds: UInt64(clamping: counters.hitNanoseconds)),
        writeDuration: TotalTime(nanoseconds: UInt64(clamping: counters.writeNanoseconds)))
    }
  }

  /// What only we tell of remote stores.
  var remoteStates: [RemoteState] {
    remotes.map { remote in
      let counters = remote.counters
      return RemoteState(
        name: remote.name, trouble: remote.trouble,
        waiting: UInt64(clamping: remote.writesUnderWay),
        readFailures: UInt64(clamping: counters.readFailures),
        skipped: UInt64(clamping: counters.skipped), dropped: UInt64(clamping: counters.dropped),
        slowerThanCompiling: UInt64(clamping: counters.slowerThanCompiling))
    }
  }
}

extension TieredStore.Level {
  /// As chains of levels name it.
  var name: String {
    switch self {
    case .disk: "disk"
    case .remote(let level): level.name
    }
  }
}

/// How a remote store is doing.
struct RemoteState: Sendable, Equatable {
  var name: String
  /// Why it is not asked or not written at this moment.
  var trouble: String?
  /// Results that are being written or wait for it.
  var waiting: UInt64 = 0
  var readFailures: UInt64 = 0
  /// Lookups that were not made while it rested.
  var skipped: UInt64 = 0
  /// Results that were not written.
  var dropped: UInt64 = 0
  /// Entries that were not fetched, since compiling is faster.
  var slowerThanCompiling: UInt64 = 0
}
