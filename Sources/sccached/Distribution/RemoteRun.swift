import CacheKey
import Compilers
import Farm
import Glibc
import Logging
import Platform
import Settings
import Wire

/// Compiles one call on the farm: resolves its includes here, has the text compiled there, and puts the
/// outputs in their places.
struct RemoteRun {
  private let cacheable: CacheableCall
  private let pipeline: CompilePipeline

  init(_ cacheable: CacheableCall, pipeline: CompilePipeline) {
    self.cacheable = cacheable
    self.pipeline = pipeline
  }

  private var call: Call { cacheable.call }

  /// How it went.
  enum Result {
    case done(Outcome, server: String)
    /// It is compiled here whatever the farm could do, with the local job that this takes if any.
    case stays(String, localJob: WorkSlot? = nil)
    /// The farm could do it, but not now.
    case failed(FarmFailure)
  }

  /// When the preprocessor was started, as files are stamped.
  private(set) var startStamp: Int64 = 0
  private(set) var duration: Duration = .zero
  private(set) var snapshot: DirectorySnapshot?

  /// Compiles on the farm. The caller's own dependency file and the one of `added` are written whenever
  /// the text was made.
  ///
  /// - Parameter isRecorded: the result is to be stored.
  mutating func perform(added: [String], isRecorded: Bool) -> Result {
    if call.environment.bytes("SCCACHE_NO_DIST_COMPILE") != nil {
      return .stays("SCCACHE_NO_DIST_COMPILE is set")
    }
    guard !cacheable.identity.isScript,
      let plan = remotePlan(for: cacheable.compilation, compiler: cacheable.compiler)
    else { return .stays(Self.neverSent) }
    guard let distribution = pipeline.distribution else { return .failed(.notConfigured) }
    if distribution.stays(cacheable.program) { return .stays("the compiler is no_dist") }
    if let hindrance = distribution.client.hindrance { return .failed(hindrance) }
    call.slot.giveBack()
    let compiler: Distribution.PackedCompiler
    let isWanted = isWanted
    let waits: (() -> Bool)? = call.settings.remoteOnly ? { isWanted() } : nil
    switch distribution.toolchain(for: cacheable, waits: waits) {
    case .missing(let reason): return .failed(.noToolchain(reason))
    case .packed(let packed): compiler = packed
    }
    if !call.settings.remoteOnly, let localJob = distribution.localJobs.takeIfFree() {
      return .stays("a local job was free", localJob: localJob)
    }
    let started = Clock.monotonic
    defer { duration = .nanoseconds(Clock.monotonic - started) }
    let reservation =
      distribution.preprocessing.isShort
      ? distribution.client.reserve(compiler.archive, isWanted: isWanted) : nil
    guard let text = preprocess(plan, added, isRecorded: isRecorded) else {
      reservation?.giveBack()
      return .stays("the preprocessor had something to say")
    }
    distribution.preprocessing.took(Clock.monotonic - started)
    guard
      keepsItsMeaning(
        text, input: cacheable.compilation.input, family: cacheable.compiler.family)
    else {
      reservation?.giveBack()
      return .stays("the text would not mean the same there")
    }
    do throws(FarmFailure) {
      let result = try compile(job(plan, compiler, text), compiler, distribution, reservation)
      try put(result, plan)
      return .done(
        Outcome(ending: Ending(exitCode: 0), notice: call.noticeBytes),
        server: result.server.description)
    } catch {
      if error != .notClean { pipeline.statistics.record { $0.distFailed() } }
      return .failed(error)
    }
  }

  /// For statistics: a kind of call that no farm gets.
  static let neverSent = "such a call is never sent"

  private var isWanted: @Sendable () -> Bool { { [channel = call.channel] in !channel.isClosed } }

  /// Where nothing may be compiled here, a full farm is asked again for as long as the scheduler may take
  /// to find a server.
  private func compile(
    _ job: RemoteJob, _ compiler: Distribution.PackedCompiler, _ distribution: Distribution,
    _ reservation: Reservation?
  ) throws(FarmFailure) -> FarmClient.Result {
    var reservation = reservation
    let end = Clock.monotonic + Int64(distribution.deadlines.allocation) * 1_000_000
    let patience = Patience(distribution, call, tokens: pipeline.tokens)
    while true {
      do throws(FarmFailure) {
        return try distribution.client.compile(
          job, archive: (compiler.archive, compiler.path), reservation: reservation,
          isWanted: { [isWanted] in isWanted() && patience.lasts })
      } catch {
        reservation = nil
        if error == .cancelled, patience.hasEnded { throw .tooSlow }
        guard case .noCapacity = error, call.settings.remoteOnly, Clock.monotonic < end,
          isWanted()
        else { throw error }
        usleep(200_000)
      }
    }
  }

  /// The text with its includes; nil when the preprocessor has anything to say: the person shall get
  /// that from a whole compilation.
  private mutating func preprocess(
    _ plan: RemotePlan, _ added: [String], isRecorded: Bool
  ) -> [UInt8]? {
    let needsToken = pipeline.needsToken(call)
    if needsToken {
      guard pipeline.tokens.acquire(whileWanted: isWanted) else { return nil }
    }
    defer { if needsToken { pipeline.tokens.release() } }
    startStamp = Clock.coarse
    if isRecorded { snapshot = pipeline.snapshot(cacheable, startStamp: startStamp) }
    guard
      let result = try? Spawn.run(
        cacheable.program, added + dependencyArguments + plan.preprocessor,
        environment: call.environment.variables(running: cacheable.program),
        directory: call.directory, timeoutSeconds: 600),
      result.isSuccess, result.errors.isEmpty
    else { return nil }
    return result.output
  }

  /// The caller's own dependency options, spelt out.
  private var dependencyArguments: [String] {
    guard let file = cacheable.compilation.dependencyFile else { return [] }
    return [file.omitsSystemHeaders ? "-MMD" : "-MD", "-MF", file.path]
      + file.targets.flatMap { ["-MT", $0] } + (file.hasPhonyTargets ? ["-MP"] : [])
  }

  private func folded(_ path: String) -> String {
    var parts: [Substring] = []
    for part in cacheable.absolute(path).split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  private func job(
    _ plan: RemotePlan, _ compiler: Distribution.PackedCompiler, _ text: [UInt8]
  ) -> RemoteJob {
    let environment = call.environment.variables.compactMap { variable in
      String(validating: variable, as: UTF8.self).flatMap { text in
        text.firstIndex(of: "=").map {
          CompileCommand.EnvironmentVariable(
            name: String(text[..<$0]), value: String(text[text.index(after: $0)...]))
        }
      }
    }.filter { CompilerVariables.matter($0.name) }
    return RemoteJob(
      command: CompileCommand(
        executable: compiler.executable, arguments: plan.compiler, environment: environment,
        directory: call.directory),
      outputs: plan.outputs.map { folded($0.path) },
      inputPath: folded(cacheable.compilation.input), input: text)
  }

  // MARK: results

  /// Writes all outputs, or none.
  private func put(_ result: FarmClient.Result, _ plan: RemotePlan) throws(FarmFailure) {
    var pending: [(temporary: String, target: String)] = []
    do throws(FarmFailure) {
      for output in plan.outputs {
        guard let bytes = result.outputs[folded(output.path)] else {
          if output.isRequired { throw .badResult("\(output.path) didn't come") }
          continue
        }
        guard ObjectFile.looksWhole(bytes) else {
          throw .badResult("\(output.path) is no object file, or not all of one")
        }
        pending.append(try write(bytes, output.path))
      }
      for file in pending {
        unlink(file.target)
        guard rename(file.temporary, file.target) == 0 else {
          throw .badResult("\(file.target) can't be written")
        }
      }
    } catch {
      for file in pending { unlink(file.temporary) }
      throw error
    }
  }

  private func write(
    _ bytes: [UInt8], _ path: String
  ) throws(FarmFailure) -> (temporary: String, target: String) {
    let target = cacheable.absolute(path)
    let temporary =
      Path.directory(of: target) + "/.sccache-farm-\(getpid())-\(Clock.monotonic)"
    do throws(SystemError) {
      let file = try Descriptor.open(
        temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o666 & ~call.umask)
      try file.write(bytes, path: temporary)
    } catch {
      unlink(temporary)
      throw .badResult("\(target) can't be written: \(error)")
    }
    return (temporary, target)
  }
}
