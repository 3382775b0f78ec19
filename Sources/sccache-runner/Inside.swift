import CPosix
import CSandbox

/// Process 1 of the job's pid namespace, in the job's mount namespace: builds the job's root, starts the
/// job, waits for it, and takes all that it left running along.
func runInside(_ job: PreparedJob) -> Never {
  do throws(SetupFailure) {
    try fillUpperLayer(job)
    try enterRoot(job)
    let pid = csandbox_fork_plain()
    if pid == 0 { becomeJob(job) }
    guard pid > 0 else { throw SetupFailure(.process) }
    // The job's streams close with its own processes.
    close(job.output)
    close(job.errors)
    report(waitForJob(pid), to: job.report)
  } catch {
    report(error.ending, to: job.report)
  }
  _exit(0)
}

/// One write of less than a pipe's atomic size.
func report(_ ending: JobEnding, to descriptor: Int32) {
  var writer = MessageWriter()
  writer.append(ending.encoded(isOutOfSpace: false))
  _ = writer.bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
}

/// Reaps whatever falls to process 1 until the job itself has ended.
private func waitForJob(_ pid: Int32) -> JobEnding {
  while true {
    var status: Int32 = 0
    let ended = waitpid(-1, &status, 0)
    if ended < 0, cposix_errno() != EINTR { return .failed(.process, cposix_errno()) }
    guard ended == pid else { continue }
    let signal = csandbox_signal(status)
    return signal == 0 ? .exited(csandbox_exit_code(status)) : .signalled(signal)
  }
}

/// Everything that lies in the upper layer before the job begins: the inputs, the directories of the
/// outputs, the mount points. It is made before the overlay is mounted, on the bare memory file system:
/// a directory here hides whatever the toolchain has of that name, so no mount point can be a link.
private func fillUpperLayer(_ job: PreparedJob) throws(SetupFailure) {
  for name in Resolution.mountPoints {
    guard mkdirat(job.upper, cString(name), 0o755) == 0 else { throw SetupFailure(.tree) }
  }
  guard fchmodat(job.upper, "tmp", 0o1777, 0) == 0 else { throw SetupFailure(.tree) }
  let owner = (user: job.configuration.user, group: job.configuration.group)
  do throws(ExtractionFailure) {
    if job.inputs >= 0 {
      let writer = TreeWriter(
        root: job.upper, limits: job.order.inputs, resolution: Resolution(tree: job.toolchain),
        owner: owner)
      var extractor = Extractor(DescriptorSource(descriptor: job.inputs), writer)
      _ = try extractor.run()
    }
    // These are resolved already.
    var writer = TreeWriter(root: job.upper, limits: job.order.inputs, owner: owner)
    try writer.makeDirectory(job.directory)
    for output in job.outputs { try writer.makeDirectory(output.dropLast()) }
  } catch {
    throw SetupFailure(error)
  }
}

private let attributes: (nosuid: UInt, nodev: UInt, noexec: UInt, bind: UInt, recursive: UInt) = (
  0x2, 0x4, 0x8, 0x1000, 0x4000
)

/// Mounts the overlay with devices and /proc and makes it the root; the slot's own tree is gone then.
private func enterRoot(_ job: PreparedJob) throws(SetupFailure) {
  let isPrivate: UInt = 0x40000
  guard csandbox_mount("none", "/", nil, attributes.recursive | isPrivate, nil) == 0,
    csandbox_attach(job.memory, "/job") == 0
  else { throw SetupFailure(.memory) }
  let layers =
    bytes("lowerdir=/toolchains/") + job.order.toolchain
    + bytes(",upperdir=/job/u,workdir=/job/w,userxattr")
  guard
    csandbox_mount(
      "overlay", "/merged", "overlay", attributes.nosuid | attributes.nodev, terminated(layers))
      == 0
  else { throw SetupFailure(.overlay) }
  guard
    csandbox_mount(
      "/devices", "/merged/dev", nil, attributes.bind | attributes.recursive, nil) == 0
  else { throw SetupFailure(.devices) }
  guard
    csandbox_mount(
      "proc", "/merged/proc", "proc", attributes.nosuid | attributes.nodev | attributes.noexec,
      "subset=pid,hidepid=4") == 0
  else { throw SetupFailure(.proc) }
  guard chdir("/merged") == 0, csandbox_pivot_root(".", ".") == 0, csandbox_detach(".") == 0,
    chdir("/") == 0
  else { throw SetupFailure(.root) }
}
