import Glibc
import Platform
import TestSupport
import Testing

/// Whatever happens to the farm, a build ends with exit code 0 and the bytes of the compiler here.
@Suite(.blockingForFarms, .serialized) struct FaultTests {
  // In the middle of a build of 200 files something dies and is started again, and later stands still for good.

  @Test(.timeLimit(.minutes(20)))
  func theScheduler() throws {
    let (farm, client, build) = try ready()
    try build.run {
      build.wait(forObjects: 40)
      farm.scheduler?.signal(SIGKILL)
      build.wait(forObjects: 80)
      try farm.startScheduler()
      build.wait(forObjects: 140)
      farm.scheduler?.signal(SIGSTOP)
    }
    farm.scheduler?.signal(SIGCONT)
    try works(farm, client)
    try farm.leavesNothing(client)
  }

  @Test(.timeLimit(.minutes(20)))
  func aServer() throws {
    let (farm, client, build) = try ready()
    try build.run {
      build.wait(forObjects: 40)
      farm.servers[0].signal(SIGKILL)
      build.wait(forObjects: 80)
      try farm.restartServer(0)
      build.wait(forObjects: 140)
      farm.servers[1].signal(SIGSTOP)
    }
    farm.servers[1].signal(SIGCONT)
    try works(farm, client)
    try farm.leavesNothing(client)
  }

  @Test(.timeLimit(.minutes(20)), arguments: [SIGKILL, SIGSTOP])
  func theDaemon(signal: Int32) throws {
    let (farm, client, build) = try ready(["SCCACHE_DAEMON_TIMEOUT_MS": "300"])
    var pid: pid_t = 0
    try build.run(maySay: true) {
      build.wait(forObjects: 60)
      pid = try #require(client.daemonPID)
      kill(pid, signal)
    }
    if signal == SIGSTOP { kill(pid, SIGCONT) }
    try works(farm, client)
    try farm.leavesNothing(client)
  }

  /// A farm of two servers that compiles, and a build of 200 files that has not begun.
  private func ready(
    _ variables: [String: String] = [:]
  ) throws -> (farm: TestFarm, client: Sandbox, build: FarmBuild) {
    let farm = try TestFarm(servers: [.ours, .ours])
    let client = try farm.client()
    client.environment.merge(variables) { $1 }
    try client.waitUntilDistributed("gcc")
    return (farm, client, try FarmBuild(client, 200, .quick))
  }

  /// What was started again is part of the farm again.
  private func works(_ farm: TestFarm, _ client: Sandbox) throws {
    try farm.wait(forServers: 2)
    try client.waitUntilDistributed("gcc", seconds: 300)
  }

  /// The scheduler is started again at once: servers return, and what they run goes on.
  @Test(.timeLimit(.minutes(20)))
  func theSchedulerIsRestarted() throws {
    let farm = try TestFarm()
    let client = try farm.client()
    try client.waitUntilDistributed("g++")
    try FarmBuild(client, 16).run(seconds: 120) {
      pause(milliseconds: 500)
      farm.scheduler?.signal(SIGKILL)
      pause(milliseconds: 500)
      try farm.startScheduler()
    }
    // The server finds it again, and the client both.
    try farm.wait(forServers: 1)
    try client.waitUntilDistributed("g++", seconds: 300)
    try farm.leavesNothing(client)
  }
}
