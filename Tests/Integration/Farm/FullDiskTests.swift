import Glibc
import Platform
import TestSupport
import Testing

/// A build server whose disk is full.
@Suite(.blockingForFarms, .serialized) struct FullDiskTests {
  /// A farm whose only server keeps everything on a small file system, in a mount namespace of its own.
  private func farm(megabytes: Int) throws -> TestFarm {
    let farm = try TestFarm(servers: [])
    let cache = farm.cacheDirectory(ofServer: 0)
    farm.setting.aroundServers.prefix = [
      "/usr/bin/unshare", "-m", "/bin/sh", "-c",
      "mkdir -p \(cache) && mount -t tmpfs -o size=\(megabytes)m,mode=755 none \(cache) && exec \"$@\"",
      "sh",
    ]
    try farm.addServer()
    try farm.wait(forServers: 1)
    return farm
  }

  /// The server's directory as the server sees it.
  private func cache(_ farm: TestFarm) -> String {
    "/proc/\(farm.servers[0].pid)/root\(farm.cacheDirectory(ofServer: 0))"
  }

  @discardableResult
  private func shell(_ line: String, _ client: Sandbox) throws -> ProcessResult {
    try client.plain(["sh", "-c", line])
  }

  /// Not even the toolchain's archive fits, or not its tree.
  @Test(.timeLimit(.minutes(20)), arguments: [8, 60])
  func theToolchainDoesNotFit(megabytes: Int) throws {
    let farm = try farm(megabytes: megabytes)
    let client = try farm.client()
    let build = try FarmBuild(client, 8, .quick)
    try build.run()
    // It is packed in the background, and offered from then on.
    for number in 0..<300 where try client.statistics().count("dist_errors") == 0 {
      try client.write("w\(number).c", "int w\(number);\n")
      let result = try client.sccache(["gcc", "-c", "w\(number).c"])
      #expect(result.isSuccess && result.errorText == "")
      pause(milliseconds: 100)
    }
    let statistics = try client.statistics()
    #expect(statistics.count("dist_errors") > 0)
    #expect(statistics.count("dist_compiles") == 0)
    #expect(Files.names(in: cache(farm) + "/trees") == [])
    #expect(farm.servers[0].said.contains("No space left on device"), "\(farm.servers[0].said)")
    try farm.leavesNothing(client)
  }

  /// It fills up in the middle of a build, and is cleaned.
  @Test(.timeLimit(.minutes(20)))
  func fullInTheMiddle() throws {
    let farm = try farm(megabytes: 200)
    let client = try farm.client()
    try client.waitUntilDistributed("gcc")
    let build = try FarmBuild(client, 60, .quick)
    try build.run {
      build.wait(forObjects: 20)
      // Ends with an error when nothing more fits.
      try shell("cat /dev/zero >'\(cache(farm))/fill'", client)
    }
    #expect(try client.statistics().count("dist_errors") > 0)
    #expect(farm.servers[0].isRunning)
    try shell("rm '\(cache(farm))/fill'", client)
    try client.waitUntilDistributed("gcc", seconds: 300)
    try farm.leavesNothing(client)
  }
}
