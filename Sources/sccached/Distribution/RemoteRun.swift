import CacheKey
import Compilers
import Farm
import Glibc
import Logging
import Platform
import Wire

/// Compiles one call on the farm: resolves its includes here, has the text compiled there, and puts the
/// outputs in their places.
struct RemoteRun {
  private let cacheable: CacheableCall
  private let pipeline: CompilePipeline
  private let distribution: Distribution

  init(_ cacheable: CacheableCall, _ distribution: Distribution, pipeline: CompilePipeline) {
    self.cacheable = cacheable
    self.distribution = distribution
    self.pipeline = pipeline
  }

  private var call: Call { cacheable.call }

  /// When the preprocessor was started, as files are stamped.
  private(set) var startStamp: Int64 = 0
  private(set) var duration: Duration = .zero
  private(set) var snapshot: DirectorySnapshot?

  /// The outcome of a compilation that succeeded on the farm; nil when it has to be done here. The
  /// caller's own dependency file and the one at `report` are written either way.
  mutating func perform(added: [String]) -> (outcome: Outcome, server: String)? {
    guard distribution.client.isAvailable,
      call.environment.bytes("SCCACHE_NO_DIST_COMPILE") == nil, !cacheable.identity.isScript,
      let plan = remotePlan(for: cacheable.compilation, compiler: cacheable.compiler),
      let compiler = distribution.compiler(for: cacheable)
    else { return nil }
    let started = Clock.monotonic
    defer { duration = .nanoseconds(Clock.monotonic - started) }
    call.slot.giveBack()
    guard let text = preprocess(plan, added) else { return nil }
    guard
      keepsItsMeaning(
        text, input: cacheable.compilation.input, family: cacheable.compiler.family)
    else {
      pipeline.statistics.record {
        $0.declined(reason: "farm: the text would not mean the same there")
      }
      return nil
    }
    do throws(FarmFailure) {
      let result = try distribution.client.compile(
        job(plan, compiler, text), archive: (compiler.archive, compiler.path),
        isWanted: { [channel = call.channel] in !channel.isClosed })
      try put(result, plan)
      return (
        Outcome(ending: Ending(exitCode: 0), notice: call.noticeBytes), result.server.description
      )
    } catch {
      pipeline.logger.info(
        "compiled here instead of on the farm",
        metadata: ["reason": "\(error)", "input": "\(cacheable.compilation.input)"])
      pipeline.statistics.record { statistics in
        if error != .notClean { statistics.distFailed() }
        statistics.declined(reason: "farm: \(error.reason)")
      }
      return nil
    }
  }

  /// The text with its includes; nil when the preprocessor has anything to say: the person shall get
  /// that from a whole compilation.
  private mutating func preprocess(_ plan: RemotePlan, _ added: [String]) -> [UInt8]? {
    let needsToken = !Tokens.callerHasJobserver(call.environment)
    if needsToken {
      guard pipeline.tokens.acquire(whileWanted: { [channel = call.channel] in !channel.isClosed })
      else { return nil }
    }
    defer { if needsToken { pipeline.tokens.release() } }
    startStamp = Clock.coarse
    snapshot = pipeline.snapshot(cacheable, startStamp: startStamp)
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
