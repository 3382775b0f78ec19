import CacheKey
import Compilers
import Farm
import Glibc
import Logging
import Platform
import Settings
import Toolchains
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
    case done(FinishedRun, server: String)
    /// It is compiled here whatever the farm could do, with the local job that this takes if any.
    case stays(String, localJob: WorkSlot? = nil)
    /// The farm could do it, but not now.
    case failed(FarmFailure)
  }

  /// Compiles on the farm. The caller's own dependency file and the one of `added` are written whenever
  /// the text was made.
  ///
  /// - Parameter isRecorded: the result is to be stored.
  func perform(added: [String], isRecorded: Bool) -> Result {
    guard !cacheable.identity.isScript,
      let plan = remotePlan(for: cacheable.compilation, compiler: cacheable.compiler)
    else { return .stays(Self.neverSent) }
    let distribution: Distribution
    let compiler: Distribution.PackedCompiler
    switch pipeline.way(to: cacheable, source: toolchainSource) {
    case .closed(let result): return result
    case .open(let found, let packed): (distribution, compiler) = (found, packed)
    }
    let started = Clock.monotonic
    let reservation =
      distribution.preprocessing.isShort
      ? distribution.client.reserve(compiler.archive.id, isWanted: call.isWanted) : nil
    guard let (text, startStamp, snapshot) = preprocess(plan, added, isRecorded: isRecorded) else {
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
      let result = try pipeline.compile(
        job(plan, compiler, text), compiler, distribution, call, reservation)
      try RemoteOutputs(cacheable).put(result, plan.outputs)
      let run = FinishedRun(
        outcome: Outcome(ending: Ending(exitCode: 0), notice: call.noticeBytes),
        startStamp: startStamp, duration: .nanoseconds(Clock.monotonic - started),
        snapshot: snapshot)
      return .done(run, server: result.server.description)
    } catch {
      if error.isError { pipeline.statistics.record { $0.distFailed() } }
      return .failed(error)
    }
  }

  private var toolchainSource: Distribution.Source {
    let program = cacheable.program
    let family = cacheable.compiler.family
    let arguments = cacheable.question.identityArguments
    let (environment, directory) = (call.environment.variables, call.directory)
    return Distribution.Source(key: cacheable.identity.digest, program: program) {
      () throws(ToolchainError) in
      try ToolchainContents.gather(
        program: program, family: family, arguments: arguments, environment: environment,
        directory: directory)
    }
  }

  /// For statistics: a kind of call that no farm gets.
  static let neverSent = "such a call is never sent"

  /// The text with its includes, when the preprocessor was started, as files are stamped, and what was in the
  /// directories then. Nil when the preprocessor has anything to say: the person shall get that from a whole
  /// compilation.
  private func preprocess(
    _ plan: RemotePlan, _ added: [String], isRecorded: Bool
  ) -> (text: [UInt8], startStamp: Int64, snapshot: DirectorySnapshot?)? {
    pipeline.withToken(call) {
      let startStamp = Clock.coarse
      let snapshot = isRecorded ? pipeline.snapshot(cacheable, startStamp: startStamp) : nil
      guard
        let result = try? Spawn.run(
          cacheable.program, added + dependencyArguments + plan.preprocessor,
          environment: call.environment.variables(running: cacheable.program),
          directory: call.directory, timeoutSeconds: 600),
        result.isSuccess, result.errors.isEmpty
      else { return nil }
      return (result.output, startStamp, snapshot)
    }
  }

  /// The caller's own dependency options, spelt out.
  private var dependencyArguments: [String] {
    guard let file = cacheable.compilation.dependencyFile else { return [] }
    return [file.omitsSystemHeaders ? "-MMD" : "-MD", "-MF", file.path]
      + file.targets.flatMap { ["-MT", $0] } + (file.hasPhonyTargets ? ["-MP"] : [])
  }

  private func job(
    _ plan: RemotePlan, _ compiler: Distribution.PackedCompiler, _ text: [UInt8]
  ) -> RemoteJob {
    let environment = call.environment.shared { CompilerVariables.matter($0) }
    return RemoteJob(
      command: CompileCommand(
        executable: compiler.executable, arguments: plan.compiler, environment: environment,
        directory: call.directory),
      outputs: plan.outputs.map { cacheable.folded($0.path) },
      inputs: [
        RemoteJob.Input(
          path: cacheable.folded(cacheable.compilation.input), content: .bytes(text))
      ])
  }
}
