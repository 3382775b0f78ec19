import CPosix
import CSandbox
import Glibc
import Platform

/// One run of a job in a slot whose runner is ready: sends the order, drains the streams within their
/// limits, ends the job when its time is up, and takes the outputs.
struct SlotRun {
  let job: Job
  let order: JobOrder
  let process: Int32

  /// Seconds that a runner gets to report the end of a job that it was told to end.
  private static let patience: Int64 = 5

  /// What is known so far.
  private struct Progress {
    var ending: Outcome.Ending?
    /// Set when the job was told to end: what it ends of, whatever the runner says.
    var verdict: Outcome.Ending?
    var output: [UInt8] = []
    var errors: [UInt8] = []
    var outputs: [Output] = []
    var outputBytes = 0
    var awaitsOutputs = false
    var deadline: Int64

    var isDone: Bool { ending != nil && !awaitsOutputs }
  }

  func run(_ socket: borrowing SlotSocket, bell: Bell) -> Outcome {
    let start = Clock.monotonic
    var progress = Progress(deadline: start + Int64(job.limits.seconds) * 1_000_000_000)
    do throws(SandboxError) {
      let output = try Pipe()
      let errors = try Pipe()
      try send(socket, output, errors)
      output.closeWriting()
      errors.closeWriting()
      try follow(socket, bell, output.reading, errors.reading, &progress)
    } catch {
      progress.ending = progress.verdict ?? .lost(error.description)
    }
    let ending = progress.verdict ?? progress.ending ?? .lost("the runner told no end")
    if case .exited = ending {} else { progress.outputs = [] }
    return Outcome(
      ending: ending, standardOutput: progress.output, errorOutput: progress.errors,
      outputs: progress.outputs, duration: Clock.monotonic - start)
  }

  private func send(
    _ socket: borrowing SlotSocket, _ output: Pipe, _ errors: Pipe
  ) throws(SandboxError) {
    var descriptors = [output.writing, errors.writing]
    switch job.inputs {
    case .none:
      try socket.send(.run, order.encoded(), descriptors: descriptors)
    case .descriptor(let inputs):
      descriptors.append(inputs)
      try socket.send(.run, order.encoded(), descriptors: descriptors)
    case .memory(let file):
      do throws(SystemError) { try file.rewind() } catch { throw SandboxError(error) }
      descriptors.append(file.file.number)
      try socket.send(.run, order.encoded(), descriptors: descriptors)
    case .archive(let bytes):
      let file: MemoryFile
      do throws(SystemError) {
        file = try MemoryFile("inputs")
        try file.file.write(bytes, path: "the inputs")
        try file.rewind()
      } catch {
        throw SandboxError(error)
      }
      descriptors.append(file.file.number)
      try socket.send(.run, order.encoded(), descriptors: descriptors)
    }
  }

  /// Until the runner has told the end and the outputs, and both streams are at their ends.
  private func follow(
    _ socket: borrowing SlotSocket, _ bell: Bell, _ output: Int32, _ errors: Int32,
    _ progress: inout Progress
  ) throws(SandboxError) {
    var pollers = [output, errors, process, bell.descriptor].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    var buffer = [UInt8](repeating: 0, count: 65536)
    while !(progress.isDone && pollers[0].fd < 0 && pollers[1].fd < 0) {
      let left = (progress.deadline - Clock.monotonic + 999_999) / 1_000_000
      if left <= 0 { try end(.limit(.time), socket, &progress) }
      guard poll(&pollers, 4, Int32(max(0, min(left, 60_000)))) >= 0 || errno == EINTR else {
        throw SandboxError(SystemError("wait for", "a job"))
      }
      let limit = job.limits.streamBytes
      if pollers[0].revents != 0, !take(output, &buffer, &progress.output, limit) {
        pollers[0].fd = -1
      }
      if pollers[1].revents != 0, !take(errors, &buffer, &progress.errors, limit) {
        pollers[1].fd = -1
      }
      if progress.output.count > limit { try end(.limit(.standardOutput), socket, &progress) }
      if progress.errors.count > limit { try end(.limit(.errorOutput), socket, &progress) }
      if pollers[3].revents != 0 {
        pollers[3].fd = -1
        try end(.cancelled, socket, &progress)
      }
      if pollers[2].revents != 0 {
        try hear(try socket.receive(), &progress)
        // What comes after the last word is for nobody; only the streams are waited for.
        if progress.isDone { pollers[2].fd = -1 }
      }
    }
    progress.output.removeLast(max(0, progress.output.count - job.limits.streamBytes))
    progress.errors.removeLast(max(0, progress.errors.count - job.limits.streamBytes))
  }

  /// Has the runner end the job. A second time means that it did not.
  private func end(
    _ verdict: Outcome.Ending, _ socket: borrowing SlotSocket, _ progress: inout Progress
  ) throws(SandboxError) {
    if progress.verdict != nil {
      if Clock.monotonic < progress.deadline { return }
      throw SandboxError("the runner did not end a job")
    }
    progress.verdict = verdict
    progress.deadline = Clock.monotonic + Self.patience * 1_000_000_000
    if progress.ending == nil { try socket.send(.cancel, []) }
  }

  /// One read; false at the stream's end. Beyond the limit bytes are read and forgotten.
  private func take(
    _ stream: Int32, _ buffer: inout [UInt8], _ bytes: inout [UInt8], _ limit: Int
  ) -> Bool {
    let count = read(stream, &buffer, buffer.count)
    if count < 0 { return errno == EINTR }
    if count > 0, bytes.count <= limit { bytes += buffer[..<count] }
    return count > 0
  }

  private func hear(
    _ frame: SlotSocket.Frame, _ progress: inout Progress
  ) throws(SandboxError) {
    let file = frame.attached.map { Descriptor($0) } ?? Descriptor(-1)
    switch frame.kind {
    case .ended where progress.ending == nil:
      guard let (ending, isOutOfSpace) = try? JobEnding.decode(frame.body) else {
        throw SandboxError("the slot's runner talks nonsense")
      }
      progress.ending = meaning(ending, isOutOfSpace: isOutOfSpace)
      if case .exited = ending { progress.awaitsOutputs = !job.outputs.isEmpty }
    case .output where progress.awaitsOutputs:
      guard let raw = frame.body.first, let state = OutputState(rawValue: raw) else {
        throw SandboxError("the slot's runner talks nonsense")
      }
      let path = job.outputs[progress.outputs.count]
      progress.outputs.append(
        Output(path: path, state: try received(state, file, &progress.outputBytes)))
      progress.awaitsOutputs = progress.outputs.count < job.outputs.count
      if progress.outputBytes > job.limits.outputBytes { progress.verdict = .limit(.outputs) }
    default:
      throw SandboxError("the slot's runner talks out of turn")
    }
  }

  /// The runner's word is not enough: a pipe, a device or a file of a strange file system would hang or
  /// fool whoever reads it.
  private func received(
    _ state: OutputState, _ file: consuming Descriptor, _ total: inout Int
  ) throws(SandboxError) -> Output.State {
    switch state {
    case .missing: return .missing
    case .notRegular: return .refused("it is no regular file, or lies behind a symbolic link")
    case .severalLinks: return .refused("the file has more than one name")
    case .refused: return .refused("it can't be opened")
    case .present: break
    }
    var status = stat()
    let temporaryFileSystem: UInt64 = 0x0102_1994
    guard file.number >= 0, fstat(file.number, &status) == 0,
      status.st_mode & 0o170000 == 0o100000, status.st_nlink == 1,
      csandbox_file_system(file.number) == temporaryFileSystem
    else { throw SandboxError("the slot's runner sent what is no output") }
    let size = Int(status.st_size)
    total = total.addingReportingOverflow(size).partialValue
    if total < 0 || size > job.limits.outputBytes { total = .max }
    return .present(OutputFile(file, size: size))
  }

  private func meaning(_ ending: JobEnding, isOutOfSpace: Bool) -> Outcome.Ending {
    switch ending {
    case .exited(0): .exited(0)
    case .exited(let code): isOutOfSpace ? .limit(.fileSpace) : .exited(code)
    case .signalled(SIGXFSZ): .limit(.fileSize)
    case .signalled(SIGXCPU): .limit(.processorTime)
    case .signalled(let number): isOutOfSpace ? .limit(.fileSpace) : .signal(number)
    case .cancelled: progressless
    case .refused(let failure): .refused(failure.description)
    case .failed(.execute, let code):
      .notStarted("\(printable(job.executable)): \(SystemError("", "", code: code).reason)")
    case .failed(.directory, let code):
      .notStarted("\(printable(job.directory)): \(SystemError("", "", code: code).reason)")
    case .failed(.toolchain, let code):
      .notStarted("toolchain \(job.toolchain): \(SystemError("", "", code: code).reason)")
    case .failed(let step, let code):
      .lost("the runner can't \(step.message): \(SystemError("", "", code: code).reason)")
    }
  }

  /// The runner ended the job unasked: it lost its handle on it.
  private var progressless: Outcome.Ending { .lost("the runner ended the job") }

  private func printable(_ path: [UInt8]) -> String {
    let shown = path.prefix(200).map { $0 < 0x20 || $0 == 0x7f ? UInt8(ascii: "?") : $0 }
    return String(decoding: shown, as: UTF8.self)
  }
}
