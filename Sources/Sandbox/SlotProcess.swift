import CPosix
import CSandbox
import Glibc
import Platform

/// bubblewrap with a runner in it, from its start to its death.
final class SlotProcess {
  let socket: SlotSocket
  /// bubblewrap itself, our child.
  private let wall: pid_t
  /// The runner's pid on the host.
  let runner: pid_t
  /// Killing it kills all that is in the slot.
  private let runnerHandle: Descriptor

  /// Seconds that a slot may take to come up.
  private static let patience = 20

  /// Starts a slot and waits until its runner is ready.
  init(_ host: Host, number: Int, groups: SlotGroups) throws(SandboxError) {
    let ends = try Ends()
    wall = try Self.spawn(host, number: number, groups: groups, ends)
    ends.closeChildSide()
    do throws(SandboxError) {
      runner = try Self.readRunner(ends)
      runnerHandle = Descriptor(csandbox_pidfd_open(runner))
      guard runnerHandle.number >= 0 else { throw SandboxError(SystemError("watch", "a runner")) }
      if case .separate(let first) = host.identity {
        try Self.mapUsers(of: runner, first: first + 2 * UInt32(number))
        _ = csandbox_signal_peer(ends.gate.writing)
      }
    } catch {
      kill(wall, SIGKILL)
      Self.reap(wall)
      throw SandboxError("\(error.description)\(Self.complaint(ends))")
    }
    socket = SlotSocket(ends.control.takeReading())
    do throws(SandboxError) {
      try configure(host)
    } catch {
      throw SandboxError("\(error.description)\(Self.complaint(ends))")
    }
  }

  deinit {
    // By its handle: its number may be another process's by now.
    _ = csandbox_pidfd_kill(runnerHandle.number)
    // bubblewrap reaps the runner and ends by itself; killed at once it would leave that to init.
    let handle = Descriptor(csandbox_pidfd_open(wall))
    var poller = pollfd(fd: handle.number, events: Int16(POLLIN), revents: 0)
    if handle.number < 0 || poll(&poller, 1, 2000) <= 0 { kill(wall, SIGKILL) }
    Self.reap(wall)
  }

  /// Whether the runner still lives.
  var isAlive: Bool {
    var poller = pollfd(fd: runnerHandle.number, events: Int16(POLLIN), revents: 0)
    return runnerHandle.number >= 0 && poll(&poller, 1, 0) == 0
  }

  private func configure(_ host: Host) throws(SandboxError) {
    var body = MessageWriter()
    let user: UInt32 = if case .separate = host.identity { 1 } else { 0 }
    body.append(user)
    body.append(user)
    body.append(host.filter.program)
    try socket.send(.configure, body.bytes)
    guard try socket.receive().kind == .ready else {
      throw SandboxError("the slot's runner did not get ready")
    }
  }

  private static func reap(_ pid: pid_t) {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
  }
}

extension SlotProcess {
  /// All pipes and sockets of a start.
  private final class Ends {
    /// Its reading end is the server's.
    let control: Pipe
    let information: Pipe
    let gate: Pipe
    let errors: Pipe

    init() throws(SandboxError) {
      control = try Pipe.socketPair()
      information = try Pipe()
      // A socket: writing to it raises no signal when bubblewrap has died.
      gate = try Pipe.socketPair()
      errors = try Pipe()
    }

    /// The child's death must show as their end.
    func closeChildSide() {
      control.closeWriting()
      information.closeWriting()
      gate.closeReading()
      errors.closeWriting()
    }
  }

  private static func spawn(
    _ host: Host, number: Int, groups: SlotGroups, _ ends: Ends
  ) throws(SandboxError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, 0, 1)
    posix_spawn_file_actions_adddup2(&actions, ends.errors.writing, 2)
    posix_spawn_file_actions_adddup2(&actions, ends.control.writing, 3)
    posix_spawn_file_actions_adddup2(&actions, ends.information.writing, 4)
    posix_spawn_file_actions_adddup2(&actions, ends.gate.reading, 5)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    let arguments = CStrings([host.runner] + launch(host, number: number, groups: groups))
    let nothing = CStrings([String]())
    var pid: pid_t = 0
    let failure = posix_spawn(
      &pid, host.runner, &actions, &attributes, arguments.pointers, nothing.pointers)
    guard failure == 0 else { throw SandboxError(SystemError("run", host.runner, code: failure)) }
    return pid
  }

  /// The runner's own arguments, then bubblewrap and its.
  private static func launch(_ host: Host, number: Int, groups: SlotGroups) -> [String] {
    var words = ["enter"]
    var gate: Int32?
    switch host.identity {
    case .separate(let first):
      let user = first + 2 * UInt32(number)
      words += ["\(user)", "\(user)"]
      gate = 5
    case .single(let user): words += ["\(user)", "\(user)"]
    case .own: words += ["-", "-"]
    }
    words += groups.membership
    let wall = Wall(runner: host.runner, toolchains: host.toolchains, information: 4, gate: gate)
    return words + ["--", host.bubblewrap] + wall.arguments
  }

  /// bubblewrap's information is JSON with `"child-pid": NUMBER`.
  private static func readRunner(_ ends: Ends) throws(SandboxError) -> pid_t {
    var text: [UInt8] = []
    let deadline = Clock.monotonic + Int64(patience) * 1_000_000_000
    while !text.contains(UInt8(ascii: "}")), text.count < 4096 {
      var poller = pollfd(fd: ends.information.reading, events: Int16(POLLIN), revents: 0)
      let left = (deadline - Clock.monotonic) / 1_000_000
      guard left > 0, poll(&poller, 1, Int32(left)) >= 0 else {
        throw SandboxError("bubblewrap did not start in time")
      }
      var piece = [UInt8](repeating: 0, count: 512)
      let count = read(ends.information.reading, &piece, piece.count)
      guard count > 0 else { throw SandboxError("bubblewrap did not start") }
      text += piece[..<count]
    }
    let key = Array("\"child-pid\":".utf8)
    for start in text.indices where text[start...].starts(with: key) {
      let digits = text[(start + key.count)...].drop { $0 == 0x20 }.prefix { $0 >= 48 && $0 <= 57 }
      if let pid = pid_t(String(decoding: digits, as: UTF8.self)), pid > 1 { return pid }
    }
    throw SandboxError("bubblewrap did not tell the runner's pid")
  }

  /// The runner becomes root of its namespace, the job user 1; on the host they are two users that own
  /// nothing.
  private static func mapUsers(of pid: pid_t, first: UInt32) throws(SandboxError) {
    for file in ["uid_map", "gid_map"] {
      let path = "/proc/\(pid)/\(file)"
      do throws(SystemError) {
        let map = try Descriptor.open(path, O_WRONLY)
        try map.write(Array("0 \(first) 1\n1 \(first + 1) 1\n".utf8), path: path)
      } catch {
        throw SandboxError(error)
      }
    }
  }

  /// What bubblewrap or the runner said on error output, as the end of a sentence.
  private static func complaint(_ ends: Ends) -> String {
    var poller = pollfd(fd: ends.errors.reading, events: Int16(POLLIN), revents: 0)
    guard poll(&poller, 1, 200) > 0 else { return "" }
    var piece = [UInt8](repeating: 0, count: 1000)
    let count = read(ends.errors.reading, &piece, piece.count)
    guard count > 0 else { return "" }
    let line = piece[..<count].prefix { $0 != 0x0a }
    return ": " + String(decoding: line, as: UTF8.self)
  }
}
