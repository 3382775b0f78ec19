import Glibc
import Platform
import Testing

@testable import Sandbox

/// Outputs, working directories and inputs with hostile names.
@Suite struct OutputTests {
  @Test(arguments: [
    ("ln -s /etc/passwd out", "out"), ("ln -s \(Ground.root)/secret out", "out"),
    ("rm -r d; ln -s /usr d", "d/out"), ("mkdir out", "out"), ("echo a > b; ln b out", "out"),
    ("ln -s /proc/self/fd/0 out", "out"), ("ln -s /dev/zero out", "out"),
  ])
  func leftInTheOutputsPlace(script: String, output: String) throws {
    let slot = try Ground.slot()
    let outcome = try slot.run(.shell(script, outputs: [output]))
    #expect(outcome.ending == .exited(0), "\(outcome.complaints)")
    #expect(outcome.refusal(0) != nil)
    #expect(try outcome.contents(0) == nil)
    #expect(slot.starts == 1)
  }

  @Test(arguments: [
    "/etc/passwd", "../../../../../../etc/passwd", "/proc/self/environ", "/proc/1/environ",
    "/dev/zero", "/dev/null", "/proc/self/fd/1", "/usr/bin/cat", "../..//./none",
  ])
  func hostFilesAsOutputs(output: String) throws {
    let slot = try Ground.slot()
    let outcome = try slot.run(.shell("exit 0", outputs: [output]))
    #expect(outcome.ending == .exited(0))
    #expect({ if case .missing = outcome.outputs[0].state { true } else { false } }())
  }

  @Test(arguments: [
    "..", "a/..", "", "/", "a\nb", "a\u{1b}[31mb", "." + String(repeating: "x", count: 300),
  ])
  func impossibleOutputs(output: String) throws {
    let slot = try Ground.slot()
    let outcome = try slot.run(.shell("exit 0", outputs: [output]))
    guard case .refused(let why) = outcome.ending else {
      Issue.record("\(outcome.ending)")
      return
    }
    #expect(!why.contains("\n") && !why.contains("\u{1b}"))
  }

  @Test func workingDirectories() throws {
    let slot = try Ground.slot()
    #expect(
      try slot.run(.shell("/bin/ls /; exec env", directory: "/../../x/../y")).text.contains(
        "PWD=/y"))
    let deep = "/" + String(repeating: "d/", count: 200)
    for directory in [deep, "/a\nb", "/" + String(repeating: "x", count: 5000)] {
      let outcome = try slot.run(.shell("exit 0", directory: directory))
      #expect(outcome.wasRefused)
    }
    // What the server must not make: a directory on the host.
    let outside = Ground.root + "/made-by-a-job"
    _ = try slot.run(.shell("exit 0", directory: "/../../../../../.." + outside))
    #expect(access(outside, F_OK) != 0)
  }

  @Test(arguments: [
    "../gcc", "gcc/..", "gcc/usr", "", ".", "..", "/", "gcc,upperdir=/", "gcc:x", "a\\b",
  ])
  func toolchainNames(name: String) throws {
    let slot = try Ground.slot()
    var job = Job.shell("exit 0")
    job.toolchain = name
    let outcome = try slot.run(job)
    #expect({ if case .notStarted = outcome.ending { true } else { false } }())
    #expect(slot.starts == 1)
  }

  /// Links of a toolchain that lead out of it lead nowhere, and mount points are never links.
  @Test func toolchainWithHostileLinks() throws {
    let place = try Ground.toolchains.get() + "/hostile"
    let outside = Ground.root + "/outside"
    mkdir(outside, 0o777)
    chmod(outside, 0o777)
    let made = try Spawn.run(
      "/bin/sh",
      [
        "-c",
        """
        mkdir -p \(place) && cd \(place) && ln -s ../gcc/usr usr0 && cp -a ../gcc/usr usr && rm usr0
        for name in bin lib lib64; do ln -sfn /usr/$name $name; done
        ln -s / proc; ln -s /usr dev; ln -s \(outside) tmp; ln -s ../../../../../..\(outside) out
        ln -s loop2 loop1; ln -s loop1 loop2
        """,
      ], environment: [Array("PATH=/usr/bin:/bin".utf8)], directory: "/")
    #expect(made.isSuccess, "\(String(decoding: made.errors, as: UTF8.self))")
    let slot = try Ground.slot()
    var archive = TarBuilder()
    archive.file("out/in", "x")
    var job = Job.shell(
      "echo a > /tmp/t; echo b > /out/made; cat /out/in; ls -d /proc/self > /dev/null",
      inputs: .archive(archive.finished()), outputs: ["/out/made", "/tmp/t"])
    job.toolchain = "hostile"
    let outcome = try slot.run(job)
    #expect(outcome.ending == .exited(0), "\(outcome.ending.description) \(outcome.complaints)")
    #expect(outcome.text == "x")
    #expect(try outcome.contents(0) == Array("b\n".utf8))
    #expect(Files.names(in: outside) == [])
    job.outputs = [Array("/loop1/x".utf8)]
    let looped = try slot.run(job)
    #expect(looped.wasRefused)
  }

  @Test(arguments: HostileArchive.all)
  func hostileInputs(archive: HostileArchive) throws {
    let slot = try Ground.slot()
    let outcome = try slot.run(.shell("exit 0", inputs: .archive(archive.bytes)))
    guard case .refused(let why) = outcome.ending else {
      Issue.record("\(archive.name): \(outcome.ending)")
      return
    }
    #expect(why.contains(archive.reason.message.description))
    #expect(!why.contains("\n"))
    #expect(try slot.run(.shell("exit 0")).ending == .exited(0))
    #expect(slot.starts == 1)
  }

  /// Links as data: kept as they are, and not followed by what comes after.
  @Test func linksInInputs() throws {
    var archive = TarBuilder()
    archive.directory("work")
    archive.file("work/real", "content")
    archive.link("work/alias", to: "real")
    archive.link("work/far", to: "/etc/shadow")
    let slot = try Ground.slot()
    let outcome = try slot.run(
      .shell("cat alias; cat far; exit 0", inputs: .archive(archive.finished()), outputs: ["alias"])
    )
    #expect(outcome.text == "content")
    #expect(outcome.refusal(0) != nil)
  }

  @Test func inputsFromADescriptor() throws {
    var archive = TarBuilder()
    archive.file("work/a", "1")
    let path = Ground.root + "/inputs-\(getpid()).tar"
    try Files.write(archive.finished(), to: path, temporary: path + "~", mode: 0o600)
    let file = try Descriptor.open(path, O_RDONLY)
    let slot = try Ground.slot()
    #expect(try slot.run(.shell("cat a", inputs: .descriptor(file.number))).text == "1")
  }

  /// Whoever sends inputs slowly uses up the job's time, not the server's.
  @Test func inputsThatStall() throws {
    let pipe = try Pipe()
    #expect(write(pipe.writing, "work/", 5) == 5)
    var job = Job.shell("exit 0", inputs: .descriptor(pipe.reading))
    job.limits.seconds = 1
    let slot = try Ground.slot()
    #expect(try slot.run(job).ending == .limit(.time))
    #expect(try slot.run(.shell("exit 0")).ending == .exited(0))
  }

  /// Options that run code or read files do so inside, where there is nothing to find.
  @Test func compilerOptionsThatReach() throws {
    let slot = try Ground.slot()
    let outcome = try slot.run(
      .shell(
        """
        printf '#include "/etc/shadow"\n' > a.c
        printf '__asm__(".incbin \\"/etc/passwd\\"");\n' > b.c
        printf 'int main(void) { return 0; }\n' > c.c
        gcc -c a.c; gcc -c b.c; gcc @/etc/passwd -c c.c; gcc -specs=/etc/passwd -c c.c
        gcc -fplugin=/etc/none.so -c c.c
        gcc -wrapper /bin/sh,-c,'id >&2' -c c.c
        gcc -c c.c -o c.o && echo compiled
        """, outputs: ["c.o", "a.o", "b.o"]))
    #expect(outcome.text == "compiled\n", "\(outcome.ending) \(outcome.complaints)")
    #expect(try outcome.contents(0)?.isEmpty == false)
    #expect(try outcome.contents(1) == nil && outcome.contents(2) == nil)
    #expect(!outcome.complaints.contains("root:"))
    #expect(outcome.complaints.contains("uid="))
  }

  @Test func ordersThatAreTooLong() throws {
    let slot = try Ground.slot()
    var job = Job.shell("exit 0")
    job.environment = [[UInt8](repeating: 0x61, count: 9 << 20)]
    let outcome = try slot.run(job)
    #expect({ if case .lost = outcome.ending { true } else { false } }())
    // More than the kernel takes.
    job.environment = [[UInt8](repeating: 0x61, count: 3 << 20)]
    #expect(
      try slot.run(job).ending == .notStarted("/bin/sh: Argument list too long"))
    #expect(try slot.run(.shell("exit 0")).ending == .exited(0))
  }
}
