import Platform
import Testing

@testable import Settings

/// The files of scheduler and build servers.
@Suite struct FarmFileTests {
  private static let key = String(repeating: "A", count: 43)

  private static let scheduler = """
    public_addr = "127.0.0.1:10600"
    [client_auth]
    type = "token"
    token = "c"
    [server_auth]
    type = "jwt_hs256"
    secret_key = "\(key)"
    """

  private static let server = """
    cache_dir = "/var/cache/s"
    public_addr = "10.0.0.1:10501"
    scheduler_url = "http://10.0.0.9:10600"
    [builder]
    type = "overlay"
    build_dir = "/var/lib/s"
    bwrap_path = "/usr/bin/bwrap"
    [scheduler_auth]
    type = "jwt_token"
    token = "t"
    """

  private func scheduler(_ text: String) throws(SettingsError) -> SchedulerSettings {
    try SchedulerSettings(path: "f.toml", text: text)
  }

  private func server(_ text: String) throws(SettingsError) -> BuildServerSettings {
    try BuildServerSettings(path: "f.toml", text: text)
  }

  @Test func theSchedulersFile() throws {
    let settings = try scheduler(
      """
      tls_certificate = "/c.pem"
      tls_key = "/k.pem"
      trusted_proxies = ["10.0.0.2", "::1"]

      """ + Self.scheduler)
    #expect(settings.publicAddress == SocketAddress("127.0.0.1:10600"))
    #expect(settings.clientAuthentication == .token(Secret("c")))
    #expect(settings.serverAuthentication == .jwtHS256(secretKey: Secret(Self.key)))
    #expect(settings.tls?.certificate == "/c.pem" && settings.tls?.key == "/k.pem")
    #expect(settings.trustedProxies == ["10.0.0.2", "::1"].compactMap { IPAddress($0) })
    let plain = try scheduler(Self.scheduler)
    #expect(plain.tls == nil && plain.trustedProxies.isEmpty)
  }

  @Test(
    arguments: [
      ("type = \"DANGEROUSLY_INSECURE\"", .dangerouslyInsecure),
      (
        "type = \"jwt_validate\"\naudience = \"a\"\nissuer = \"i\"\njwks_url = \"http://k/\"",
        .jwtValidate(audience: "a", issuer: "i", keySetURL: "http://k/")
      ),
      (
        "type = \"proxy_token\"\nurl = \"http://p/\"",
        .proxyToken(url: "http://p/", cacheSeconds: nil)
      ),
      (
        "type = \"proxy_token\"\nurl = \"http://p/\"\ncache_secs = 60",
        .proxyToken(url: "http://p/", cacheSeconds: 60)
      ),
    ] as [(String, SchedulerSettings.ClientAuthentication)])
  func clientAuthentication(
    section: String, wanted: SchedulerSettings.ClientAuthentication
  ) throws {
    let text = Self.scheduler.replacing("type = \"token\"\ntoken = \"c\"", with: section)
    #expect(try scheduler(text).clientAuthentication == wanted)
  }

  @Test func theServersFile() throws {
    let settings = try server(
      """
      bind_address = "0.0.0.0:10501"
      toolchain_cache_size = 1000
      slots = 3
      job_timeout = 60
      job_memory = "2G"

      """ + Self.server)
    #expect(settings.cacheDirectory == "/var/cache/s")
    #expect(settings.publicAddress == SocketAddress("10.0.0.1:10501"))
    #expect(settings.bindAddress == SocketAddress("0.0.0.0:10501"))
    #expect(settings.schedulerURL == "http://10.0.0.9:10600")
    #expect(settings.schedulerAuthentication == .jwtToken(Secret("t")))
    #expect(settings.toolchainCacheSize == 1000)
    #expect(settings.buildDirectory == "/var/lib/s" && settings.bubblewrap == "/usr/bin/bwrap")
    #expect(settings.slots == 3 && settings.jobSeconds == 60 && settings.jobMemory == 2 << 30)
    let plain = try server(Self.server)
    #expect(plain.bindAddress == plain.publicAddress)
    #expect(plain.toolchainCacheSize == 10 << 30)
    #expect(plain.slots == nil && plain.jobSeconds == 600 && plain.jobMemory == nil)
  }

  /// What is replaced, by what, and what the message must hold.
  private static let schedulerFaults: [(String, String, String)] = [
    ("public_addr", "x = 1\npublic_addr", ":1:1: x is no known key"),
    ("public_addr = \"127.0.0.1:10600\"", "", "lacks the key public_addr"),
    ("127.0.0.1:10600", "localhost:10600", ":1:1: public_addr must be IP:PORT"),
    ("127.0.0.1:10600", "127.0.0.1", ":1:1: public_addr must be IP:PORT"),
    ("\"127.0.0.1:10600\"", "10600", ":1:1: public_addr must be a string, found an integer"),
    ("[client_auth]\ntype = \"token\"\ntoken = \"c\"", "", "lacks the table [client_auth]"),
    ("type = \"token\"\ntoken = \"c\"", "token = \"c\"", ":2:1: client_auth lacks the key type"),
    ("type = \"token\"", "type = \"mozilla\"", ":3:1: client_auth.type must be one of"),
    ("token = \"c\"", "", ":2:1: client_auth lacks the key token"),
    ("token = \"c\"", "token = \"\"", ":4:1: client_auth.token is empty"),
    ("token = \"c\"", "token = 1", ":4:1: client_auth.token must be a string, found an integer"),
    ("token = \"c\"", "token = \"c\"\nurl = \"u\"", ":5:1: client_auth.url is no known key"),
    ("\(key)", "AAAA", ":7:1: server_auth.secret_key must be 32 bytes in base64url"),
    ("\(key)", "\(key)=", ":7:1: server_auth.secret_key must be 32 bytes in base64url"),
    ("secret_key", "key", ":5:1: server_auth lacks the key secret_key"),
    ("type = \"jwt_hs256\"", "type = \"jwt\"", ":6:1: server_auth.type must be one of"),
    ("public_addr", "tls_key = \"k\"\npublic_addr", ":1:1: tls_key needs tls_certificate"),
    ("public_addr", "tls_certificate = \"k\"\npublic_addr", ":1:1: tls_certificate needs tls_key"),
    (
      "public_addr", "trusted_proxies = [\"proxy\"]\npublic_addr", ":1:1: trusted_proxies must hold"
    ),
    (
      "public_addr", "trusted_proxies = \"::1\"\npublic_addr",
      ":1:1: trusted_proxies must be an arr"
    ),
  ]

  @Test(arguments: schedulerFaults)
  func faultsOfTheSchedulersFile(old: String, new: String, message: String) throws {
    let text = Self.scheduler.replacing(old, with: new, maxReplacements: 1)
    try #require(text != Self.scheduler)
    expect({ () throws(SettingsError) in _ = try scheduler(text) }, fails: message)
  }

  private static let serverFaults: [(String, String, String)] = [
    ("cache_dir =", "cache =", "lacks the key cache_dir"),
    ("cache_dir", "bwrap = \"x\"\ncache_dir", ":1:1: bwrap is no known key"),
    ("10.0.0.1:10501", "worker:10501", ":2:1: public_addr must be IP:PORT"),
    ("http://10.0.0.9:10600", "ftp://10.0.0.9", ":3:1: scheduler_url must be an http or https URL"),
    ("10.0.0.9:10600", "10.0.0.9:10600/x", ":3:1: scheduler_url must end behind host and port"),
    ("scheduler_url = \"http://10.0.0.9:10600\"", "", "lacks the key scheduler_url"),
    ("cache_dir", "bind_address = \"*:1\"\ncache_dir", ":1:1: bind_address must be IP:PORT"),
    ("cache_dir", "slots = 0\ncache_dir", ":1:1: slots must be 1 at least"),
    ("cache_dir", "slots = \"4\"\ncache_dir", ":1:1: slots must be a whole number"),
    ("cache_dir", "job_timeout = -1\ncache_dir", ":1:1: job_timeout must not be negative"),
    ("cache_dir", "job_memory = \"much\"\ncache_dir", ":1:1: job_memory is no size"),
    ("cache_dir", "toolchain_cache_size = true\ncache_dir", ":1:1: toolchain_cache_size must be"),
    ("\"overlay\"", "\"docker\"", ":5:1: builder.type must be \"overlay\", found \"docker\""),
    ("build_dir =", "dir =", ":4:1: builder lacks the key build_dir"),
    ("bwrap_path =", "bubblewrap =", ":4:1: builder lacks the key bwrap_path"),
    ("\"/usr/bin/bwrap\"", "\"/usr/bin/bwrap\"\nx = 1", ":8:1: builder.x is no known key"),
    ("\"jwt_token\"", "\"jwt_hs256\"", ":9:1: scheduler_auth.type must be one of"),
    ("token = \"t\"", "", ":8:1: scheduler_auth lacks the key token"),
    ("[scheduler_auth]", "[scheduler]", "lacks the table [scheduler_auth]"),
  ]

  @Test(arguments: serverFaults)
  func faultsOfTheServersFile(old: String, new: String, message: String) throws {
    let text = Self.server.replacing(old, with: new, maxReplacements: 1)
    try #require(text != Self.server)
    expect({ () throws(SettingsError) in _ = try server(text) }, fails: message)
  }

  @Test func brokenText() {
    expect({ () throws(SettingsError) in _ = try scheduler("public_addr = ") }, fails: "f.toml")
    expect({ () throws(SettingsError) in _ = try server("[builder") }, fails: "f.toml")
  }

  /// No message may show a secret.
  @Test func secretsStayOutOfMessages() {
    let text = Self.scheduler.replacing(Self.key, with: "my-secret-that-is-too-short")
    do throws(SettingsError) {
      _ = try scheduler(text)
      Issue.record("was accepted")
    } catch {
      #expect(!"\(error)".contains("my-secret"))
    }
  }

  private func expect(
    _ load: () throws(SettingsError) -> Void, fails message: String,
    location: SourceLocation = #_sourceLocation
  ) {
    do throws(SettingsError) {
      try load()
      Issue.record("was accepted", sourceLocation: location)
    } catch {
      let text = ([error.message] + error.causes).joined(separator: "\n")
      #expect(text.contains(message), sourceLocation: location)
    }
  }
}

extension String {
  fileprivate func replacing(
    _ old: String, with new: String, maxReplacements: Int = .max
  ) -> String {
    var result = ""
    var rest = self[...]
    var count = 0
    while count < maxReplacements,
      let start = rest.indices.first(where: { rest[$0...].hasPrefix(old) })
    {
      result += rest[..<start] + new
      rest = rest[start...].dropFirst(old.count)
      count += 1
    }
    return result + rest
  }
}
