import Compilers
import Farm
import Glibc
import Platform
import Settings

/// Whether a call's work can go to the farm.
enum WayToFarm {
  case open(Distribution, Distribution.PackedCompiler)
  case closed(RemoteRun.Result)
}

extension CompilePipeline {
  /// Everything that can be told before the job's input is made.
  ///
  /// - Parameter source: the toolchain.
  func way(to work: some CacheableWork, source: Distribution.Source) -> WayToFarm {
    let call = work.call
    guard let distribution else { return .closed(.failed(.notConfigured)) }
    if distribution.stays(work.program) { return .closed(.stays("the compiler is no_dist")) }
    if let hindrance = distribution.client.hindrance { return .closed(.failed(hindrance)) }
    call.slot.giveBack()
    let isWanted = call.isWanted
    let waits: (() -> Bool)? = call.settings.remoteOnly ? { isWanted() } : nil
    switch distribution.toolchain(source, waits: waits) {
    case .missing(let reason): return .closed(.failed(.noToolchain(reason)))
    case .packed(let packed):
      if !call.settings.remoteOnly, let localJob = distribution.localJobs.takeIfFree() {
        return .closed(.stays("a local job was free", localJob: localJob))
      }
      return .open(distribution, packed)
    }
  }

  /// Where nothing may be compiled here, a full farm is asked again for as long as the scheduler may take
  /// to find a server.
  func compile(
    _ job: RemoteJob, _ compiler: Distribution.PackedCompiler, _ distribution: Distribution,
    _ call: Call, _ reservation: Reservation?
  ) throws(FarmFailure) -> FarmClient.Result {
    var (reservation, compiler) = (reservation, compiler)
    let isWanted = call.isWanted
    let end = Clock.monotonic + Int64(distribution.deadlines.allocation) * 1_000_000
    let patience = Patience(distribution, call, tokens: tokens)
    while true {
      do throws(FarmFailure) {
        return try distribution.client.compile(
          job, archive: compiler.archive, reservation: reservation,
          isWanted: { isWanted() && patience.lasts })
      } catch {
        reservation = nil
        if error == .cancelled, patience.hasEnded { throw .tooSlow }
        if case .wantsGzip = error {
          distribution.packAsGzip()
          let waits = call.settings.remoteOnly ? isWanted : nil
          guard case .packed(let other) = distribution.toolchain(compiler.source, waits: waits)
          else {
            throw error
          }
          compiler = other
          continue
        }
        guard case .noCapacity = error, call.settings.remoteOnly, Clock.monotonic < end,
          isWanted()
        else { throw error }
        usleep(200_000)
      }
    }
  }
}

extension CacheableWork {
  /// The absolute path without `.` and `..`, as jobs name their files.
  func folded(_ path: String) -> String {
    var parts: [Substring] = []
    for part in absolute(path).split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }
}

extension RequestEnvironment {
  /// Those variables of the caller that a job shall have.
  func shared(_ isShared: (String) -> Bool) -> [CompileCommand.EnvironmentVariable] {
    variables.compactMap { variable in
      String(validating: variable, as: UTF8.self).flatMap { text in
        text.firstIndex(of: "=").map {
          CompileCommand.EnvironmentVariable(
            name: String(text[..<$0]), value: String(text[text.index(after: $0)...]))
        }
      }
    }.filter { isShared($0.name) }
  }
}
