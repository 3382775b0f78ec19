import Compilers
import Farm
import Glibc
import Platform
import Settings
import Toolchains
import Wire

/// Compiles one crate on the farm: rustc tells here what it reads, a server compiles, and the outputs are put
/// in their places. What a linker makes is made here.
struct CrateRemoteRun {
  private let crate: CacheableCrate
  private let pipeline: CompilePipeline

  init(_ crate: CacheableCrate, pipeline: CompilePipeline) {
    self.crate = crate
    self.pipeline = pipeline
  }

  private var call: Call { crate.call }

  func perform() -> RemoteRun.Result {
    guard isSent else { return .stays(RemoteRun.neverSent) }
    let distribution: Distribution
    let compiler: Distribution.PackedCompiler
    switch pipeline.way(to: crate, source: toolchainSource) {
    case .closed(let result): return result
    case .open(let found, let packed): (distribution, compiler) = (found, packed)
    }
    let started = Clock.monotonic
    guard let (info, startStamp) = dependencyInfo() else {
      return .stays("rustc had something to say")
    }
    let job: RemoteJob
    do throws(CrateInputs.Unknown) {
      var inputs = CrateInputs(crate, pipeline.crateDependencies)
      job = self.job(
        compiler, info, try inputs.inputs(info, extra: pipeline.extraPaths(crate.compilation, call))
      )
    } catch {
      return .stays(error.reason)
    }
    do throws(FarmFailure) {
      let result = try pipeline.compile(job, compiler, distribution, call, nil)
      try check(result, info)
      try RemoteOutputs(crate).put(result, crate.outputs, isWhole: Self.isWhole)
      let outcome = Outcome(
        ending: Ending(exitCode: 0), standardOutput: result.standardOutput,
        standardError: result.standardError, notice: call.noticeBytes)
      let run = FinishedRun(
        outcome: outcome, startStamp: startStamp,
        duration: .nanoseconds(Clock.monotonic - started))
      return .done(run, server: result.server.description)
    } catch {
      if error.isError { pipeline.statistics.record { $0.distFailed() } }
      return .failed(error)
    }
  }

  // MARK: which crates

  /// Checks without code take rustc about as long as telling what it reads; what links, or is for this
  /// machine's own processor, needs this machine; and so do macros that are said to read what no list names.
  private var isSent: Bool {
    let compilation = crate.compilation
    let extra = ExtraInputs.items(call.settings.rustExtraInputs, for: compilation.crateName)
    return !crate.isClippy && extra.isEmpty && compilation.products.contains(.link)
      && !compilation.isTest
      && !compilation.usesNativeProcessor && !compilation.crateTypes.isEmpty
      && compilation.crateTypes.allSatisfy { $0 == .lib || $0 == .rlib }
      && crate.outputs.contains { $0.name == "d" }
      // Files of a codegen unit each have names that only rustc knows.
      && !call.arguments.contains { $0.hasPrefix("@") || $0.contains("split-debuginfo=") }
  }

  private var toolchainSource: Distribution.Source {
    let (sysroot, host) = (crate.toolchain.sysroot, crate.toolchain.host)
    let targets = [host] + (crate.compilation.target.map { [$0] } ?? [])
    let (environment, directory) = (call.environment.variables, call.directory)
    return Distribution.Source(
      key: crate.toolchain.digest, program: "\(sysroot)/bin/rustc", aliases: [crate.program]
    ) { () throws(ToolchainError) in
      try ToolchainContents.gatherRust(
        sysroot: sysroot, targets: targets, environment: environment, directory: directory)
    }
  }

  // MARK: the job

  /// What the crate reads, and what of the environment, and when rustc was started to tell it, as files are
  /// stamped: it expands the crate here, and compiles nothing. Nil when that fails: the person shall get from
  /// a whole compilation what there is to say.
  private func dependencyInfo() -> (info: RustDependencyInfo, startStamp: Int64)? {
    let file = "\(pipeline.runtimeDirectory)/crate-\(getpid())-\(Clock.monotonic).d"
    defer { unlink(file) }
    return pipeline.withToken(call) {
      crate.waitForTick()
      let startStamp = Clock.coarse
      guard
        let result = try? Spawn.run(
          crate.program, Self.askingForDependencies(crate.arguments(adding: []), file: file),
          environment: call.environment.variables(running: crate.program),
          directory: call.directory, timeoutSeconds: 600),
        result.isSuccess, let bytes = try? Files.read(file, limit: 64 << 20),
        let text = String(validating: bytes, as: UTF8.self), let info = RustDependencyInfo(text)
      else { return nil }
      return (info, startStamp)
    }
  }

  /// The same call with the list of files as its only output.
  static func askingForDependencies(_ arguments: [String], file: String) -> [String] {
    var asked: [String] = []
    var isValue = false
    for argument in arguments {
      if isValue {
        isValue = false
      } else if argument == "--emit" {
        isValue = true
      } else if !argument.hasPrefix("--emit=") {
        asked.append(argument)
      }
    }
    return asked + ["--emit=dep-info=\(file)"]
  }

  private func job(
    _ compiler: Distribution.PackedCompiler, _ info: RustDependencyInfo,
    _ inputs: [RemoteJob.Input]
  ) -> RemoteJob {
    let ours = pipeline.crateEnvironment(call, crate.compilation, isClippy: false)
    var names = Set(ours.map { String($0.prefix { $0 != "=" }) })
    names.formUnion(info.variables.map(\.name))
    return RemoteJob(
      command: CompileCommand(
        executable: compiler.executable,
        arguments: crate.arguments(adding: crate.colourArguments),
        environment: call.environment.shared {
          names.contains($0) && CompilerVariables.reaches(compiler.executable, $0)
        }, directory: call.directory),
      outputs: crate.outputs.map { crate.folded($0.path) }, inputs: inputs, mayPrint: true)
  }

  // MARK: the result

  /// It was made of the same files and variables as here: a macro that finds another world there has
  /// made another crate.
  private func check(
    _ result: FarmClient.Result, _ info: RustDependencyInfo
  ) throws(FarmFailure) {
    guard let output = crate.outputs.first(where: { $0.name == "d" }),
      let bytes = result.outputs[crate.folded(output.path)],
      let text = String(validating: bytes, as: UTF8.self), let told = RustDependencyInfo(text)
    else { throw .badResult("the list of what was read didn't come") }
    let variables = { (info: RustDependencyInfo) in
      Set(info.variables.map { "\($0.name)=\($0.value ?? "\0")" })
    }
    guard Set(told.files) == Set(info.files), variables(told) == variables(info) else {
      throw .badResult("\(result.server) made \(crate.compilation.crateName) of other inputs")
    }
  }

  private static func isWhole(_ output: Output, _ bytes: [UInt8]) -> Bool {
    switch output.name {
    case "rlib": bytes.starts(with: "!<arch>\n".utf8)
    case "rmeta": bytes.starts(with: "rust".utf8)
    default: true
    }
  }
}
