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
  /// The caller has seen what was printed.
  var isShown = false

  /// As it is answered to the caller.
  var reply: Outcome {
    guard isShown else { return outcome }
    var shown = outcome
    shown.standardOutput = []
    shown.standardError = []
    return shown
  }
}

extension CompilePipeline {
  /// Compiles on the farm if that is possible, else here; nil when the caller has gone.
  ///
  /// - Parameter isRecorded: the result is to be stored.
  func run(_ cacheable: CacheableCall, added: [String], isRecorded: Bool) -> FinishedRun? {
    run(cacheable, added: added, isRecorded: isRecorded) {
      let asked = cacheable.compilation.dependencyFile == nil ? added : []
      return RemoteRun(cacheable, pipeline: self).perform(added: asked, isRecorded: isRecorded)
    }
  }

  /// The same for work of any kind. Every reason against the farm is counted where there is one.
  ///
  /// - Parameter remote: tries the farm.
  func run<Work: CacheableWork>(
    _ work: Work, added: [String], isRecorded: Bool, remote: () -> RemoteRun.Result
  ) -> FinishedRun? {
    var localJob: WorkSlot?
    if distribution != nil || work.call.settings.remoteOnly {
      let result: RemoteRun.Result =
        work.call.environment.bytes("SCCACHE_NO_DIST_COMPILE") == nil
        ? remote() : .stays("SCCACHE_NO_DIST_COMPILE is set")
      switch result {
      case .done(let run, let server):
        statistics.record { $0.distCompiled(server: server) }
        return run
      case .stays(let reason, let slot):
        localJob = slot
        note(reason, reason, work)
      case .failed(let failure):
        note(failure.reason, "\(failure)", work)
        if work.call.settings.remoteOnly, failure.isOfTheFarm {
          return FinishedRun(outcome: refusal(failure, work))
        }
        if !work.call.channel.isClosed { statistics.record { $0.localFallback() } }
      }
      if work.call.channel.isClosed { return nil }
    }
    defer { localJob?.giveBack() }
    let local = LocalRun(work, pipeline: self)
    return local.perform(added: added, isRecorded: isRecorded).map {
      FinishedRun(
        outcome: $0, startStamp: local.startStamp, duration: local.duration,
        snapshot: local.snapshot, isShown: work.isStreamed)
    }
  }

  private func note(_ reason: String, _ details: String, _ work: some CacheableWork) {
    statistics.record { $0.notOnFarm(reason: reason) }
    logger.info(
      "not compiled on the farm",
      metadata: ["reason": "\(details)", "input": "\(work.input)"])
  }

  /// What a person sees who wants nothing compiled here.
  private func refusal(_ failure: FarmFailure, _ work: some CacheableWork) -> Outcome {
    let text = """
      sccache: error: \(work.input) was not compiled: \(failure)
      sccache: caused by: remote_only allows no compilation here; SCCACHE_DIST_REMOTE_ONLY=0 does, \
      SCCACHE_NO_DIST_COMPILE=1 for a single call

      """
    return Outcome(
      ending: Ending(exitCode: 2), standardError: Array(text.utf8),
      notice: work.call.noticeBytes)
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
