import CPosix
import CSandbox
import Glibc
import Platform

/// A place for one job at a time. It keeps a runner alive between jobs; one that died, or whose job went
/// over a limit, is thrown away, and the next job gets a new one.
package final class Slot: Sendable {
  /// 0, 1, …: tells the slot's host users and cgroup from those of its siblings.
  package let number: Int
  private let host: Host
  private let groups: SlotGroups
  private let state = Monitor(State())
  private let bell: Bell

  private struct State {
    var process: SlotProcess?
    /// Slots made so far: more than one means that some were thrown away.
    var starts = 0
    var memoryKills: UInt64 = 0
  }

  init(_ host: Host, number: Int) throws(SandboxError) {
    self.host = host
    self.number = number
    bell = try Bell()
    groups = try host.controlGroups.make(slot: number, host.slotLimits)
  }

  deinit {
    // The runner first: a group with a process in it can't be removed.
    state.withLock { $0.process = nil }
    groups.remove()
  }

  /// Starts the runner now rather than with the first job. Throws what the host refused, in one line.
  package func prepare() throws(SandboxError) {
    try state.withLock { state throws(SandboxError) in _ = try current(&state) }
  }

  /// The runner's pid on the host, while there is one; for tests, and for whoever looks into a slot.
  package var runnerPid: Int32? { state.withLock { $0.process?.runner } }

  /// The slot's cgroups, each once.
  package var groupDirectories: [String] { groups.directories }

  /// How many runners there have been.
  package var starts: Int { state.withLock { $0.starts } }

  /// Runs a job to its end; blocks its thread, and other callers until it is done. Throws only when the
  /// slot can't be made or the job's description is impossible; what a job does is its outcome.
  package func run(_ job: Job) throws(SandboxError) -> Outcome {
    let order = try job.order()
    return try state.withLock { state throws(SandboxError) in
      let process = try current(&state)
      bell.reset()
      let run = SlotRun(job: job, order: order, process: process.socket.descriptor.number)
      var outcome = run.run(process.socket, bell: bell)
      outcome.ending = judged(outcome.ending, &state)
      // A job that misbehaved gets no successor in its slot, whatever it may have left there.
      switch outcome.ending {
      case .limit, .lost, .cancelled: state.process = nil
      default: if !process.isAlive { state.process = nil }
      }
      return outcome
    }
  }

  /// Ends the job that runs now, from any thread; nothing when none does.
  package func cancel() { bell.ring() }

  /// Ends the slot's runner; a later job starts another.
  package func close() { state.withLock { $0.process = nil } }

  private func current(_ state: inout State) throws(SandboxError) -> SlotProcess {
    if let process = state.process, process.isAlive { return process }
    state.process = nil
    // Again: an administrator, or another server's sweep, may have removed a group that was empty.
    _ = try host.controlGroups.make(slot: number, host.slotLimits)
    let process = try SlotProcess(host, number: number, groups: groups)
    state.process = process
    state.starts += 1
    state.memoryKills = groups.memoryKills()
    return process
  }

  /// A compiler driver turns its child's death into an exit code: whether memory ended is asked of the
  /// kernel.
  private func judged(_ ending: Outcome.Ending, _ state: inout State) -> Outcome.Ending {
    switch ending {
    case .exited(0), .refused, .notStarted, .cancelled, .limit: return ending
    case .exited, .signal, .lost:
      let kills = groups.memoryKills()
      defer { state.memoryKills = kills }
      return kills > state.memoryKills ? .limit(.memory) : ending
    }
  }
}

/// Wakes a run from another thread: a pipe whose reading end is polled.
final class Bell: Sendable {
  private let reading: Descriptor
  private let writing: Descriptor

  init() throws(SandboxError) {
    let pipe = try Pipe()
    for end in [pipe.reading, pipe.writing] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    reading = pipe.takeReading()
    writing = pipe.takeWriting()
  }

  var descriptor: Int32 { reading.number }

  func ring() { _ = write(writing.number, "!", 1) }

  func reset() {
    var byte: UInt8 = 0
    while read(reading.number, &byte, 1) == 1 {}
  }
}
