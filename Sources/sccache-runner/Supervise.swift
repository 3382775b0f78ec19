import CPosix
import CSandbox

/// Starts the job's processes in their namespaces, waits for their end or the server's word, and answers
/// when the last of them is dead.
func supervise(
  _ prepared: PreparedJob, _ control: Control
) throws(SetupFailure) -> JobEnding {
  var ends: (Int32, Int32) = (-1, -1)
  let made = withUnsafeMutableBytes(of: &ends) { bytes in
    bytes.baseAddress.map { cposix_pipe_cloexec($0.assumingMemoryBound(to: Int32.self)) } ?? -1
  }
  guard made == 0 else { throw SetupFailure(.process) }
  let (report, reportEnd) = ends
  defer { close(report) }
  var job = prepared
  job.report = reportEnd
  let pid = csandbox_fork_isolated()
  if pid == 0 {
    close(control.socket)
    close(report)
    runInside(job)
  }
  let failure = SetupFailure(.process)
  close(reportEnd)
  guard pid > 0 else { throw failure }
  let handle = csandbox_pidfd_open(pid)
  let wasCancelled = waitForEnd(handle, pid, control)
  if handle >= 0 { close(handle) }
  var status: Int32 = 0
  // The kernel lets process 1 of a pid namespace be waited for when all others in it are gone.
  while waitpid(pid, &status, 0) < 0, cposix_errno() == EINTR {}
  if wasCancelled { return .cancelled }
  if let told = readReport(report) { return told }
  return .failed(.process, csandbox_signal(status) == SIGKILL ? ENOMEM : ECHILD)
}

/// True when the server ended it.
private func waitForEnd(_ handle: Int32, _ pid: Int32, _ control: Control) -> Bool {
  var pollers = (
    pollfd(fd: handle, events: Int16(POLLIN), revents: 0),
    pollfd(fd: control.socket, events: Int16(POLLIN), revents: 0)
  )
  guard handle >= 0 else {
    kill(pid, SIGKILL)
    return true
  }
  while true {
    let ready = withUnsafeMutableBytes(of: &pollers) { bytes in
      bytes.baseAddress.map { poll($0.assumingMemoryBound(to: pollfd.self), 2, -1) } ?? -1
    }
    if ready < 0 { continue }
    if pollers.0.revents != 0 { return false }
    // A word during a job is "cancel"; anything else, and the end of the server, end it as well. The
    // frame of a cancel is taken here; after the server's end `serve` sees the end again.
    if pollers.1.revents != 0 {
      _ = control.receive()
      kill(pid, SIGKILL)
      return true
    }
  }
}

/// The first word counts: what starts the job speaks before what waits for it.
private func readReport(_ report: Int32) -> JobEnding? {
  var buffer = [UInt8](repeating: 0, count: 4096)
  let count = buffer.withUnsafeMutableBytes { read(report, $0.baseAddress, $0.count) }
  guard count > 4 else { return nil }
  var reader = MessageReader(Array(buffer[..<count]))
  guard let body = try? reader.field() else { return nil }
  return (try? JobEnding.decode(body))?.0
}
