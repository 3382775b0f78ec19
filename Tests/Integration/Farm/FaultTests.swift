import Farm
import Glibc
import Platform
import Synchronization
import TestSupport
import Testing

/// Whatever happens to the farm, a build ends with exit code 0 and the bytes of the compiler here.
@Suite(.blockingForFarms, .serialized) struct FaultTests {
  /// Some files of which each takes the compiler a moment.
  private func writeSources(_ count: Int, _ client: Sandbox) throws {
    try client.write("common.h", "#include <map>\n#include <string>\n")
    for number in 0..<count {
      try client.write(
        "f\(number).cc",
        """
        #include "common.h"
        std::map<std::string, int> table\(number) = {{"a", \(number)}, {"b", 2}};
        std::string find\(number)(int x) {
          for (auto &one : table\(number)) if (one.second == x) return one.first;
          return {};
        }

        """, settle: false)
    }
    pause(milliseconds: 15)
  }

  /// Builds all files, four at once, while `meanwhile` happens; every object must be right.
  private func build(
    _ count: Int, _ client: Sandbox, seconds: Int64, meanwhile: () throws -> Void = {},
    location: SourceLocation = #_sourceLocation
  ) throws {
    let script = (0..<count).map { "f\($0).cc" }.joined(separator: "\n")
    try client.write("list", script + "\n")
    let wanted = try client.plain([
      "sh", "-c", "xargs -P2 -I@ g++ -O1 -c @ -o @.o <list && mkdir plain && mv *.o plain/",
    ])
    try #require(wanted.isSuccess, "\(wanted.errorText)")
    let started = Clock.monotonic
    let variables = client.environment.merging(["SCCACHE": client.program]) { $1 }
    let running = try BackgroundProcess(
      "/bin/sh",
      ["-c", "cd \(client.work) && xargs -P4 -I@ \"$SCCACHE\" g++ -O1 -c @ -o @.o <list"],
      environment: variables, log: client.root + "/build.log")
    try meanwhile()
    while running.isRunning, Clock.monotonic < started + seconds * 1_000_000_000 {
      pause(milliseconds: 20)
    }
    #expect(running.exitCode == 0, "\(running.said)", sourceLocation: location)
    #expect(running.said == "", sourceLocation: location)
    for number in 0..<count {
      let isSame =
        (try? client.read("f\(number).cc.o")) == (try client.read("plain/f\(number).cc.o"))
      #expect(isSame, "f\(number).cc.o", sourceLocation: location)
    }
    let left = Files.names(in: client.work)?.filter { $0.hasPrefix(".sccache") } ?? []
    #expect(left == [], sourceLocation: location)
  }

  @Test(.timeLimit(.minutes(5)))
  func aServerIsKilled() throws {
    let farm = try TestFarm(servers: [.ours, .ours])
    let client = try farm.client()
    try client.waitUntilDistributed("g++")
    try writeSources(24, client)
    try build(24, client, seconds: 120) {
      pause(milliseconds: 1500)
      farm.servers[0].signal(SIGKILL)
    }
    #expect(try client.statistics().count("dist_compiles") > 2)
  }

  @Test(.timeLimit(.minutes(5)))
  func theOnlyServerIsKilled() throws {
    let farm = try TestFarm()
    let client = try farm.client()
    try client.waitUntilDistributed("g++")
    try writeSources(16, client)
    try build(16, client, seconds: 120) {
      pause(milliseconds: 1000)
      farm.servers[0].signal(SIGKILL)
    }
  }

  @Test(.timeLimit(.minutes(5)), arguments: [SIGSTOP, SIGKILL])
  func theSchedulerIsAway(signal: Int32) throws {
    let farm = try TestFarm()
    let client = try farm.client()
    try client.waitUntilDistributed("g++")
    try writeSources(16, client)
    // Nobody waits longer than a few seconds on a dead scheduler, and not for each file.
    try build(16, client, seconds: 60) {
      pause(milliseconds: 1000)
      farm.scheduler?.signal(signal)
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func theSchedulerIsRestarted() throws {
    let farm = try TestFarm()
    let client = try farm.client()
    try client.waitUntilDistributed("g++")
    try writeSources(16, client)
    try build(16, client, seconds: 120) {
      pause(milliseconds: 500)
      farm.scheduler?.signal(SIGKILL)
      pause(milliseconds: 500)
      try farm.startScheduler()
    }
    // The server finds it again, and the client both.
    try farm.wait(forServers: 1)
    try client.waitUntilDistributed("g++", seconds: 60)
  }

  @Test(.timeLimit(.minutes(3)), arguments: Maker.allCases)
  func aWrongToken(scheduler: Maker) throws {
    let farm = try TestFarm(scheduler: scheduler)
    do {
      // Packs the toolchain, so that the other one has nothing left to wait for.
      try farm.client().waitUntilDistributed("g++")
    }
    let client = try farm.client(token: "wrong")
    try writeSources(3, client)
    try build(3, client, seconds: 60)
    // Until its toolchain is known, nothing is asked of the farm.
    for number in 0..<100 where try client.statistics().count("dist_errors") == 0 {
      try client.write("w\(number).cc", "int w\(number);\n")
      let result = try client.sccache(["g++", "-c", "w\(number).cc"])
      #expect(result.isSuccess && result.errorText == "")
      pause(milliseconds: 100)
    }
    let statistics = try client.statistics()
    #expect(statistics.count("dist_errors") > 0)
    #expect(statistics.count("dist_compiles") == 0)
  }
}
