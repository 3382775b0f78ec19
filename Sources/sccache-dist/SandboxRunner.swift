import Farm
import FarmServices
import Platform
import Sandbox
import Settings

/// The sandbox's slots as the build server uses them.
final class SandboxRunner: JobRunner {
  private let free: Monitor<[Slot]>
  private let limits: JobLimits

  init(
    _ configuration: Host.Configuration, _ settings: BuildServerSettings, slots: Int
  ) throws(SandboxError) {
    // Held by its slots alone, so that it goes with them.
    let host = try Host(configuration)
    var made: [Slot] = []
    for number in 0..<slots { made.append(try host.slot(number)) }
    // The first one shows now, rather than to the first client, what this host refuses.
    try made.first?.prepare()
    free = Monitor(made)
    var limits = JobLimits()
    limits.seconds = settings.jobSeconds
    limits.processorSeconds = settings.jobSeconds
    self.limits = limits
  }

  /// Ends all slots that run no job, and removes their cgroups: a process that exits does not do so by
  /// itself.
  func end() { free.change { $0.removeAll() } }

  func unpack(
    _ archive: borrowing Descriptor, into directory: String
  ) throws(WorkerFailure) -> Int {
    do throws(ExtractionFailure) {
      return Int(clamping: try Extraction.unpack(archive, into: directory).bytes)
    } catch {
      throw WorkerFailure("\(error)")
    }
  }

  func run(_ job: SandboxedJob, isWanted: @escaping @Sendable () -> Bool) -> SandboxedResult {
    // As many callers as slots: there is one for each.
    guard let slot = free.wait(until: .max, { $0.popLast() }) else {
      return SandboxedResult(ending: .failed("no slot is free"))
    }
    defer { free.change { $0.append(slot) } }
    let watch = ClientWatch(isWanted, slot)
    defer { watch.end() }
    do throws(SandboxError) {
      return result(of: try slot.run(order(job)), job)
    } catch {
      return SandboxedResult(ending: .failed("\(error)"))
    }
  }

  private func order(_ job: SandboxedJob) -> Job {
    let environment = job.command.environment.filter {
      !$0.name.isEmpty && !$0.name.contains("=")
        && CompilerVariables.reaches(job.command.executable, $0.name)
    }
    return Job(
      toolchain: job.archive.description, inputs: .descriptor(job.inputs.file.number),
      directory: Array(job.command.directory.utf8),
      executable: Array(job.command.executable.utf8),
      arguments: job.command.arguments.map { Array($0.utf8) },
      environment: environment.map { Array("\($0.name)=\($0.value)".utf8) },
      outputs: job.outputs.map { Array($0.utf8) }, limits: limits)
  }

  private func result(of outcome: Outcome, _ job: SandboxedJob) -> SandboxedResult {
    var result = SandboxedResult(
      ending: ending(outcome.ending), standardOutput: outcome.standardOutput,
      standardError: outcome.errorOutput)
    for (path, output) in zip(job.outputs, outcome.outputs) {
      switch output.state {
      case .missing: continue
      case .refused(let reason):
        result.ending = .refused("the output \(path): \(reason)")
      case .present(let file):
        guard let bytes = try? file.contents() else {
          result.ending = .failed("the output \(path) can't be read")
          continue
        }
        result.outputs.append(SandboxedOutput(path: path, contents: bytes))
      }
    }
    return result
  }

  private func ending(_ ending: Outcome.Ending) -> SandboxedResult.Ending {
    switch ending {
    case .exited(let code): .exited(UInt8(truncatingIfNeeded: code))
    case .signal(let number): .killed(signal: UInt8(truncatingIfNeeded: number))
    case .limit, .refused, .notStarted, .cancelled: .refused("\(ending)")
    case .lost: .failed("\(ending)")
    }
  }
}

/// Ends a job whose client has gone.
private final class ClientWatch: Sendable {
  private let ended = Monitor(false)

  init(_ isWanted: @escaping @Sendable () -> Bool, _ slot: Slot) {
    let ended = ended
    _ = startThread(stackSize: 64 << 10) {
      while ended.wait(until: Clock.monotonic + 500_000_000, { $0 ? true : nil }) == nil {
        guard !isWanted() else { continue }
        // Under the lock: behind `end` the slot may belong to another job.
        ended.withLock { if !$0 { slot.cancel() } }
        return
      }
    }
  }

  func end() { ended.change { $0 = true } }
}
