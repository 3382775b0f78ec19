import CPosix
import CWrapper

/// The most output of one compiler run that is kept for the cache; more is let through at once and
/// not stored.
private let captureLimit = 16 << 20

/// Runs the compiler as a child, reports how it ended, and shows what it printed. A daemon that
/// dies or hangs meanwhile changes nothing.
func runHere(
  _ order: RunOrder, _ connection: inout Connection, _ call: Call, _ endpoint: Endpoint
) -> Int32 {
  writeAll(2, order.notice)
  guard let output = Pipe(), let errors = Pipe() else { becomeCompiler(call, notice: []) }
  remember(order.program)
  let pid = withCStrings(order.arguments) { arguments in
    withMarkedEnvironment { environment in
      cwrapper_start(terminated(order.program), arguments, environment, output.write, errors.write)
    }
  }
  close(output.write)
  close(errors.write)
  guard pid > 0 else { becomeCompiler(call, notice: []) }
  cwrapper_forward_signals(pid)
  var started = FrameWriter(.started)
  started.append(UInt32(pid))
  var daemonLives = connection.send(started.finish())

  var outcome = Outcome(ending: Ending(exitCode: 0))
  drain(output.read, errors.read, into: &outcome, isStreamed: order.isStreamed)
  outcome.ending = wait(for: pid)
  cwrapper_forget_child()

  daemonLives = daemonLives && connection.send(outcome.frame(.report))
  while daemonLives {
    guard let frame = try? connection.receive() else { break }
    if frame.kind == .alive { continue }
    guard frame.kind == .result, let shown = try? Outcome(body: frame.body) else { break }
    return finish(shown)
  }
  outcome.notice = once("the daemon went away while compiling", at: endpoint)
  if order.isStreamed {
    outcome.standardOutput = []
    outcome.standardError = []
  }
  return finish(outcome)
}

private struct Pipe {
  var read: Int32
  var write: Int32

  init?() {
    var ends: (Int32, Int32) = (-1, -1)
    let made = withUnsafeMutableBytes(of: &ends) {
      cposix_pipe_cloexec($0.baseAddress!.assumingMemoryBound(to: Int32.self))
    }
    guard made == 0 else { return nil }
    read = ends.0
    write = ends.1
  }
}

/// Reads both streams to their ends.
private func drain(
  _ output: Int32, _ errors: Int32, into outcome: inout Outcome, isStreamed: Bool
) {
  var pollers = (
    pollfd(fd: output, events: Int16(POLLIN), revents: 0),
    pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
  )
  while pollers.0.fd >= 0 || pollers.1.fd >= 0 {
    let ready = withUnsafeMutableBytes(of: &pollers) {
      poll($0.baseAddress!.assumingMemoryBound(to: pollfd.self), 2, -1)
    }
    if ready < 0 { continue }
    if pollers.0.revents != 0,
      !take(output, &outcome.standardOutput, 1, isStreamed, &outcome.isPartial)
    {
      pollers.0.fd = -1
    }
    if pollers.1.revents != 0,
      !take(errors, &outcome.standardError, 2, isStreamed, &outcome.isPartial)
    {
      pollers.1.fd = -1
    }
  }
  close(output)
  close(errors)
}

/// One read; false at the stream's end.
private func take(
  _ descriptor: Int32, _ bytes: inout [UInt8], _ target: Int32, _ isStreamed: Bool,
  _ isPartial: inout Bool
) -> Bool {
  var buffer = [UInt8](repeating: 0, count: 65536)
  let count = read(descriptor, &buffer, buffer.count)
  if count < 0 { return cposix_errno() == EINTR }
  if count == 0 { return false }
  bytes.append(contentsOf: buffer[0..<count])
  if isStreamed { writeAll(target, Array(buffer[0..<count])) }
  if bytes.count > captureLimit {
    isPartial = true
    if !isStreamed { writeAll(target, bytes) }
    bytes = []
  }
  return true
}

private func wait(for pid: pid_t) -> Ending {
  var status: Int32 = 0
  while waitpid(pid, &status, 0) < 0 {
    guard cposix_errno() == EINTR else { return Ending(exitCode: 1) }
  }
  let signal = cposix_wait_signal(status)
  return Ending(exitCode: signal == 0 ? cposix_wait_exit_code(status) : 0, signal: signal)
}

/// The caller's environment and the marker for nested calls.
private func withMarkedEnvironment<Result>(_ body: (CStrings) -> Result) -> Result {
  var pointers: [UnsafeMutablePointer<CChar>?] = []
  let environment = cposix_environ()
  var index = 0
  while let variable = environment?[index] {
    pointers.append(variable)
    index += 1
  }
  pointers.append(UnsafeMutablePointer(mutating: cString(runningMarker)))
  pointers.append(nil)
  return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
}
