import Compilers
import Farm
import Logging
import Platform
import Settings
import Wire

/// What a compilation left, wherever it was done.
struct FinishedRun {
  var outcome: Outcome
  /// When it was started, as files are stamped.
  var startStamp: Int64 = 0
  var duration: Duration = .zero
  var snapshot: DirectorySnapshot?
}

extension CompilePipeline {
  /// Compiles on the farm if that is possible, else here; nil when the caller has gone. Every reason
  /// against the farm is counted where there is one.
  ///
  /// - Parameter isRecorded: the result is to be stored.
  func run(_ cacheable: CacheableCall, added: [String], isRecorded: Bool) -> FinishedRun? {
    var localJob: WorkSlot?
    if distribution != nil || cacheable.call.settings.remoteOnly {
      var remote = RemoteRun(cacheable, pipeline: self)
      let asked = cacheable.compilation.dependencyFile == nil ? added : []
      switch remote.perform(added: asked, isRecorded: isRecorded) {
      case .done(let outcome, let server):
        statistics.record { $0.distCompiled(server: server) }
        return FinishedRun(
          outcome: outcome, startStamp: remote.startStamp, duration: remote.duration,
          snapshot: remote.snapshot)
      case .stays(let reason, let slot):
        localJob = slot
        note(reason, reason, cacheable)
      case .failed(let failure):
        note(failure.reason, "\(failure)", cacheable)
        if cacheable.call.settings.remoteOnly, failure.isOfTheFarm {
          return FinishedRun(outcome: refusal(failure, cacheable))
        }
        if !cacheable.call.channel.isClosed { statistics.record { $0.localFallback() } }
      }
      if cacheable.call.channel.isClosed { return nil }
    }
    defer { localJob?.giveBack() }
    let local = LocalRun(cacheable, pipeline: self)
    return local.perform(added: added, isRecorded: isRecorded).map {
      FinishedRun(
        outcome: $0, startStamp: local.startStamp, duration: local.duration,
        snapshot: local.snapshot)
    }
  }

  private func note(_ reason: String, _ details: String, _ cacheable: CacheableCall) {
    statistics.record { $0.notOnFarm(reason: reason) }
    logger.info(
      "not compiled on the farm",
      metadata: ["reason": "\(details)", "input": "\(cacheable.compilation.input)"])
  }

  /// What a person sees who wants nothing compiled here.
  private func refusal(_ failure: FarmFailure, _ cacheable: CacheableCall) -> Outcome {
    let text = """
      sccache: error: \(cacheable.compilation.input) was not compiled: \(failure)
      sccache: caused by: remote_only allows no compilation here; SCCACHE_DIST_REMOTE_ONLY=0 does, \
      SCCACHE_NO_DIST_COMPILE=1 for a single call

      """
    return Outcome(
      ending: Ending(exitCode: 2), standardError: Array(text.utf8),
      notice: cacheable.call.noticeBytes)
  }
}

extension FarmFailure {
  /// False for what the source or its author brought about: a person shall see what the compiler here has
  /// to say.
  fileprivate var isOfTheFarm: Bool {
    switch self {
    case .notClean, .cancelled: false
    default: true
    }
  }
}
