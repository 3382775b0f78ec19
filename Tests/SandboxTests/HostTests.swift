import CPosix
import Glibc
import Platform
import Testing

@testable import Sandbox

/// Slots that die, servers that crash, hosts that lack something.
@Suite struct HostTests {
  @Test func aRunnerThatDiesIsReplaced() throws {
    let slot = try Ground.slot()
    #expect(try slot.run(.shell("exit 0")).ending == .exited(0))
    for pid in try runners(of: slot) { kill(pid, SIGKILL) }
    usleep(50_000)
    #expect(try slot.run(.shell("exit 5")).ending == .exited(5))
    #expect(slot.starts == 2)
  }

  @Test func groupsThatWereRemovedAreMadeAgain() throws {
    let slot = try Ground.slot()
    for group in slot.groupDirectories { #expect(rmdir(group) == 0) }
    #expect(try slot.run(.shell("exit 5")).ending == .exited(5))
    for group in slot.groupDirectories { #expect(access(group, F_OK) == 0) }
  }

  @Test func aRunnerThatDiesInAJobLosesTheJobOnly() throws {
    let slot = try Ground.slot()
    try slot.prepare()
    let victims = try runners(of: slot)
    _ = startThread {
      usleep(300_000)
      for pid in victims { kill(pid, SIGKILL) }
    }
    let outcome = try slot.run(.shell("sleep 30"))
    #expect({ if case .lost = outcome.ending { true } else { false } }())
    #expect(outcome.duration < 5_000_000_000)
    #expect(try slot.run(.shell("exit 5")).ending == .exited(5))
  }

  /// A server that is killed closes its sockets: its slots and their jobs end with it.
  @Test func aServerThatDiesTakesItsSlotsAlong() throws {
    let host = try Ground.host()
    let groups = try host.controlGroups.make(slot: 300, host.slotLimits)
    let process = try SlotProcess(host, number: 300, groups: groups)
    let streams = try Pipe()
    try process.socket.send(
      .run, try Job.shell("echo begun; sleep 40").order().encoded(),
      descriptors: [streams.writing, streams.writing])
    streams.closeWriting()
    var bytes = [UInt8](repeating: 0, count: 6)
    #expect(read(streams.reading, &bytes, 6) == 6)
    shutdown(process.socket.descriptor.number, Int32(SHUT_RDWR))
    // The last writer's end: the job is dead, too.
    var poller = pollfd(fd: streams.reading, events: Int16(POLLIN), revents: 0)
    #expect(poll(&poller, 1, 10_000) == 1)
    #expect(read(streams.reading, &bytes, 6) == 0)
    for _ in 0..<100 where process.isAlive { usleep(50_000) }
    #expect(!process.isAlive)
    groups.remove()
  }

  @Test func aStoppedRunnerIsGivenUp() throws {
    let slot = try Ground.slot()
    try slot.prepare()
    for pid in try runners(of: slot) { kill(pid, SIGSTOP) }
    var job = Job.shell("exit 0")
    job.limits.seconds = 1
    #expect(try slot.run(job).ending == .limit(.time))
    #expect(try slot.run(.shell("exit 5")).ending == .exited(5))
  }

  @Test func cancelling() throws {
    let slot = try Ground.slot()
    _ = startThread {
      usleep(300_000)
      slot.cancel()
    }
    let outcome = try slot.run(.shell("echo begun; sleep 15"))
    #expect(outcome.ending == .cancelled)
    #expect(outcome.text == "begun\n")
    #expect(outcome.duration < 10_000_000_000)
    slot.cancel()
    #expect(try slot.run(.shell("exit 5")).ending == .exited(5))
  }

  @Test func manySlotsAtOnce() throws {
    let host = try Ground.host()
    let results = Monitor<[String]>([])
    for number in 0..<6 {
      let slot = try host.slot(200 + number)
      _ = startThread {
        for round in 0..<4 {
          let mark = "slot \(number) round \(round)"
          let script =
            "echo \(mark) | cat > out; cat /tmp/* 2> /dev/null; cp out /tmp; ls -d /proc/[0-9]* | cat"
          let outcome = try? slot.run(.shell(script, outputs: ["out"]))
          let contents = (try? outcome?.contents(0)) ?? []
          let isClean =
            String(decoding: contents, as: UTF8.self) == mark + "\n"
            && outcome.map { $0.text.split(separator: "\n").count <= 4 } == true
          results.change {
            $0.append(isClean ? "clean" : "\(mark): \(String(describing: outcome))")
          }
        }
      }
    }
    let all = results.wait(until: Clock.monotonic + 120_000_000_000) { $0.count == 24 ? $0 : nil }
    #expect(all == [String](repeating: "clean", count: 24))
  }

  @Test func descriptorsAreClosed() throws {
    let slot = try Ground.slot()
    var refused = Job.shell("exit 0", directory: "/a\nb")
    refused.outputs = []
    var archive = TarBuilder()
    archive.file("work/x", "y")
    func jobs() throws {
      _ = try slot.run(.shell("cp x out", inputs: .archive(archive.finished()), outputs: ["out"]))
      _ = try slot.run(refused)
      _ = try slot.run(.shell("exit 0", inputs: .archive(Array(archive.finished()[..<700]))))
      var missing = Job.shell("exit 0")
      missing.toolchain = "none"
      _ = try slot.run(missing)
    }
    try jobs()
    let pid = try #require(slot.runnerPid)
    let before = Files.names(in: "/proc/\(pid)/fd")?.count
    for _ in 0..<10 { try jobs() }
    // Without privileges nobody looks into a runner, which is how it should be.
    #expect(before != nil || geteuid() != 0)
    #expect(Files.names(in: "/proc/\(pid)/fd")?.count == before)
    #expect(slot.runnerPid == pid)
  }

  @Test func nothingIsLeft() throws {
    var groups: [String] = []
    var victims: [pid_t] = []
    do {
      let slot = try Ground.slot()
      try slot.prepare()
      victims = try runners(of: slot)
      groups = slot.groupDirectories
      #expect(!victims.isEmpty)
    }
    for pid in victims { #expect(kill(pid, 0) != 0) }
    for group in groups { #expect(access(group, F_OK) != 0, "\(group)") }
    let mounts = String(decoding: try Files.read("/proc/self/mountinfo"), as: UTF8.self)
    #expect(!mounts.contains("/merged") && !mounts.contains("sccache-sandbox"))
  }

  @Test func aCrashedServersLeftoversAreSwept() throws {
    var configuration = Host.Configuration(
      state: Ground.root + "/crashed", toolchains: try Ground.toolchains.get(),
      runner: Ground.runner, identity: Ground.identity)
    configuration.requiresControlGroups = false
    let groups = ControlGroups.ofThisMachine(server: configuration.state)
    let slot = try groups.make(slot: 9, SlotLimits())
    // A process that the crash left in the slot's groups.
    let enter = slot.membership.map { "echo 0 > \($0); " }.joined()
    let left = try Spawn.run(
      "/bin/sh", ["-c", "\(enter) sleep 300 > /dev/null 2>&1 & echo $!"],
      environment: [Array("PATH=/bin".utf8)], directory: "/")
    let pid = pid_t(String(decoding: left.output, as: UTF8.self).prefix { $0.isNumber }) ?? 0
    #expect(pid > 1 && kill(pid, 0) == 0)
    do {
      let host = try Host(configuration)
      defer { withExtendedLifetime(host) {} }
      for place in slot.places { #expect(access(place.base, F_OK) != 0) }
      if !slot.places.isEmpty {
        usleep(20_000)
        let state = (try? Files.read("/proc/\(pid)/stat")) ?? []
        let rest = String(decoding: state, as: UTF8.self).split(separator: ")").last ?? " Z"
        #expect(rest.hasPrefix(" Z"))
      } else {
        kill(pid, SIGKILL)
      }
      #expect(throws: SandboxError.self) { try Host(configuration) }
    }
    _ = try Host(configuration)
  }

  @Test func identitiesThatAreRefused() throws {
    var configuration = Host.Configuration(
      state: Ground.root + "/identities", toolchains: "/", runner: Ground.runner, identity: .own)
    let refused: [Host.Identity] =
      geteuid() == 0
      ? [.own, .separate(first: 0), .separate(first: 999), .single(user: 0)]
      : [.separate(first: 310_000), .single(user: 310_000)]
    for identity in refused {
      configuration.identity = identity
      #expect(throws: SandboxError.self) { try Host(configuration) }
    }
  }

  @Test func check() throws {
    var configuration = Host.Configuration(
      state: Ground.root + "/check", toolchains: try Ground.toolchains.get(),
      runner: Ground.runner, identity: Ground.identity)
    configuration.requiresControlGroups = false
    let check = Check(configuration)
    #expect(check.allowsJobs, "\(check.lines)")
    #expect(check.lines.contains { $0.subject == "job" && $0.verdict == .ok }, "\(check.lines)")
    #expect(Files.names(in: configuration.state) == [])
    configuration.bubblewrap = "/nonexistent/bwrap"
    let lacking = Check(configuration)
    #expect(!lacking.allowsJobs)
    #expect(lacking.lines.contains { $0.description.contains("apt-get install bubblewrap") })
    configuration.bubblewrap = Ground.bubblewrap
    configuration.toolchains = "/nonexistent"
    let unreachable = Check(configuration)
    #expect(
      unreachable.lines.contains { $0.verdict == .missing && $0.detail.contains("/nonexistent") })
  }

  @Test func cgroupsOfBothVersions() {
    let one = """
      30 1 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
      31 1 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct
      """
    let found = ControlGroups.find(mounts: one, own: "4:memory:/me\n3:cpu,cpuacct:/\n0::/x")
    #expect(found.map(\.resource) == [.memory, .processor])
    #expect(
      found[0].base == (geteuid() == 0 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup/memory/me"))
    #expect(ControlGroups.find(mounts: "junk\n\n1 2 - x", own: "").isEmpty)
    // Version 2, as a directory that looks like it.
    let place = Ground.root + "/cgroup2-\(getpid())"
    mkdir(place, 0o755)
    _ = try? Files.write(
      Array("cpuset cpu io memory pids\n".utf8), to: place + "/cgroup.controllers",
      temporary: place + "/~", mode: 0o644)
    let two = ControlGroups.find(mounts: "9 1 0:1 / \(place) rw - cgroup2 none rw", own: "0::/")
    #expect(two.map(\.resource) == [.memory, .processes, .processor])
    #expect(two.allSatisfy { $0.isUnified && $0.base == place })
    // A unit's own group, which systemd has given to it.
    mkdir(place + "/unit", 0o755)
    func unit() -> [String] {
      ControlGroups.find(mounts: "9 1 0:1 / \(place) rw - cgroup2 none rw", own: "0::/unit").map(
        \.base)
    }
    let delegated = Array(repeating: place + "/unit", count: 3)
    #expect(unit() == (geteuid() == 0 ? Array(repeating: place, count: 3) : delegated))
    #expect(cposix_set_attribute(place + "/unit", "user.delegate", "1") == 0)
    #expect(unit() == delegated)
    // It steps aside in it, and then has the same group as before.
    let later = ControlGroups.find(
      mounts: "9 1 0:1 / \(place) rw - cgroup2 none rw", own: "0::/unit/sccache-dist-server")
    #expect(later.map(\.base) == delegated)
    // One directory for all resources.
    #expect(SlotGroups(places: later).directories == [place + "/unit"])
    #expect(SlotGroups(places: later).membership == [place + "/unit/cgroup.procs"])
    #expect(cposix_set_attribute(place + "/unit", "user.delegate", "0") == 0)
    #expect(unit() == (geteuid() == 0 ? Array(repeating: place, count: 3) : delegated))
  }

  private func runners(of slot: Slot) throws -> [pid_t] { [try #require(slot.runnerPid)] }
}
