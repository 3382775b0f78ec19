import Farm
package import WebServer
import Glibc
package import Logging
import Platform
package import Settings
import Synchronization
package import Transport

/// A build server behind its HTTP calls: takes jobs and toolchains, has jobs run by the sandbox, and keeps
/// the scheduler informed.
package final class WorkerService: Sendable {
  /// What a server process is known by: made anew at each start.
  package struct Credentials: Sendable {
    package var jobKey: [UInt8]
    package var nonce: UInt64
    package var certificate: SelfSignedCertificate

    package init(jobKey: [UInt8], nonce: UInt64, certificate: SelfSignedCertificate) {
      self.jobKey = jobKey
      self.nonce = nonce
      self.certificate = certificate
    }
  }

  private let settings: BuildServerSettings
  private let credentials: Credentials
  private let runner: any JobRunner
  private let trees: ToolchainTrees
  private let scheduler: SchedulerCalls
  /// For what touches disks, and for the calls of the scheduler.
  private let threads = BlockingThreads(limit: 64)
  /// One for each job that runs.
  private let jobThreads: BlockingThreads
  private let jobs = Mutex(AssignedJobs())
  private let draining = Atomic(false)
  private let counts = Mutex(Counts())
  private let logger: Logger

  private struct Counts: Sendable {
    var done: UInt64 = 0
    var refused: UInt64 = 0
    var failed: UInt64 = 0
    /// Jobs that came with zstd, whatever became of them.
    var checked: UInt64 = 0
    var uploads: UInt64 = 0
    var uploadsRefused: UInt64 = 0
  }

  private static let messageLimit = 64 << 10
  private static let inputLimit = 1 << 30
  /// Seconds that a body may take in all; what stops coming is noticed much earlier.
  private static let uploadSeconds = 3600

  package init(
    _ settings: BuildServerSettings, credentials: Credentials, runner: any JobRunner,
    trees: ToolchainTrees, slots: Int, logger: Logger
  ) {
    self.settings = settings
    self.credentials = credentials
    self.runner = runner
    self.trees = trees
    self.logger = logger
    jobThreads = BlockingThreads(limit: slots)
    scheduler = SchedulerCalls(settings, client: HTTPClient(), threads: threads)
  }

  // MARK: heartbeats

  /// Tells the scheduler again and again that this server is there, until the task is cancelled. A
  /// scheduler of ours hears every two seconds, so that it notices soon who is gone, and is found again
  /// soon after it was restarted; Mozilla's every 30 s.
  package func keepInTouch() async {
    var failures = 0
    while !Task.isCancelled {
      do throws(WorkerFailure) {
        let answer = try await scheduler.heartbeat(heartbeat)
        if answer.isNew || failures > 0 {
          logger.info(
            "the scheduler knows this server", metadata: ["url": "\(settings.schedulerURL)"])
        }
        failures = 0
      } catch {
        failures += 1
        if failures == 1 || failures % 60 == 0 {
          logger.warning(
            "the heartbeat doesn't reach the scheduler", metadata: ["reason": "\(error)"])
        }
      }
      let pause: Duration =
        if failures > 0 { .seconds(1) } else { .seconds(scheduler.takesExtensions ? 2 : 30) }
      try? await Task.sleep(for: pause)
    }
  }

  private var heartbeat: Heartbeat {
    Heartbeat(
      jobKey: credentials.jobKey[...], cpus: UInt64(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
      nonce: credentials.nonce,
      certificate: ServerCertificate(
        digest: credentials.certificate.digest[...],
        pem: credentials.certificate.certificatePEM[...]),
      extras: HeartbeatExtras(
        interval: 2000, freeMemory: FreeMemory.bytes, isDraining: draining.load(ordering: .relaxed),
        jobs: jobs.withLock { $0.running }, toolchains: Array(trees.all.prefix(64)),
        jobForm: JobForm.newest.rawValue))
  }

  /// Takes nothing new; returns when what runs is done, or after so many seconds.
  package func drain(seconds: Int) async {
    draining.store(true, ordering: .relaxed)
    _ = try? await scheduler.heartbeat(heartbeat)
    let end = Clock.monotonic + Int64(seconds) * 1_000_000_000
    while !jobs.withLock({ $0.running.isEmpty }), Clock.monotonic < end {
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  /// `/metrics`.
  private var metrics: [UInt8] {
    let counts = counts.withLock { $0 }
    var text = MetricsText()
    text.add(
      "sccache_worker_running", .gauge, "Jobs that run.", UInt64(jobs.withLock { $0.running.count })
    )
    text.add("sccache_worker_jobs_total", .counter, "Jobs that ran to their end.", counts.done)
    text.add(
      "sccache_worker_refused_total", .counter, "Jobs refused or over a limit.", counts.refused)
    text.add("sccache_worker_failed_total", .counter, "Jobs lost by the sandbox.", counts.failed)
    text.add(
      "sccache_worker_zstd_jobs_total", .counter, "Jobs that came compressed with zstd.",
      counts.checked)
    text.add("sccache_worker_toolchains", .gauge, "Toolchains unpacked.", UInt64(trees.all.count))
    text.add("sccache_worker_uploads_total", .counter, "Toolchains taken.", counts.uploads)
    text.add(
      "sccache_worker_uploads_refused_total", .counter, "Toolchains refused.", counts.uploadsRefused
    )
    return text.bytes
  }

  // MARK: calls

  package func reply(
    to head: HTTPRequestHead, _ body: HTTPBody, _ isWanted: @escaping @Sendable () -> Bool
  ) async -> HTTPReply {
    do throws(ErrorResponse) {
      if head.method == "GET", head.path == "/metrics" {
        return HTTPReply(
          status: 200, headers: [("Content-Type", MetricsText.contentType)], body: metrics)
      }
      guard let endpoint = FarmCall(method: head.method, path: head.path) else { throw .notFound }
      let format = BodyFormat(accept: head.header("accept"))
      switch endpoint {
      case .assignJob(let job): return HTTPReply(try await assign(job, head, body), format)
      case .submitToolchain(let job): return HTTPReply(try await submit(job, head, body), format)
      case .runJob(let job): return try await run(job, head, body, isWanted).reply(format)
      default: throw .notFound
      }
    } catch {
      logger.debug(
        "a call was refused", metadata: ["path": "\(head.path)", "status": "\(error.status)"])
      return HTTPReply(error)
    }
  }

  /// - Parameter isScheduler: only its calls are refused with 401: a client of Mozilla's would fail its
  ///   compilation over that, though only the server was restarted.
  private func authorize(
    _ job: JobID, _ head: HTTPRequestHead, isScheduler: Bool
  ) throws(ErrorResponse) {
    guard let token = Authorization.bearer(head.header("authorization")) else {
      throw .noAuthorization
    }
    do throws(TokenFault) {
      try JobToken(job: job).verify(token, key: credentials.jobKey)
    } catch {
      throw isScheduler ? .tokenRefused(error) : .tokenOutdated(error)
    }
  }

  private func assign(
    _ job: JobID, _ head: HTTPRequestHead, _ body: HTTPBody
  ) async throws(ErrorResponse) -> AssignmentAnswer {
    try authorize(job, head, isScheduler: true)
    guard FarmCall.assignJob(job).accepts(contentType: head.header("content-type")) else {
      throw .noBinaryContentType
    }
    let request: ToolchainRequest
    do {
      request = try ToolchainRequest(body: try await body.collect(limit: Self.messageLimit))
    } catch let error as MalformedMessage {
      throw .malformedBody(error)
    } catch {
      throw .described(500, ["the body of the request can't be read", "\(error)"])
    }
    guard !draining.load(ordering: .relaxed) else {
      throw .described(503, ["this server takes no new jobs"])
    }
    guard jobs.withLock({ $0.add(job, request.archive, now: Clock.monotonic) }) else {
      throw .described(500, ["the job is there already, or there are too many"])
    }
    return AssignmentAnswer(needsToolchain: !trees.has(request.archive))
  }

  private func submit(
    _ job: JobID, _ head: HTTPRequestHead, _ body: HTTPBody
  ) async throws(ErrorResponse) -> ToolchainAnswer {
    try authorize(job, head, isScheduler: false)
    guard let archive = jobs.withLock({ $0.archive(of: job) }) else { return .jobNotFound }
    // Ours counts the time of the upload from here; with Mozilla's the time to claim the job would
    // run already.
    if scheduler.takesExtensions { try await report(.ready, of: job) }
    let isKept = await receive(archive, body)
    try await report(.ready, of: job)
    if !isKept { await giveUp(job) }
    return isKept ? .success : .cannotCache
  }

  /// A job that can't run any more: the scheduler shall not wait for it to be claimed, its slot is free.
  private func giveUp(_ job: JobID) async {
    jobs.withLock { $0.end(job) }
    await reportEnd([.started, .complete], of: job)
  }

  /// Tells the scheduler that a job is over, by these states one after the other. Nothing depends on
  /// whether it hears.
  private func reportEnd(_ states: [JobState], of job: JobID) async {
    do throws(WorkerFailure) {
      for state in states { try await scheduler.report(state, of: job) }
    } catch {
      logger.warning(
        "the scheduler wasn't told of a job's end",
        metadata: ["job": "\(job)", "reason": "\(error)"])
    }
  }

  private func report(_ state: JobState, of job: JobID) async throws(ErrorResponse) {
    do throws(WorkerFailure) {
      try await scheduler.report(state, of: job)
    } catch {
      throw .stateUpdateFailed(["\(error)"])
    }
  }

  private func receive(_ archive: ArchiveID, _ body: HTTPBody) async -> Bool {
    do {
      let receiver = try ArchiveReceiver(in: trees.directory)
      // What can't be kept (a full disk) is read to its end all the same: most clients don't look at an answer
      // that comes while they still send, and would wait until the deadline of their upload.
      let fault = Mutex<(any Error)?>(nil)
      try await body.read(limit: settings.toolchainCacheSize, seconds: Self.uploadSeconds) {
        piece in
        guard fault.withLock({ $0 == nil }) else { return }
        do {
          try await self.threads.run { Result { try receiver.take(piece) } }.get()
        } catch {
          fault.withLock { $0 = error }
        }
      }
      if let fault = fault.withLock({ $0 }) { throw fault }
      try await threads.run { [self] in
        Result {
          guard receiver.finish() == archive else {
            throw WorkerFailure("the archive is not the one that was announced")
          }
          try trees.add(archive, archive: receiver.spool.file, runner: runner)
        }
      }.get()
      counts.withLock { $0.uploads += 1 }
      logger.info("a toolchain was unpacked", metadata: ["id": "\(archive)"])
      return true
    } catch {
      counts.withLock { $0.uploadsRefused += 1 }
      logger.warning(
        "a toolchain was refused", metadata: ["id": "\(archive)", "reason": "\(error)"])
      return false
    }
  }

  // MARK: jobs

  private func run(
    _ job: JobID, _ head: HTTPRequestHead, _ body: HTTPBody,
    _ isWanted: @escaping @Sendable () -> Bool
  ) async throws(ErrorResponse) -> JobAnswer {
    try authorize(job, head, isScheduler: false)
    guard let form = JobForm(header: head.header(JobForm.header)) else { throw .unknownJobForm }
    guard let archive = jobs.withLock({ $0.begin(job) }) else { return .notFound(form) }
    defer { jobs.withLock { $0.end(job) } }
    guard trees.use(archive) else {
      await giveUp(job)
      return .notFound(form)
    }
    defer { trees.release(archive) }
    try await report(.started, of: job)
    if form == .checked { counts.withLock { $0.checked += 1 } }
    let answer = await perform(archive, form, body, isWanted)
    await reportEnd([.complete], of: job)
    return try answer.get()
  }

  private func perform(
    _ archive: ArchiveID, _ form: JobForm, _ body: HTTPBody,
    _ isWanted: @escaping @Sendable () -> Bool
  ) async -> Result<JobAnswer, ErrorResponse> {
    let receiver: RunJobReceiver
    let header: RunJobHeader
    do {
      receiver = try RunJobReceiver(in: trees.directory, form: form, limit: Self.inputLimit)
      try await body.read(limit: Self.inputLimit, seconds: Self.uploadSeconds) { piece in
        try await self.threads.run { Result { try receiver.take(piece) } }.get()
      }
      header = try receiver.finish()
    } catch let error as RunJobFault {
      return .failure(.badRunJob(error))
    } catch {
      return .failure(.described(500, ["failed to read the job", "\(error)"]))
    }
    let work = SandboxedJob(
      archive: archive, command: header.command, outputs: header.outputs, inputs: receiver.spool)
    return await jobThreads.run { [self] in
      let result = runner.run(work, isWanted: isWanted)
      count(result.ending)
      return Result { () throws(ErrorResponse) in try JobAnswer(result, form) }
    }
  }

  private func count(_ ending: SandboxedResult.Ending) {
    switch ending {
    case .exited, .killed:
      counts.withLock { $0.done += 1 }
    case .refused(let reason):
      counts.withLock { $0.refused += 1 }
      logger.info("a job was refused", metadata: ["reason": "\(reason)"])
    case .failed(let reason):
      counts.withLock { $0.failed += 1 }
      logger.warning("a job failed", metadata: ["reason": "\(reason)"])
    }
  }
}
