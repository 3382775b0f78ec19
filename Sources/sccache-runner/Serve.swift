import CPosix
import CSandbox

/// Who jobs are, inside the slot's user namespace, and the filter that they run under.
struct SlotConfiguration {
  var user: UInt32
  var group: UInt32
  var filter: [UInt8]

  init?(body: [UInt8]) {
    var reader = MessageReader(body)
    guard let user = try? reader.number(), let group = try? reader.number(),
      let filter = try? reader.field(), reader.isAtEnd
    else { return nil }
    self.user = user
    self.group = group
    self.filter = filter
  }
}

/// Runs jobs for the server until it closes the socket. Being process 1 of the slot's pid namespace, the
/// runner takes every process of the slot with it when it ends.
func serve(control socket: Int32) -> Int32 {
  // Nothing of bubblewrap's or the server's is left open.
  _ = csandbox_close_all(UInt32(socket) + 1, ~0)
  _ = csandbox_set_close_on_exec(UInt32(socket))
  // A job in rootless mode has the same host user: it must not look into this process.
  _ = csandbox_prctl(4 /* PR_SET_DUMPABLE */, 0, 0)
  let control = Control(socket: socket)
  guard let first = control.receive(), first.kind == .configure,
    let configuration = SlotConfiguration(body: first.body)
  else {
    complain("the server sent no configuration")
    return 1
  }
  guard forbidUserNamespaces(), control.send(.ready, []) else { return 1 }
  while let frame = control.receive() {
    switch frame.kind {
    case .run:
      let goesOn = run(frame, configuration, control)
      for descriptor in frame.descriptors { close(descriptor) }
      if !goesOn { return 1 }
    case .cancel:
      // It crossed the news that the job has ended.
      continue
    default:
      complain("the server sent what a runner doesn't know")
      return 1
    }
  }
  return 0
}

/// The filter refuses to make user namespaces; the kernel does, too.
private func forbidUserNamespaces() -> Bool {
  // Made by bubblewrap for this user namespace alone. Written before /proc could matter to a job.
  _ = csandbox_prctl(4, 1, 0)
  let done = writeText(bytes("0"), to: bytes("/proc/sys/user/max_user_namespaces"))
  if !done { complain("can't forbid user namespaces", code: cposix_errno()) }
  _ = csandbox_prctl(4, 0, 0)
  return done
}
