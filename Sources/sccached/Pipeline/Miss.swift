import CacheKey
import Compilers
import Logging
import Platform
import Settings
import Storage
import Wire

extension CompilePipeline {
  /// The result is not there: compile, answer, store. Equal calls meanwhile wait for this one.
  func missDirect(_ cacheable: CacheableCall, _ key: Digest) {
    fly(
      cacheable, flight: key, again: { self.serveDirect(cacheable, key, started: Clock.monotonic) }
    ) {
      self.compileAndStore(cacheable, .manifest(key))
    }
  }

  /// Leads a flight, or waits for the one that is under way and then looks again.
  func fly(
    _ cacheable: some CacheableWork, flight: Digest, again: () -> Bool, _ compile: () -> Void
  ) {
    let key = cacheable.flightKey(flight)
    cacheable.call.slot.giveBack()
    switch flights.lead(key, whileWanted: cacheable.call.isWanted) {
    case true:
      defer { flights.end(key) }
      // It may have been stored between our lookup and now.
      if !cacheable.call.settings.recache, again() { return }
      compile()
    case false:
      if again() {
        statistics.record { $0.sharedInFlight() }
      } else {
        compile()
      }
    case nil:
      break
    }
  }

  func compileUnstored(_ cacheable: CacheableCall, reason: String) {
    if distribution != nil { statistics.record { $0.notOnFarm(reason: RemoteRun.neverSent) } }
    let run = LocalRun(cacheable, pipeline: self)
    guard let outcome = run.perform(added: []) else { return }
    cacheable.call.channel.send(outcome.frame(.result))
    noteCompiled(cacheable, outcome, run.duration)
    if outcome.ending.isSuccess { noteUnstored(cacheable, reason) }
  }

  func compileAndStore(_ cacheable: CacheableCall, _ finding: ResultFinding) {
    if !cacheable.call.settings.recache { store.noteMiss() }
    let recording = Recording(cacheable, pipeline: self)
    guard let capture = recording.capturePlan else {
      compileUnstored(cacheable, reason: "recorded command line")
      return
    }
    guard let run = run(cacheable, added: capture.addedArguments, isRecorded: true) else {
      recording.discard()
      return
    }
    let outcome = run.outcome
    let finished = Clock.monotonic
    // Before the reply: afterwards the build may change or remove what the compiler wrote.
    let captured = recording.capture(outcome, startStamp: run.startStamp)
    cacheable.call.channel.send(outcome.frame(.result))
    noteCompiled(cacheable, outcome, run.duration)
    guard outcome.ending.isSuccess else { return }
    switch captured {
    case .failure(let reason):
      noteUnstored(cacheable, reason.text)
    case .success(var captured):
      captured.snapshot = run.snapshot
      captured.duration = run.duration
      let result: Result<Storable, NotStored>
      switch finding {
      case .manifest(let key):
        do throws(NotStored) {
          try recording.complete(&captured)
        } catch {
          noteUnstored(cacheable, error.text)
          return
        }
        result = storable(captured, cacheable, manifest: key, startStamp: run.startStamp)
      case .text(let text):
        result = storable(captured, cacheable, text, startStamp: run.startStamp)
      }
      switch result {
      case .success(let storable): put(storable, cacheable, since: finished)
      case .failure(let reason):
        noteUnstored(cacheable, reason.text, isWriteError: reason.isWriteError)
      }
    }
  }

  func put(_ storable: Storable, _ cacheable: some CacheableWork, since finished: Int64) {
    store.put(storable.draft, listing: storable.listing) { [self] result in
      switch result {
      case .success:
        let duration = Duration.nanoseconds(Clock.monotonic - finished)
        let evicted = store.scratch.takeEvictions()
        statistics.record { statistics in
          statistics.wrote(duration: duration)
          if evicted > 0 { statistics.evicted(UInt64(evicted)) }
        }
      case .failure(let error):
        noteUnstored(cacheable, error.description, isWriteError: true)
      }
    }
  }

  func noteCompiled(
    _ cacheable: some CacheableWork, _ outcome: Outcome, _ duration: Duration
  ) {
    statistics.record { statistics in
      if outcome.ending.isSuccess {
        statistics.miss(language: cacheable.language, advanced: cacheable.advancedLanguage)
        statistics.compiled(duration: duration)
      } else {
        statistics.compileFailed()
      }
    }
  }

  func noteUnstored(
    _ cacheable: some CacheableWork, _ reason: String, isWriteError: Bool = false
  ) {
    logger.debug(
      "not stored", metadata: ["reason": "\(reason)", "input": "\(cacheable.input)"])
    statistics.record { statistics in
      if isWriteError {
        statistics.writeError()
      } else {
        statistics.nonCacheableCompilation()
        statistics.declined(reason: reason)
      }
    }
  }
}

/// By what a result will be found.
enum ResultFinding {
  /// The manifest of this key.
  case manifest(Digest)
  case text(PreprocessedText)
}

/// Why a successful compilation was not stored.
struct NotStored: Error {
  var text: String
  var isWriteError = false
}
