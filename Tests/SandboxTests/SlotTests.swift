import Testing

@testable import Sandbox

/// What a well-behaved job gets, with two host users a slot and with one.
@Suite struct SlotTests {
  @Test(arguments: [Ground.identity, Ground.rootless])
  func compiles(identity: Host.Identity) throws {
    let slot = try Ground.slot(identity)
    var archive = TarBuilder()
    archive.file("home/someone/project/src/a.i", "int answer(void) { return 42; }\n")
    var job = Job(
      toolchain: "gcc", inputs: .archive(archive.finished()),
      directory: Array("/home/someone/project".utf8), executable: Array("/usr/bin/gcc".utf8),
      arguments: ["-x", "cpp-output", "-c", "src/a.i", "-o", "out/a.o", "-fpreprocessed", "-g"]
        .map { Array($0.utf8) },
      environment: [Array("LC_ALL=C".utf8)], outputs: [Array("out/a.o".utf8)], limits: Job.quick)
    for _ in 0..<3 {
      let outcome = try slot.run(job)
      #expect(outcome.ending == .exited(0), "\(outcome.ending.description): \(outcome.complaints)")
      #expect(try outcome.contents(0)?.starts(with: [0x7f, 0x45, 0x4c, 0x46]) == true)
    }
    job.arguments[3] = Array("missing.i".utf8)
    let outcome = try slot.run(job)
    #expect(outcome.ending == .exited(1))
    #expect(outcome.complaints.contains("missing.i"))
    #expect(slot.starts == 1)
  }

  @Test func environmentIsWhatIsGiven() throws {
    let slot = try Ground.slot()
    let outcome = try slot.run(.shell("exec /usr/bin/env", environment: ["A=1", "B=x y"]))
    // The shell adds PWD by itself.
    #expect(
      outcome.text.split(separator: "\n").filter { !$0.hasPrefix("PWD=") } == ["A=1", "B=x y"])
  }

  @Test func streamsAndExitCodes() throws {
    let slot = try Ground.slot()
    let outcome = try slot.run(.shell("echo out; echo err >&2; exit 37"))
    #expect(outcome.ending == .exited(37))
    #expect(outcome.text == "out\n")
    #expect(outcome.complaints == "err\n")
    #expect(try slot.run(.probe("abort")).ending == .signal(6))
  }

  @Test func nothingIsLeftForTheNextJob() throws {
    let slot = try Ground.slot()
    _ = try slot.run(.shell("echo secret > /tmp/kept; echo secret > kept; (sleep 100 &)"))
    let outcome = try slot.run(.shell("ls /tmp /work; ls -d /proc/[0-9]*"))
    #expect(outcome.ending == .exited(0))
    #expect(!outcome.text.contains("kept"))
    // Only the shell and ls; process 1 is hidden from other users, and shown to its own.
    #expect(outcome.text.split(separator: "\n").filter { $0.hasPrefix("/proc") }.count <= 3)
  }

  @Test func outputsThroughToolchainLinks() throws {
    // `lib` is a link of the toolchain's: what goes there lies in /usr/lib, and nowhere else.
    let slot = try Ground.slot()
    var archive = TarBuilder()
    archive.file("lib/extra/in.txt", "data")
    let outcome = try slot.run(
      .shell(
        "cat /usr/lib/extra/in.txt > /lib/made/out.txt", inputs: .archive(archive.finished()),
        outputs: ["/lib/made/out.txt", "../usr/lib/made/none.txt"]))
    #expect(outcome.ending == .exited(0), "\(outcome.complaints)")
    #expect(try outcome.contents(0) == Array("data".utf8))
    #expect({ if case .missing = outcome.outputs[1].state { true } else { false } }())
  }

  @Test func whatCanNotBeStarted() throws {
    let slot = try Ground.slot()
    var job = Job.shell("true")
    job.executable = Array("/usr/bin/nothing".utf8)
    #expect(
      try slot.run(job).ending == .notStarted("/usr/bin/nothing: No such file or directory"))
    job.toolchain = "none"
    #expect(try slot.run(job).ending == .notStarted("toolchain none: No such file or directory"))
    job.executable = Array("gcc".utf8)
    #expect(throws: SandboxError.self) { try slot.run(job) }
    job.executable = Array("/bin/sh\0".utf8)
    #expect(throws: SandboxError.self) { try slot.run(job) }
    #expect(try slot.run(.shell("exit 3")).ending == .exited(3))
    #expect(slot.starts == 1)
  }
}
