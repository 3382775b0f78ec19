import Farm
import Glibc
import Platform
import TestSupport
import Testing
import Transport

/// Jobs of a client that has a token and means harm, sent to a real server as root runs it: refused with one
/// clear line or harmless, the server lives on, the host is untouched. `docs/security.md` lists which attack
/// is tested where.
@Suite(.blockingForFarms, .serialized) struct JobAttackTests {
  /// One line that tells a person what was wrong.
  private func isOneLine(_ reason: String) -> Bool {
    !reason.isEmpty && !reason.contains("\n") && reason.utf8.count < 2000
  }

  @Test(.timeLimit(.minutes(20)))
  func hostFilesAndEnvironments() throws {
    let attacked = try AttackedFarm()
    let seen = try attacked.run(
      """
      cat \(attacked.secretFile) /etc/shadow /proc/1/environ /proc/*/environ
      ls /proc/1/root /proc/1/fd /proc/1/cwd; env; cat /proc/self/mountinfo
      ls -l /proc/self/fd; cat /proc/sys/kernel/hostname /proc/kcore /sys/kernel/uevent_seqnum
      """, variables: ["PATH": "/usr/bin", "CARGO_REGISTRIES_TOKEN": AttackedFarm.secret])
    #expect(!seen.text.contains(AttackedFarm.secret) && !seen.text.contains("root:"))
    #expect(!seen.text.contains("SECRET_OF_THE_SERVER") && !seen.text.contains("CARGO"))
    #expect(!seen.text.contains(attacked.farm.root), "\(seen.text)")
    // Standard streams, and the directory that ls has open.
    #expect(seen.text.split(separator: "\n").filter { $0.contains(" -> ") }.count == 4)
    let compiler = try attacked.run(
      """
      echo '#include "/etc/shadow"' >a.c; echo '__asm__(".incbin \\"\(attacked.secretFile)\\"");' >b.c
      gcc -c a.c; gcc -c b.c; gcc @\(attacked.secretFile) -c a.c; gcc -specs=/etc/shadow -c a.c
      gcc -fplugin=/etc/none.so -c a.c; gcc -wrapper /bin/sh,-c,'id >&2' -c a.c; exit 0
      """, outputs: ["/work/a.o", "/work/b.o"])
    #expect(compiler.outputs.isEmpty)
    #expect(!compiler.errors.contains(AttackedFarm.secret) && !compiler.errors.contains("root:"))
    #expect(compiler.errors.contains("uid=") && !compiler.errors.contains("uid=0("))
    try attacked.livesOn()
    try attacked.farm.leavesNothing()
  }

  @Test(.timeLimit(.minutes(20)))
  func outputsThatLeadOut() throws {
    let attacked = try AttackedFarm()
    let secret = attacked.secretFile
    let up = "/work/../../../../../.." + secret
    for (script, output) in [
      ("exit 0", secret), ("exit 0", up), ("exit 0", "../../../../../../..\(secret)"),
      ("exit 0", "/etc/shadow"), ("exit 0", "/proc/self/environ"), ("exit 0", "/proc/1/environ"),
      ("exit 0", "/dev/zero"), ("ln -s \(secret) out", "/work/out"),
      ("ln -s /etc/shadow out", "/work/out"), ("ln -s / d", "/work/d\(secret)"),
      ("echo a >b; ln b out", "/work/out"), ("mkfifo out", "/work/out"),
      ("mkdir out", "/work/out"), ("ln -s /proc/self/fd/0 out", "/work/out"),
      ("mknod out c 1 5", "/work/out"), ("exit 0", ""), ("exit 0", "/work/a\nb"),
      ("exit 0", "/" + String(repeating: "d/", count: 300) + "x"),
    ] {
      let ending = try attacked.run(script, outputs: [output])
      let what = "\(script): \(output.prefix(60))"
      #expect(ending.outputs.isEmpty, "\(what)")
      if let reason = ending.refusal { #expect(isOneLine(reason), "\(what): \(reason)") }
    }
    try attacked.livesOn()
    // Parents of outputs and working directories are made inside, never on the host.
    let place = attacked.farm.root + "/made"
    for path in [place, "/../../../../../.." + place, "../../../../../../../..\(place)"] {
      _ = try attacked.run("exit 0", outputs: [path + "/x"])
      _ = try attacked.run("echo a >b", directory: path)
    }
    #expect(access(place, F_OK) != 0)
    try attacked.livesOn()
    try attacked.farm.leavesNothing()
  }

  struct Inputs: Sendable {
    var name: String
    /// A toolchain may have so many.
    var isFineForToolchains = false
    var build: @Sendable (inout TarBuilder) -> Void
  }

  /// Archives as `tar` makes them on demand, and worse; each is a job's input and a toolchain's.
  static let hostileArchives: [Inputs] = [
    Inputs(name: "parent") { $0.file("../../../../../../tmp/sccattack-evil", "x") },
    Inputs(name: "through a link") {
      $0.link("d", to: "/tmp")
      $0.file("d/sccattack-evil", "x")
    },
    Inputs(name: "through links") {
      $0.link("a", to: ".")
      $0.link("b", to: "a/..")
      $0.file("b/sccattack-evil", "x")
    },
    Inputs(name: "a hard link out") { $0.header("h", kind: "1", target: "/etc/shadow") },
    Inputs(name: "a hard link up") { $0.header("h", kind: "1", target: "../../../etc/shadow") },
    Inputs(name: "a hard link by a link") {
      $0.link("s", to: "/etc/shadow")
      $0.header("h", kind: "1", target: "s")
    },
    Inputs(name: "a link, then a directory") {
      $0.link("x", to: "/tmp")
      $0.header("x", kind: "5", mode: 0o777)
    },
    Inputs(name: "a device") { $0.header("c", kind: "3") },
    Inputs(name: "a fifo") { $0.header("c", kind: "6") },
    Inputs(name: "a sparse file") { $0.header("s", kind: "S", size: 512) },
    Inputs(name: "a size beyond all") {
      $0.extended([("size", "99999999999999")])
      $0.file("s", "x")
    },
    Inputs(name: "a newline in a name") { $0.file("a\nb", "x") },
    Inputs(name: "too deep") { $0.file(String(repeating: "d/", count: 100) + "x", "x") },
    Inputs(name: "too many", isFineForToolchains: true) {
      for number in 0..<20_001 { $0.file("f\(number)", "") }
    },
    Inputs(name: "half an archive") { $0.header("x", kind: "0", size: 4096) },
  ]

  @Test(.timeLimit(.minutes(20)))
  func hostileInputs() throws {
    let attacked = try AttackedFarm()
    for inputs in Self.hostileArchives {
      var tar = TarBuilder()
      inputs.build(&tar)
      let ending = try attacked.run("exit 0", inputs: tar.finished())
      let reason = ending.refusal ?? ""
      #expect(isOneLine(reason), "\(inputs.name): \(ending)")
    }
    // Set-user-ID and extended attributes are data that nobody asked for.
    var tar = TarBuilder()
    tar.extended([
      ("SCHILY.xattr.security.capability", "x"), ("SCHILY.xattr.user.overlay.opaque", "y"),
    ])
    tar.file("work/suid", "#!/bin/sh\n", mode: 0o6755)
    let suid = try attacked.run("ls -l suid", inputs: tar.finished())
    #expect(suid.isSuccess && !suid.text.prefix(10).contains("s"), "\(suid)")
    #expect(access("/tmp/sccattack-evil", F_OK) != 0)
    try attacked.livesOn()
    try attacked.farm.leavesNothing()
  }

  /// Whatever system call is not on the list, and identities, as a job of a real server has them.
  @Test(.timeLimit(.minutes(20)))
  func systemCallsAndProcesses() throws {
    let attacked = try AttackedFarm()
    let calls = try attacked.run(program: ["/usr/bin/probe", "calls"])
    let lines = calls.text.split(separator: "\n")
    #expect(lines.count >= 70)
    for line in lines { #expect(line.hasSuffix(" 1") || line.hasSuffix(" 38"), "\(line)") }
    let status = try attacked.run("cat /proc/self/status")
    for expected in ["CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
      #expect(status.text.contains(expected), "\(expected)")
    }
    _ = try attacked.run(program: ["/usr/bin/probe", "kill-all"])
    try attacked.livesOn("kill everything")
    let mark = "7\(UInt32.random(in: 100_000...999_999))"
    let lingering = try attacked.run("setsid sh -c 'trap \"\" TERM HUP; sleep \(mark)' & exit 0")
    #expect(lingering.isSuccess)
    #expect(try attacked.farm.isRunning("sleep\0\(mark)") == false)
    // What a job does to the toolchain is its own.
    _ = try attacked.run("echo evil >/usr/bin/gcc; rm -rf /usr/lib; touch /usr/new")
    #expect(try attacked.run("ls /usr").text.contains("new") == false)
    try attacked.livesOn("the toolchain")
    try attacked.farm.leavesNothing()
  }

  @Test(.timeLimit(.minutes(20)))
  func moreThanItsShare() throws {
    let attacked = try AttackedFarm(
      .init(serverKeys: "job_timeout = 2\njob_memory = 268435456"))
    func isEnded(_ what: String, _ ending: AttackedFarm.Ending) throws {
      #expect(!ending.isSuccess, "\(what): \(ending)")
      if let reason = ending.refusal { #expect(isOneLine(reason), "\(what): \(reason)") }
      try attacked.livesOn(what)
    }
    try isEnded("time", try attacked.run("trap '' TERM; sleep 60; sleep 60"))
    try isEnded("a stopped job", try attacked.run(program: ["/usr/bin/probe", "stop"]))
    try isEnded("memory", try attacked.run(program: ["/usr/bin/probe", "memory"]))
    try isEnded("output", try attacked.run("cat /dev/zero"))
    try isEnded("files", try attacked.run("dd if=/dev/zero of=/tmp/x bs=1M"))
    try isEnded("a sparse file", try attacked.run("truncate -s 1T out", outputs: ["/work/out"]))
    try isEnded("many files", try attacked.run(program: ["/usr/bin/probe", "files"]))
    // These end by themselves, with what a slot allows.
    _ = try attacked.run("f() { f | f & }; f; sleep 1; exit 0")
    try attacked.livesOn("processes")
    _ = try attacked.run(program: ["/usr/bin/probe", "deep"])
    try attacked.livesOn("deep directories")
    // 300 MB of zeros in a body of 300 kB: more than the job's memory holds.
    var tar = TarBuilder()
    tar.file("work/bomb", [UInt8](repeating: 0, count: 300 << 20))
    try isEnded("a bomb", try attacked.run("exit 0", inputs: tar.finished()))
    try attacked.farm.leavesNothing()
  }

  /// Who goes away takes the job along.
  @Test(.timeLimit(.minutes(20)))
  func aClientThatLeaves() throws {
    let attacked = try AttackedFarm()
    let lease = try attacked.caller.allocate(attacked.toolchain)
    let mark = "7\(UInt32.random(in: 100_000...999_999))"
    let command = CompileCommand(
      executable: "/bin/sh", arguments: ["-c", "sleep \(mark); exit 0"],
      environment: [.init(name: "PATH", value: "/usr/bin")], directory: "/")
    let body = FarmCaller.body(command, outputs: [], inputs: [UInt8](repeating: 0, count: 1024))
    let farm = attacked.farm
    #expect(throws: HTTPFailure.cancelled) {
      try attacked.caller.tell(
        lease, .runJob(lease.job), .bytes(body),
        isWanted: { (try? farm.isRunning("sleep\0\(mark)")) != true })
    }
    for _ in 0..<200 where try attacked.farm.isRunning("sleep\0\(mark)") {
      pause(milliseconds: 50)
    }
    #expect(try attacked.farm.isRunning("sleep\0\(mark)") == false)
    try attacked.livesOn()
    try attacked.farm.leavesNothing()
  }
}
