import CPosix
import CSandbox

/// Sends the outputs that the job left, in order. Its processes are dead: nobody can exchange a file
/// between the look and the use. False when the server is gone.
func deliver(_ job: PreparedJob, _ control: Control) -> Bool {
  for output in job.outputs {
    let (state, file) = open(output, beneath: job.upper)
    let sent = control.send(.output, [state.rawValue], descriptor: file)
    if file >= 0 { close(file) }
    if !sent { return false }
  }
  return true
}

/// Only the upper layer is looked at: what the job wrote lies there, and nothing of the toolchain is an
/// output. No link is followed, no pipe is waited for.
private func open(_ output: [[UInt8]], beneath upper: Int32) -> (OutputState, Int32) {
  let file = csandbox_open_strictly(
    upper, terminated(EntryPath.joined(output)), O_RDONLY | O_NONBLOCK, 0)
  guard file >= 0 else {
    return switch cposix_errno() {
    case ENOENT, ENOTDIR: (.missing, -1)
    case ELOOP, EXDEV, ENXIO: (.notRegular, -1)
    default: (.refused, -1)
    }
  }
  var status = stat()
  let state: OutputState
  if fstat(file, &status) != 0 {
    state = .refused
  } else if status.st_mode & 0o170000 != 0o100000 {
    state = .notRegular
  } else if status.st_nlink != 1 {
    state = .severalLinks
  } else {
    return (.present, file)
  }
  close(file)
  return (state, -1)
}
