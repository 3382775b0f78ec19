import CPosix
import CSandbox

/// Drops everything that the runner has and executes the job's program.
func becomeJob(_ job: PreparedJob) -> Never {
  do throws(SetupFailure) {
    try connectStreams(job)
    try setLimits(job.order.limits)
    try dropIdentity(job.configuration)
    // As the job's user: it must be allowed to be there.
    guard chdir(terminated([EntryPath.slash] + EntryPath.joined(job.directory))) == 0 else {
      throw SetupFailure(.directory)
    }
    try execute(job)
  } catch {
    report(error.ending, to: job.report)
  }
  _exit(127)
}

/// Standard input from /dev/null; all else, the report's descriptor too, closes with exec.
private func connectStreams(_ job: PreparedJob) throws(SetupFailure) {
  setsid()
  let null = cposix_open("/dev/null", O_RDONLY, 0)
  guard null >= 0, dup2(null, 0) == 0, dup2(job.output, 1) == 1, dup2(job.errors, 2) == 2,
    csandbox_set_close_on_exec(3) == 0
  else { throw SetupFailure(.streams) }
}

private func setLimits(_ limits: KernelLimits) throws(SetupFailure) {
  let unlimited = UInt64.max
  let stack: UInt64 = 8 << 20
  let pairs: [(resource: Int32, soft: UInt64, hard: UInt64)] = [
    (0 /* CPU: SIGXCPU, then SIGKILL */, limits.processorTime, limits.processorTime + 2),
    (1 /* FSIZE */, limits.fileSize, limits.fileSize),
    (3 /* STACK: gcc raises its own */, stack, 1 << 30),
    // 1 also stops a core_pattern that is a pipe.
    (4 /* CORE */, 1, 1),
    (6 /* NPROC */, limits.processes, limits.processes),
    (7 /* NOFILE */, limits.openFiles, limits.openFiles),
    (8 /* MEMLOCK */, 64 << 10, 64 << 10),
    (
      9 /* AS */, limits.addressSpace == 0 ? unlimited : limits.addressSpace,
      limits.addressSpace == 0 ? unlimited : limits.addressSpace
    ),
    (12 /* MSGQUEUE */, 0, 0),
  ]
  for pair in pairs {
    guard csandbox_limit(pair.resource, pair.soft, pair.hard) == 0 else {
      throw SetupFailure(.limits)
    }
  }
  // Inherited from the runner as "no": it hides /proc/self of this process from itself.
  _ = csandbox_prctl(4 /* PR_SET_DUMPABLE */, 1, 0)
  // When memory ends, a job goes first. Raising needs no privilege.
  guard writeText(bytes("1000"), to: bytes("/proc/self/oom_score_adj")) else {
    throw SetupFailure(.limits)
  }
}

private func dropIdentity(_ configuration: SlotConfiguration) throws(SetupFailure) {
  // With one host user for the whole slot there is nobody else to become, and no right to change groups.
  let isOneUser = configuration.user == 0
  guard csandbox_drop_bounding_set() == 0,
    isOneUser || csandbox_become(configuration.user, configuration.group) == 0,
    csandbox_drop_capabilities() == 0
  else { throw SetupFailure(.identity) }
  // Everything inherited is default again; a server may have ignored SIGPIPE.
  for number in 1..<Int32(32) { signal(number, nil) }
  var none = sigset_t()
  sigemptyset(&none)
  sigprocmask(SIG_SETMASK, &none, nil)
  umask(0o022)
}

private func execute(_ job: PreparedJob) throws(SetupFailure) {
  let length = job.configuration.filter.count
  let filtered = job.configuration.filter.withUnsafeBufferPointer { program in
    csandbox_filter(program.baseAddress, length)
  }
  guard filtered == 0 else { throw SetupFailure(.filter) }
  withCStrings([job.order.executable] + job.order.arguments) { arguments in
    withCStrings(job.order.environment) { environment in
      if let program = arguments[0] { _ = execve(program, arguments, environment) }
    }
  }
  throw SetupFailure(.execute)
}
