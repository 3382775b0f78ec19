import Farm
import Glibc
import Platform
import Settings
import TestSupport
import Testing

/// Tokens that are wrong, over, or somebody else's: whoever shows them gets nothing from the farm, and a build
/// is made here.
@Suite(.blockingForFarms, .serialized) struct TokenFaultTests {
  @Test(.timeLimit(.minutes(20)), arguments: Maker.allCases)
  func aWrongToken(scheduler: Maker) throws {
    let farm = try TestFarm(scheduler: scheduler)
    try isRefused(try farm.client(token: "wrong"))
  }

  @Test(.timeLimit(.minutes(20)))
  func tokensOfAKeySet() throws {
    let authority = try TokenAuthority()
    let farm = try TestFarm(setting: .init(clientAuthentication: authority.settings))
    let good = try farm.client(token: try authority.token())
    try good.waitUntilDistributed("gcc")
    for (what, token) in [
      ("expired", try authority.token(from: -7200, until: -3600)),
      ("not yet good", try authority.token(from: 3600, until: 7200)),
      ("foreign", try authority.token(signedBy: .foreign)),
    ] {
      try isRefused(try farm.client(token: token), what)
      let said = (farm.servers + [farm.scheduler].compactMap { $0 }).map(\.said).joined()
      #expect(!said.contains(token), "the log tells the token")
    }
    // And who may goes on.
    try good.waitUntilDistributed("gcc", seconds: 300)
    try farm.leavesNothing(good)
  }

  /// A build with a token that is refused.
  private func isRefused(
    _ client: Sandbox, _ what: String = "", location: SourceLocation = #_sourceLocation
  ) throws {
    try FarmBuild(client, 3, .quick).run(location: location)
    // Until its toolchain is packed, nothing is asked of the farm.
    for number in 0..<300 where try client.statistics().count("dist_errors") == 0 {
      try client.write("w\(number).c", "int w\(number);\n")
      let result = try client.sccache(["gcc", "-c", "w\(number).c"])
      #expect(result.isSuccess && result.errorText == "", "\(what)", sourceLocation: location)
      pause(milliseconds: 100)
    }
    let statistics = try client.statistics()
    #expect(statistics.count("dist_errors") > 0, "\(what)", sourceLocation: location)
    #expect(statistics.count("dist_compiles") == 0, "\(what)", sourceLocation: location)
    let refused = statistics.json["extra"]["not_on_farm"]["the farm refused the job"].total
    #expect(refused > 0, "\(what)", sourceLocation: location)
  }

  /// Servers with tokens of another key, for another address, or none at all stay outside.
  @Test(.timeLimit(.minutes(20)))
  func serversThatAreNone() throws {
    let farm = try TestFarm()
    let key = [UInt8](repeating: 9, count: 32)
    try farm.addServer { ServerToken(server: $0).signed(with: key) }
    let elsewhere = try #require(SocketAddress("10.1.2.3:10501"))
    try farm.addServer { _ in farm.serverToken(elsewhere) }
    try farm.addServer { _ in "x" }
    for server in farm.servers.dropFirst() {
      for _ in 0..<400 where !server.said.contains("refuses this server (401)") {
        pause(milliseconds: 50)
      }
      #expect(server.said.contains("refuses this server (401)"), "\(server.said)")
    }
    #expect(farm.knownServers == 1)
    let client = try farm.client()
    try client.waitUntilDistributed("gcc")
    try FarmBuild(client, 8, .quick).run()
    let told = try client.statistics().json["stats"]["dist_compiles"].members.map(\.0)
    #expect(told == [farm.address(ofServer: 0).description])
    try farm.leavesNothing(client)
  }
}
