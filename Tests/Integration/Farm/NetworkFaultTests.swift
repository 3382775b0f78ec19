import Glibc
import Platform
import TestSupport
import Testing

/// What happens between machines: each program of the farm is in a network namespace of its own.
@Suite(.blockingForFarms, .serialized) struct NetworkFaultTests {
  /// The cable of one server is pulled in the middle of a build, and put back.
  @Test(.timeLimit(.minutes(20)))
  func aServerIsCutOff() throws {
    let network = try FarmNetwork(servers: 2)
    let farm = try TestFarm(servers: [.ours, .ours], setting: .init(network: network))
    let client = try farm.client()
    try client.waitUntilDistributed("gcc")
    let build = try FarmBuild(client, 100, .quick)
    try build.run {
      build.wait(forObjects: 30)
      try network.set(.server(0), isConnected: false)
    }
    try network.set(.server(0), isConnected: true)
    try farm.wait(forServers: 2)
    try farm.leavesNothing(client)
  }

  /// The client's own: nothing of the farm can be reached any more.
  @Test(.timeLimit(.minutes(20)))
  func theClientIsCutOff() throws {
    let network = try FarmNetwork(servers: 1)
    let farm = try TestFarm(setting: .init(network: network))
    let client = try farm.client()
    try client.waitUntilDistributed("gcc")
    let build = try FarmBuild(client, 60, .quick)
    try build.run {
      build.wait(forObjects: 20)
      try network.set(.client, isConnected: false)
    }
    try network.set(.client, isConnected: true)
    try client.waitUntilDistributed("gcc", seconds: 300)
    try farm.leavesNothing(client)
  }

  /// 100 ms there and back, and 20 Mbit/s: the toolchain takes its time, jobs arrive.
  @Test(.timeLimit(.minutes(20)))
  func aSlowLine() throws {
    let network = try FarmNetwork(
      servers: 1, line: .init(delayMilliseconds: 50, bitsPerSecond: 20_000_000))
    let farm = try TestFarm(setting: .init(network: network))
    let client = try farm.client()
    try client.waitUntilDistributed("gcc")
    let before = try client.statistics().count("dist_compiles")
    try FarmBuild(client, 24, .quick).run()
    #expect(try client.statistics().count("dist_compiles") > before + 12)
    #expect(try client.failuresOfTheFarm() == [])
    try farm.leavesNothing(client)
  }
}
