import Glibc
import Platform
import TestSupport
import Testing

/// Mozilla's programs and ours work with each other in any mixture.
@Suite(.blockingForFarms, .serialized) struct CombinationTests {
  struct Combination: Sendable, CustomTestStringConvertible {
    var client: Maker
    var scheduler: Maker
    var server: Maker

    var testDescription: String { "\(client) client, \(scheduler) scheduler, \(server) server" }

    /// Then the wire has its extensions.
    var isOurs: Bool { client == .ours && scheduler == .ours && server == .ours }

    static let all = Maker.allCases.flatMap { client in
      Maker.allCases.flatMap { scheduler in
        Maker.allCases.map { Combination(client: client, scheduler: scheduler, server: $0) }
      }
    }
  }

  @Test(.timeLimit(.minutes(40)), arguments: Combination.all)
  func compiles(_ combination: Combination) throws {
    let farm = try TestFarm(scheduler: combination.scheduler, servers: [combination.server])
    let client = try farm.client(combination.client)
    try client.write("part.h", Self.header)
    try client.write("plain.c", Self.c)
    try client.write("plain.cc", Self.cxx)
    for compiler in ["gcc", "g++"] { try client.waitUntilDistributed(compiler) }

    try client.compilesOnTheFarm(["gcc", "-O2", "-c", "plain.c", "-o", "c.o"], gives: ["c.o"])
    try client.compilesOnTheFarm(
      ["gcc", "-O1", "-MD", "-c", "plain.c", "-o", "d.o"], gives: ["d.o", "d.d"])
    try client.compilesOnTheFarm(["g++", "-O2", "-c", "plain.cc", "-o", "cc.o"], gives: ["cc.o"])
    try client.compilesOnTheFarm(
      ["g++", "-O1", "-g", "-gsplit-dwarf", "-c", "plain.cc", "-o", "split.o"],
      gives: ["split.o", "split.dwo"])
    try client.compilesOnTheFarm(
      ["g++", "-g", "-MMD", "-MF", "x.d", "-c", "plain.cc", "-o", "x.o"], gives: ["x.o", "x.d"])
    #expect(try client.statistics().count("dist_errors") == 0, "\(farm.said.suffix(4000))")

    guard combination.server == .ours else { return }
    // What Mozilla's server gets otherwise, it could not read.
    let jobs = try farm.metric("sccache_worker_jobs_total", ofServer: 0)
    let extended = try farm.metric("sccache_worker_zstd_jobs_total", ofServer: 0)
    #expect(jobs >= 5)
    #expect(extended == (combination.isOurs ? jobs : 0))
  }

  /// Where all servers read zstd, toolchains are packed by it; a server that doesn't gets its jobs all the same.
  @Test(.timeLimit(.minutes(20))) func aServerThatReadsGzipComesLater() throws {
    let farm = try TestFarm(servers: [.ours])
    let client = try farm.client()
    try client.waitUntilDistributed("gcc")
    let trees = farm.cacheDirectory(ofServer: 0) + "/trees"
    let name = try #require(Files.names(in: trees)?.first { !$0.contains(".") })
    let archive = try Files.read(PackedToolchains.archive(name))
    #expect(archive.starts(with: [0x28, 0xb5, 0x2f, 0xfd]))
    try farm.addServer(.mozilla)
    try farm.wait(forServers: 2)
    farm.servers[0].stop(SIGTERM)
    try farm.wait(forServers: 1)
    // It reads nothing else.
    try client.waitUntilDistributed("gcc")
    #expect(try client.statistics().count("dist_errors") == 0, "\(farm.said.suffix(4000))")
  }

  @Test(.timeLimit(.minutes(40)), arguments: Maker.allCases)
  func clang(server: Maker) throws {
    let farm = try TestFarm(servers: [server])
    let client = try farm.client()
    try client.write("part.h", Self.header)
    try client.write("plain.c", Self.c)
    try client.write("plain.cc", Self.cxx)
    try client.waitUntilDistributed("clang-19")
    try client.compilesOnTheFarm(
      ["clang-19", "-O2", "-MD", "-c", "plain.c", "-o", "c.o"], gives: ["c.o", "c.d"])
    try client.waitUntilDistributed("clang++-19")
    try client.compilesOnTheFarm(
      ["clang++-19", "-g", "-gsplit-dwarf", "-c", "plain.cc", "-o", "cc.o"],
      gives: ["cc.o", "cc.dwo"])
    #expect(try client.statistics().count("dist_errors") == 0, "\(farm.said.suffix(4000))")
  }

  static let header = """
    #define SQUARE(x) ((x) * (x))
    static inline int twice(int x) { return SQUARE(x) + SQUARE(x); }

    """

  static let c = """
    #include <stdio.h>
    #include "part.h"
    int show(int x) {
      return printf("%d %d %s %d\\n", SQUARE(x), twice(x), __FILE__, __LINE__);
    }

    """

  static let cxx = """
    #include <map>
    #include <string>
    #include "part.h"
    template <class T> T most(const std::map<T, int> &all) {
      T best{};
      for (auto &one : all) if (one.second > all.at(best)) best = one.first;
      return best;
    }
    std::string most(const std::map<std::string, int> &all) { return most<std::string>(all); }
    int four(int x) { return twice(twice(x)); }

    """
}
