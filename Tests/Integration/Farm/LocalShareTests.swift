import Glibc
import Platform
import TestSupport
import Testing

/// How this machine and the farm share the work.
@Suite(.blockingForFarms, .serialized) struct LocalShareTests {
  private func reason(_ client: Sandbox, _ name: String) throws -> Int {
    try client.statistics().json["extra"]["not_on_farm"][name].total
  }

  private static let local = "a local job was free"
  private static let failed = "a build server failed"
  private static let useless = "a build server sent a bad result"

  @Test(.timeLimit(.minutes(20)))
  func someStayHere() throws {
    let farm = try TestFarm()
    do { try farm.client().waitUntilDistributed("g++") }
    let client = try farm.client(keys: "local_jobs = 1")
    // Its own daemon has to find the archive first.
    for number in 0..<300 where try reason(client, Self.local) == 0 {
      try client.write("warm\(number).cc", "int warm\(number);\n", settle: false)
      #expect(try client.sccache(["g++", "-c", "warm\(number).cc"]).isSuccess)
      pause(milliseconds: 100)
    }
    // One after the other, none is sent.
    for number in 0..<3 {
      try client.write("one\(number).cc", "int one\(number);\n")
      #expect(try client.sccache(["g++", "-c", "one\(number).cc"]).isSuccess)
    }
    #expect(try client.statistics().count("dist_compiles") == 0)
    // Several at once: one stays, the others go.
    let before = try reason(client, Self.local)
    for number in 0..<16 {
      try client.write("f\(number).cc", "#include <map>\nstd::map<int, int> f\(number);\n")
    }
    let result = try client.shell(
      "seq 0 15 | xargs -P3 -I@ \"$SCCACHE\" g++ -c f@.cc -o f@.o")
    #expect(result.isSuccess, "\(result.errorText)")
    let (here, there) = (
      try reason(client, Self.local) - before, try client.statistics().count("dist_compiles")
    )
    #expect(here > 0 && there > 0 && here + there == 16, "\(here) here, \(there) there")
    // What stays since it may is not what the farm could not do.
    let statistics = try client.statistics()
    let failed = statistics.extra("not_on_farm") - (try reason(client, Self.local))
    #expect(statistics.extra("local_fallbacks") == failed)
  }

  /// A job that is away for too long is taken back when a compiler may run here.
  @Test(.timeLimit(.minutes(20)))
  func slowJobsAreTakenBack() throws {
    let farm = try TestFarm(servers: [])
    let client = try farm.client(keys: "slow_after_ms = 500")
    let server = try FakeServer(farm)
    try server.answer("run_job", 200, [])
    try server.pauseJobs(seconds: 100)
    for number in 0..<600 where try reason(client, "the farm was too slow") == 0 {
      try server.heartbeat()
      try client.write("slow\(number).cc", "int slow = \(number);\n", settle: false)
      let result = try client.sccache(["g++", "-c", "slow\(number).cc"])
      #expect(result.isSuccess && result.errorText == "")
      pause(milliseconds: 100)
    }
    #expect(try client.statistics().count("dist_compiles") == 0)
    let statistics = try client.statistics()
    #expect(statistics.count("dist_errors") == 1)
    #expect(statistics.extra("local_fallbacks") == statistics.extra("not_on_farm"))
  }

  /// A server that falls silent in the middle of a job is left, whatever a job may take. One that is only
  /// slow is not.
  @Test(.timeLimit(.minutes(20)))
  func aSilentServerIsLeft() throws {
    let farm = try TestFarm(servers: [])
    let client = try farm.client(keys: "job_timeout_ms = 100000000")
    let server = try FakeServer(farm)
    try server.answer("run_job", 200, [])
    // The toolchain is packed first.
    for number in 0..<600 where server.jobs == 0 {
      try server.heartbeat()
      try client.write("warm\(number).cc", "int warm = \(number);\n", settle: false)
      #expect(try client.sccache(["g++", "-c", "warm\(number).cc"]).isSuccess)
      pause(milliseconds: 100)
    }
    func compile(_ name: String) throws {
      try server.heartbeat()
      try client.write(name + ".cc", "int \(name);\n", settle: false)
      let result = try client.sccache(["g++", "-c", name + ".cc"])
      #expect(result.isSuccess && result.errorText == "", "\(result.errorText)")
    }
    // Its answer of no use came, after many signs of life.
    try server.pauseJobs(seconds: 5)
    let useless = try reason(client, Self.useless)
    try compile("slow")
    #expect(try reason(client, Self.useless) == useless + 1)
    #expect(try reason(client, Self.failed) == 0)
    try server.standStillAtNextJob()
    for number in 0..<50 where try reason(client, Self.failed) == 0 {
      try compile("silent\(number)")
    }
    server.goOn()
    #expect(try reason(client, Self.failed) == 1)
  }

  /// A full farm holds nobody up, and make's number of jobs, which is meant for the farm, does not
  /// become the number of compilers here.
  @Test(.timeLimit(.minutes(20)))
  func thisMachineTakesOver() throws {
    let farm = try TestFarm(servers: [])
    let client = try farm.client()
    client.environment["SCCACHE_JOBS"] = "1"
    for number in 0..<600 where try reason(client, "the farm is full") == 0 {
      try client.write("warm\(number).cc", "int warm\(number);\n", settle: false)
      #expect(try client.sccache(["g++", "-c", "warm\(number).cc"]).isSuccess)
      pause(milliseconds: 100)
    }
    try client.makeDirectory("bin")
    // Notes how many of it run at once.
    try client.script(
      "bin/slow",
      """
      case "$*" in *-c*slow*) mkdir running || echo two >>two; sleep 0.3; rmdir running;; esac
      exec gcc "$@"
      """)
    try client.write(
      "Makefile",
      "all: slow1.o slow2.o slow3.o slow4.o\n%.o: %.c\n\t\"$(SCCACHE)\" bin/slow -c $<\n")
    for number in 1...4 { try client.write("slow\(number).c", "int slow\(number);\n") }
    let result = try client.shell("make -j4")
    #expect(result.isSuccess, "\(result.errorText)")
    #expect(!client.exists("two"))
  }
}
