import Farm
import Glibc
import Platform
import Settings
import Testing

@testable import sccached

@Suite struct FarmReportTests {
  private static func settings(_ file: String, cached: String = "/nonexistent") throws -> Settings {
    try Settings.load(
      environment: ["SCCACHE_CONF": "/c", "SCCACHE_CACHED_CONF": cached], home: "/home/me"
    ) { _ in file }
  }

  private static let oauth = """
    [dist]
    scheduler_url = "http://127.0.0.1:9"
    [dist.auth]
    type = "oauth2_implicit"
    client_id = "i"
    auth_url = "http://a"
    """

  @Test func noFarm() throws {
    #expect(FarmReport.text(try Self.settings(""), client: nil) == #"{"Disabled":"disabled"}"#)
  }

  @Test func nobodyHasSignedIn() throws {
    let text = FarmReport.text(try Self.settings(Self.oauth), client: nil)
    #expect(
      text == #"{"NotConnected":["http://127.0.0.1:9/","enabled, auth not configured: "#
        + #"run sccache --dist-auth"]}"#)
  }

  /// Port 9 of this machine has nobody who listens.
  @Test func theSchedulerIsAway() throws {
    let settings = try Self.settings("[dist]\nscheduler_url = \"http://127.0.0.1:9\"")
    let client = FarmClient(schedulerURL: "http://127.0.0.1:9", token: Secret("t"))
    let first = FarmReport.text(settings, client: client)
    let opening = #"{"NotConnected":["http://127.0.0.1:9/",""#
    #expect(first.hasPrefix(opening + "could not communicate with scheduler: "), "\(first)")
    let second = FarmReport.text(settings, client: client)
    #expect(second.hasPrefix(opening + "enabled, not connected, will retry in "), "\(second)")
  }

  @Test(arguments: [(1 as Int64, "0.1"), (100_000_000, "0.1"), (29_900_000_001, "30.0")])
  func rest(nanoseconds: Int64, text: String) {
    #expect(
      FarmReport.message(.schedulerAway("x"), rest: nanoseconds)
        == "enabled, not connected, will retry in \(text)s")
  }

  /// A daemon that runs takes a token as soon as somebody has signed in.
  @Test func tokensAreReadAnew() throws {
    var template = Array("/tmp/sccache-token-XXXXXX".utf8CString)
    let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer {
      unlink(directory + "/c")
      rmdir(directory)
    }
    let path = directory + "/c"
    let token = ClientToken(try Self.settings(Self.oauth, cached: path))
    #expect(token.current == nil)
    for text in ["one", "another"] {
      let file = "[dist.auth_tokens]\n\"http://a\" = \"\(text)\"\n"
      try Files.write(Array(file.utf8), to: path, temporary: path + ".new", mode: 0o600)
      #expect(token.current == Secret(text))
    }
    try Files.write(Array("nonsense".utf8), to: path, temporary: path + ".new", mode: 0o600)
    #expect(token.current == nil)
  }
}
