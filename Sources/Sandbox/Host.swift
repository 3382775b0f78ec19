import CPosix
import Glibc
import Platform

/// What all slots of a server have in common. There is one per state directory: it holds a lock on it,
/// and sweeps what a server that crashed left.
package final class Host: Sendable {
  /// Who the slots are on the host.
  package enum Identity: Sendable, Equatable {
    /// As root: two host users for each slot, `first + 2n` for the runner and `first + 2n + 1` for its
    /// jobs. They must belong to nobody else.
    case separate(first: UInt32)
    /// As root: one host user for all slots, as a server without root has. For tests of that mode.
    case single(user: UInt32)
    /// Not as root: the server's own user. Jobs are kept from each other and from the server by namespaces
    /// and the filter alone.
    case own
  }

  package struct Configuration: Sendable {
    /// A directory of the server's own; made where it is missing. The lock lies here.
    package var state: String
    /// The directory whose subdirectories are unpacked toolchains. The slots' users must be able to
    /// enter it.
    package var toolchains: String
    /// The program `sccache-runner`.
    package var runner: String
    package var bubblewrap = "/usr/bin/bwrap"
    package var identity: Identity
    /// What each slot may use, over all its jobs.
    package var slotLimits = SlotLimits()
    /// Refuse to start where a limit of `slotLimits` can't be held by a cgroup.
    package var requiresControlGroups = true
    /// The system calls of jobs; nil is the policy that was compiled in.
    package var policy: Policy?

    package init(state: String, toolchains: String, runner: String, identity: Identity) {
      self.state = state
      self.toolchains = toolchains
      self.runner = runner
      self.identity = identity
    }
  }

  let toolchains: String
  let runner: String
  let bubblewrap: String
  let identity: Identity
  let slotLimits: SlotLimits
  let filter: Filter
  let controlGroups: ControlGroups
  private let lock: Descriptor

  /// Takes the state directory, sweeps it, and prepares what slots need. Throws when another server has
  /// it, when an identity is unsafe, and when a required limit can't be held.
  package init(_ configuration: Configuration) throws(SandboxError) {
    try Self.check(configuration.identity)
    do throws(SystemError) {
      try Files.makeDirectories(configuration.state, mode: 0o711)
      lock = try Self.lock(configuration.state)
      let policy: Policy
      if let given = configuration.policy { policy = given } else { policy = try embeddedPolicy() }
      filter = try Filter(policy)
    } catch {
      throw SandboxError(error)
    }
    toolchains = configuration.toolchains
    runner = configuration.runner
    bubblewrap = configuration.bubblewrap
    identity = configuration.identity
    slotLimits = configuration.slotLimits
    controlGroups = ControlGroups.ofThisMachine(server: configuration.state)
    controlGroups.sweep()
    Check.sweep(configuration.state)
    if configuration.requiresControlGroups, let missing = controlGroups.missing.first {
      throw SandboxError(
        "no cgroup can limit \(missing.rawValue) here; allow it to go without, or start as root")
    }
  }

  deinit {
    // Each slot holds its host: theirs are gone by now.
    controlGroups.removeServer()
  }

  /// Makes a slot; its runner starts with the first job, or with `Slot.prepare`.
  package func slot(_ number: Int) throws(SandboxError) -> Slot {
    guard (0..<4096).contains(number) else { throw SandboxError("there is no slot \(number)") }
    return try Slot(self, number: number)
  }

  private static func check(_ identity: Identity) throws(SandboxError) {
    let isRoot = geteuid() == 0
    switch identity {
    case .own where isRoot:
      throw SandboxError("jobs would run as the host's root: give the slots users of their own")
    case .separate where !isRoot, .single where !isRoot:
      throw SandboxError("slots with users of their own need root")
    case .separate(let first) where first < 1000 || first > 4_000_000_000,
      .single(let first) where first < 1000:
      throw SandboxError("\(first) is no user for a slot")
    default: return
    }
  }

  /// Exclusive, and gone with the process however it ends.
  private static func lock(_ state: String) throws(SystemError) -> Descriptor {
    let path = Path.join(state, "lock")
    let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
    guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else {
      throw SystemError("take (another server has it)", path)
    }
    return file
  }

}

private func embeddedPolicy() throws(SystemError) -> Policy {
  do throws(PolicyError) {
    return try Policy.embedded()
  } catch {
    throw SystemError("read", error.description, code: EINVAL)
  }
}
