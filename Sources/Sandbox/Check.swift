import CPosix
import Glibc
import Platform

/// What this host lacks for safe jobs, line by line; for `sccache-dist server --check`.
package struct Check: Sendable {
  package struct Line: Sendable, Equatable, CustomStringConvertible {
    package enum Verdict: String, Sendable {
      /// As it should be.
      case ok
      /// Jobs run, with less protection.
      case weak
      /// No job can run.
      case missing
    }

    package var verdict: Verdict
    /// What was looked at, in one or two words.
    package var subject: String
    /// What was found, and what to do about it.
    package var detail: String

    package var description: String { "\(verdict.rawValue): \(subject): \(detail)" }
  }

  package private(set) var lines: [Line] = []

  /// Nothing is missing; something may be weak.
  package var allowsJobs: Bool { !lines.contains { $0.verdict == .missing } }

  /// Looks, and runs a job that does nothing through everything that a compilation goes through. Takes
  /// a fraction of a second and leaves nothing behind. Must not be called on the cooperative pool.
  package init(_ configuration: Host.Configuration) {
    checkIdentity(configuration.identity)
    checkPrograms(configuration)
    checkControlGroups(configuration)
    guard allowsJobs else { return }
    checkJob(configuration)
  }

  private mutating func add(_ verdict: Line.Verdict, _ subject: String, _ detail: String) {
    lines.append(Line(verdict: verdict, subject: subject, detail: detail))
  }

  private mutating func checkIdentity(_ identity: Host.Identity) {
    switch identity {
    case .separate(let first):
      // As many as a large server has slots.
      for user in first..<(first + 2 * 64) {
        if let known = getpwuid(user) {
          add(.missing, "users", "\(user) is \(String(cString: known.pointee.pw_name))")
          return
        }
      }
      add(.ok, "users", "each slot has two host users of its own, from \(first) up")
    case .single(let user):
      add(.weak, "users", "all slots share the host user \(user)")
    case .own where geteuid() == 0:
      add(.missing, "users", "jobs would run as root: configure host users for the slots")
    case .own:
      add(.weak, "users", "jobs run as this user; start as root to give each slot its own")
    }
  }

  private mutating func checkPrograms(_ configuration: Host.Configuration) {
    let version = try? Spawn.run(
      configuration.bubblewrap, ["--version"], environment: [], directory: "/", timeoutSeconds: 10)
    if let version, version.isSuccess {
      let text = String(decoding: version.output.prefix { $0 != 0x0a }, as: UTF8.self)
      add(.ok, "bubblewrap", "\(text) (\(configuration.bubblewrap))")
    } else {
      add(
        .missing, "bubblewrap",
        "\(configuration.bubblewrap) does not run; install it: apt-get install bubblewrap")
    }
    if access(configuration.runner, X_OK) == 0 {
      add(.ok, "runner", configuration.runner)
    } else {
      add(.missing, "runner", "\(configuration.runner) is not there or not executable")
    }
  }

  private mutating func checkControlGroups(_ configuration: Host.Configuration) {
    // The groups of the server that is to be: a check asks whether they can be made.
    let groups = ControlGroups.ofThisMachine(server: Self.state(configuration))
    defer { groups.removeServer() }
    for resource in Resource.allCases {
      let subject = "limit of \(resource.rawValue)"
      if let place = groups.hierarchies.first(where: { $0.resource == resource }) {
        add(.ok, subject, "cgroup version \(place.isUnified ? 2 : 1) at \(place.base)")
      } else {
        add(
          configuration.requiresControlGroups ? .missing : .weak, subject,
          "no cgroup controller '\(resource.controller)' that this user may use; start as root, or in a "
            + "unit of systemd with Delegate=cpu memory pids")
      }
    }
  }

  /// A directory of its own beside the server's state: the check may run while the server does.
  private static func state(_ configuration: Host.Configuration) -> String {
    configuration.state + "/check-\(getpid())"
  }

  private static func tree(_ state: String) -> String { state + "/toolchains/probe" }

  private static func remove(_ state: String) {
    let tree = tree(state)
    for path in [tree + "/probe", state + "/lock"] { unlink(path) }
    for path in [tree, state + "/toolchains", state] { rmdir(path) }
  }

  /// Removes what a check that was killed left.
  static func sweep(_ state: String) {
    for name in Files.names(in: state) ?? [] where name.hasPrefix("check-") {
      guard let pid = pid_t(name.dropFirst(6)), kill(pid, 0) != 0, errno == ESRCH else { continue }
      ControlGroups.ofThisMachine(server: state + "/" + name).removeServer()
      remove(state + "/" + name)
    }
  }

  private mutating func checkJob(_ configuration: Host.Configuration) {
    let state = Self.state(configuration)
    let tree = Self.tree(state)
    defer { Self.remove(state) }
    do {
      try Files.makeDirectories(tree, mode: 0o755)
      try Files.write(
        try Files.read(configuration.runner), to: tree + "/probe", temporary: tree + "/probe",
        mode: 0o755)
      var probe = configuration
      probe.state = state
      // The toolchains first, so that a failure is known to be theirs.
      try Self.start(probe)
      add(.ok, "toolchains", "\(configuration.toolchains) can be entered by the slots")
      probe.toolchains = state + "/toolchains"
      let outcome = try Self.run(probe)
      if outcome.ending == .exited(0) {
        add(
          .ok, "job",
          "namespaces, overlay, /proc, system call filter: a job took \(outcome.duration / 1000) us"
        )
      } else {
        add(.missing, "job", outcome.ending.description)
      }
    } catch {
      add(.missing, "slot", "\(error)")
    }
  }

  /// The last slot that a server can have: its users are free while the server runs with fewer.
  private static let slotNumber = 4095

  private static func start(_ configuration: Host.Configuration) throws(SandboxError) {
    let host = try Host(configuration)
    try host.slot(slotNumber).prepare()
  }

  private static func run(_ configuration: Host.Configuration) throws(SandboxError) -> Outcome {
    let host = try Host(configuration)
    var job = Job(
      toolchain: "probe", directory: Array("/".utf8), executable: Array("/probe".utf8),
      arguments: [Array("probe".utf8)])
    job.limits.seconds = 10
    job.limits.fileBytes = 1 << 20
    let slot = try host.slot(slotNumber)
    // The first job of a slot pays for its cgroups; the second shows what a job costs.
    _ = try slot.run(job)
    return try slot.run(job)
  }
}
