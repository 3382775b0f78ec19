import Glibc
import Platform
import Testing

@testable import Sandbox

/// What a hostile job tries from inside. Each is refused, the slot goes on, the host is untouched.
@Suite struct AttackTests {
  static let identities = [Ground.identity, Ground.rootless]

  @Test(arguments: identities)
  func systemCalls(identity: Host.Identity) throws {
    let slot = try Ground.slot(identity)
    let outcome = try slot.run(.probe("calls"))
    #expect(outcome.ending == .exited(0))
    let lines = outcome.text.split(separator: "\n")
    #expect(lines.count >= 70)
    // EPERM, or ENOSYS where a libc would otherwise not fall back.
    for line in lines { #expect(line.hasSuffix(" 1") || line.hasSuffix(" 38"), "\(line)") }
    #if arch(x86_64)
      #expect(try slot.run(.probe("int80")).ending == .signal(SIGSYS))
      #expect(try slot.run(.probe("x32")).ending == .signal(SIGSYS))
    #endif
    #expect(try slot.run(.shell("exit 0")).ending == .exited(0))
  }

  @Test(arguments: identities)
  func hostFilesAndOtherProcesses(identity: Host.Identity) throws {
    let secret = Ground.root + "/secret-\(getpid())"
    try Files.write(Array("do not tell".utf8), to: secret, temporary: secret + "~", mode: 0o644)
    setenv("SANDBOX_TEST_TOKEN", "do not tell", 1)
    let slot = try Ground.slot(identity)
    let outcome = try slot.run(
      .shell(
        """
        cat \(secret) /etc/shadow /etc/passwd /proc/1/environ /proc/1/cmdline /proc/1/maps
        ls /proc/1/root /proc/1/cwd /proc/1/fd /toolchains /job /merged /runner /devices
        cat /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/kcore /proc/net/dev /sys/kernel/uevent_seqnum
        cat /proc/self/environ
        ls / /proc; ls -l /proc/self/fd; true
        """))
    #expect(outcome.ending == .exited(0))
    #expect(!outcome.text.contains("do not tell") && !outcome.text.contains("root:"))
    #expect(!outcome.text.contains("TOKEN") && !outcome.text.contains("runner"))
    // Every file named above is refused, one line each.
    #expect(outcome.complaints.split(separator: "\n").count >= 17, "\(outcome.complaints)")
    // Standard streams, and the directory that ls has open.
    #expect(outcome.text.split(separator: "\n").filter { $0.contains(" -> ") }.count == 4)
  }

  /// The kernel's own word on what a job has left.
  @Test(arguments: identities)
  func privileges(identity: Host.Identity) throws {
    let slot = try Ground.slot(identity)
    let status = try slot.run(.shell("cat /proc/self/status; cat /proc/self/uid_map")).text
    let lines = Set(status.split(separator: "\n").map { $0.filter { !$0.isWhitespace } })
    let none = String(repeating: "0", count: 16)
    for expected in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map({ "\($0):\(none)" })
      + ["NoNewPrivs:1", "Seccomp:2"]
    {
      #expect(lines.contains(expected), "\(expected)")
    }
    guard case .separate(let first) = identity else { return }
    // The runner is nobody on the host, and in its namespace not all that root is.
    let pid = try #require(slot.runnerPid)
    let runner = String(decoding: try Files.read("/proc/\(pid)/status"), as: UTF8.self)
    let user = first + 2 * UInt32(slot.number)
    #expect(runner.contains("Uid:\t\(user)\t\(user)\t\(user)\t\(user)\n"))
    let effective = runner.split(separator: "\n").first { $0.hasPrefix("CapEff") }
    // CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID, SETPCAP, SYS_ADMIN, SYS_RESOURCE.
    #expect(effective == "CapEff:\t00000000012001cb")
  }

  @Test(arguments: identities)
  func toolchainCanNotBePoisoned(identity: Host.Identity) throws {
    let shell = try Ground.toolchains.get() + "/gcc/usr/bin/dash"
    let tool = try Ground.toolchains.get() + "/gcc/usr/bin/cat"
    let before = FileStamp(path: tool)
    let slot = try Ground.slot(identity)
    let outcome = try slot.run(
      .shell("echo evil > /usr/bin/cat; chmod 777 /usr/bin/ls; rm -f /usr/bin/env; touch /usr/new"))
    #expect(outcome.ending != .exited(0) || identity == Ground.rootless)
    #expect(FileStamp(path: tool) == before)
    #expect(access(shell, F_OK) == 0 || access(tool, F_OK) == 0)
    #expect(access(try Ground.toolchains.get() + "/gcc/usr/new", F_OK) != 0)
    let next = try slot.run(.shell("echo fine | cat; env > /dev/null && ls -d /usr/new"))
    #expect(next.text == "fine\n")
  }

  @Test(arguments: identities)
  func forkBomb(identity: Host.Identity) throws {
    var limits = Job.quick
    limits.processes = 40
    let slot = try Ground.slot(identity)
    let outcome = try slot.run(.probe("forks", limits: limits))
    let made = Int(outcome.text.prefix { $0.isNumber }) ?? 9999
    #expect(outcome.ending == .exited(0))
    #expect(made > 10 && made <= 40)
    let shell = try slot.run(.shell("f() { f | f & }; f; sleep 1; exit 0", limits: limits))
    #expect(shell.duration < 10_000_000_000)
    #expect(try slot.run(.shell("exit 7")).ending == .exited(7))
  }

  @Test func memoryBomb() throws {
    var slotLimits = SlotLimits()
    slotLimits.memory = 128 << 20
    let host = try Ground.host(limits: slotLimits)
    let canLimit = !host.controlGroups.missing.contains(.memory)
    let slot = try host.slot(60)
    var limits = Job.quick
    // Where there is no cgroup the address space is what limits.
    limits.addressSpace = canLimit ? 0 : 256 << 20
    let outcome = try slot.run(.probe("memory", limits: limits))
    #expect(outcome.ending == (canLimit ? .limit(.memory) : .exited(9)))
    // Files count as memory, too.
    limits.fileBytes = 100 << 20
    let files = try slot.run(.shell("dd if=/dev/zero of=/tmp/x bs=1M count=99", limits: limits))
    #expect(files.ending == .exited(0))
    #expect(try slot.run(.shell("exit 0")).ending == .exited(0))
  }

  @Test func timeIsUp() throws {
    let slot = try Ground.slot()
    var limits = Job.quick
    limits.seconds = 1
    for what in ["spin", "stop"] {
      let outcome = try slot.run(.probe(what, limits: limits))
      #expect(outcome.ending == .limit(.time))
      #expect(outcome.duration < 8_000_000_000)
    }
    let deaf = try slot.run(.shell("trap '' TERM HUP INT; sleep 50; sleep 50", limits: limits))
    #expect(deaf.ending == .limit(.time))
    // A slot whose job misbehaved is made anew.
    #expect(slot.starts == 3)
    limits.seconds = 20
    limits.processorSeconds = 1
    #expect(try slot.run(.probe("spin", limits: limits)).ending == .limit(.processorTime))
  }

  @Test func floodsOfOutput() throws {
    let slot = try Ground.slot()
    var limits = Job.quick
    limits.streamBytes = 100_000
    let outcome = try slot.run(.shell("cat /dev/zero", limits: limits))
    #expect(outcome.ending == .limit(.standardOutput))
    #expect(outcome.standardOutput.count == 100_000)
    let errors = try slot.run(.shell("yes >&2", limits: limits))
    #expect(errors.ending == .limit(.errorOutput))
    #expect(errors.errorOutput.count == 100_000)
    #expect(try slot.run(.shell("echo ok", limits: limits)).text == "ok\n")
  }

  @Test func floodsOfFiles() throws {
    let slot = try Ground.slot()
    var limits = Job.quick
    limits.fileBytes = 16 << 20
    limits.fileCount = 1000
    for place in ["/tmp/x", "/work/x"] {
      let full = try slot.run(.shell("dd if=/dev/zero of=\(place) bs=1M", limits: limits))
      #expect(full.ending == .limit(.fileSpace))
    }
    #expect(try slot.run(.probe("files", limits: limits)).ending == .limit(.fileSpace))
    let deep = try slot.run(.probe("deep", limits: limits))
    #expect((Int(deep.text.prefix { $0.isNumber }) ?? 9999) < 1000)
    limits.longestFile = 1 << 20
    let sparse = Job.shell("exec truncate -s 1T out", outputs: ["out"], limits: limits)
    #expect(try slot.run(sparse).ending == .limit(.fileSize))
    #expect(try slot.run(.shell("exit 0")).ending == .exited(0))
  }

  @Test func outputsAreBounded() throws {
    let slot = try Ground.slot()
    var limits = Job.quick
    limits.outputBytes = 1 << 20
    let both = Job.shell(
      "truncate -s 600K a; truncate -s 600K b", outputs: ["a", "b"], limits: limits)
    #expect(try slot.run(both).ending == .limit(.outputs))
    let one = Job.shell("truncate -s 40M a", outputs: ["a", "b"], limits: limits)
    #expect(try slot.run(one).ending == .limit(.outputs))
  }

  @Test func lingeringProcesses() throws {
    let slot = try Ground.slot()
    let outcome = try slot.run(.shell("setsid sh -c 'trap \"\" TERM HUP; sleep 77' & exit 0"))
    #expect(outcome.ending == .exited(0))
    #expect(outcome.duration < 20_000_000_000)
    #expect(try slot.run(.shell("ls -d /proc/[0-9]*")).text.split(separator: "\n").count <= 3)
  }

  @Test(arguments: identities)
  func killingEverything(identity: Host.Identity) throws {
    let slot = try Ground.slot(identity)
    let outcome = try slot.run(.probe("kill-all"))
    #expect(outcome.ending == .exited(0))
    // To process 1 of its namespace a job may not send (EPERM), or the kernel drops it.
    #expect(["1\n", "0\n"].contains(outcome.text))
    #expect(try slot.run(.shell("exit 0")).ending == .exited(0))
    #expect(slot.starts == 1)
  }
}
