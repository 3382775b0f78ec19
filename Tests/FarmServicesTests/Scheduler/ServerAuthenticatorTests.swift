import Farm
import Platform
import Settings
import TestSupport
import Testing

@testable import FarmServices

@Suite(.serving) struct ServerAuthenticatorTests {
  private static let key = [UInt8](repeating: 7, count: 32)

  private func authenticator(_ section: String, proxies: String = "") throws -> ServerAuthenticator
  {
    ServerAuthenticator(
      try SchedulerSettings(
        path: "s.toml",
        text: """
          public_addr = "127.0.0.1:10600"
          trusted_proxies = [\(proxies)]
          [client_auth]
          type = "token"
          token = "t"
          [server_auth]
          \(section)
          """))
  }

  private func webTokens(proxies: String = "") throws -> ServerAuthenticator {
    try authenticator(
      "type = \"jwt_hs256\"\nsecret_key = \"\(Base64URL.encode(Self.key))\"", proxies: proxies)
  }

  private func header(_ server: String) throws -> String {
    let address = try #require(SocketAddress(server))
    return "Bearer " + ServerToken(server: address).signed(with: Self.key)
  }

  private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

  @Test(arguments: [
    ("10.0.0.1:10501", "10.0.0.1"), ("[2001:db8::1]:10501", "2001:db8::1"),
    ("10.0.0.1:10501", "::ffff:10.0.0.1"),
  ])
  func theAddressIsThePeers(server: String, peer: String) throws {
    let found = try webTokens().server(
      authorization: try header(server), peer: try address(peer), realAddress: nil)
    #expect(found.description == server)
  }

  @Test func anotherAddressIsRefused() throws {
    let servers = try webTokens()
    let shown = try header("10.0.0.1:10501")
    #expect(throws: ErrorResponse.serverAddressDiffers) {
      try servers.server(
        authorization: shown, peer: try self.address("10.0.0.2"), realAddress: nil)
    }
    #expect(throws: ErrorResponse.serverAddressDiffers) {
      try servers.server(authorization: shown, peer: nil, realAddress: nil)
    }
  }

  /// Whoever holds one server's token could otherwise register another address, and get its jobs.
  @Test func onlyAConfiguredProxyTellsTheAddress() throws {
    let servers = try webTokens(proxies: "\"10.9.9.9\", \"::1\"")
    let shown = try header("10.0.0.1:10501")
    for proxy in ["10.9.9.9", "::ffff:10.9.9.9", "::1"] {
      let found = try servers.server(
        authorization: shown, peer: try address(proxy), realAddress: "10.0.0.1")
      #expect(found.description == "10.0.0.1:10501")
      #expect(throws: ErrorResponse.serverAddressDiffers) {
        try servers.server(
          authorization: shown, peer: try self.address(proxy), realAddress: "10.0.0.2")
      }
      // A proxy that tells nothing speaks for itself.
      #expect(throws: ErrorResponse.serverAddressDiffers) {
        try servers.server(authorization: shown, peer: try self.address(proxy), realAddress: nil)
      }
      for bad in ["", "10.0.0.1, 10.0.0.1", "10.0.0.1:80", "localhost"] {
        #expect(throws: ErrorResponse.badRealAddress) {
          try servers.server(
            authorization: shown, peer: try self.address(proxy), realAddress: bad)
        }
      }
    }
    #expect(throws: ErrorResponse.serverAddressDiffers) {
      try servers.server(
        authorization: shown, peer: try self.address("10.9.9.8"), realAddress: "10.0.0.1")
    }
    // And an ordinary server's own header changes nothing.
    let found = try servers.server(
      authorization: shown, peer: try address("10.0.0.1"), realAddress: "10.0.0.2")
    #expect(found.description == "10.0.0.1:10501")
  }

  @Test func foreignTokensAreRefused() throws {
    let servers = try webTokens()
    let server = try #require(SocketAddress("10.0.0.1:10501"))
    let peer = try address("10.0.0.1")
    let other = ServerToken(server: server).signed(with: [UInt8](repeating: 8, count: 32))
    let job = JobToken(job: JobID(1)).signed(with: Self.key)
    for shown in [
      nil, "", "Bearer", "Bearer ", "Bearer \(other)", "Bearer \(job)",
      "Bearer 10.0.0.1:10501 dangerously_insecure_server",
    ] {
      #expect(throws: ErrorResponse.serverTokenRefused, "\(shown ?? "nothing")") {
        try servers.server(authorization: shown, peer: peer, realAddress: nil)
      }
    }
  }

  @Test(arguments: [
    ("type = \"token\"\ntoken = \"s\"", "Bearer 10.0.0.1:10501 s", true),
    ("type = \"token\"\ntoken = \"s\"", "Bearer 10.0.0.1:10501 S", false),
    ("type = \"token\"\ntoken = \"s\"", "Bearer s", false),
    ("type = \"token\"\ntoken = \"s\"", "Bearer 10.0.0.1:10501 dangerously_insecure_server", false),
    (
      "type = \"DANGEROUSLY_INSECURE\"", "Bearer 10.0.0.1:10501 dangerously_insecure_server", true
    ),
    ("type = \"DANGEROUSLY_INSECURE\"", "Bearer 10.0.0.1:10501 s", false),
  ])
  func sharedTokens(section: String, shown: String, isGood: Bool) throws {
    let servers = try authenticator(section)
    let peer = try address("10.0.0.1")
    let found = try? servers.server(authorization: shown, peer: peer, realAddress: nil)
    #expect((found != nil) == isGood)
  }
}
