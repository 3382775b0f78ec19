import Testing

@testable import Settings

@Suite struct DistributionTests {
  @Test(arguments: [
    ("http://h:1", "http://h:1"), ("https://h", "https://h"), ("http://h:1/", "http://h:1"),
    ("1.2.3.4:10600", "http://1.2.3.4:10600"), ("HTTP://h", "HTTP://h"),
    ("http://[::1]:1", "http://[::1]:1"),
  ])
  func schedulers(text: String, expected: String) throws {
    #expect(
      try load(file: "[dist]\nscheduler_url = \"\(text)\"").distribution.schedulerURL == expected)
  }

  @Test(arguments: [
    "ftp://h", "http://h/p", "http://", "", "http://h?x", "http://h:x", "http://h:99999",
    "http://a b",
  ])
  func noSchedulers(text: String) {
    let error = failure(file: "[dist]\nscheduler_url = \"\(text)\"")
    #expect(error.causes.last?.contains("/config:2:1: dist.scheduler_url must ") == true)
  }

  @Test func everyKey() throws {
    let file = """
      [dist]
      scheduler_url = "http://s"
      cache_dir = "/c"
      toolchain_cache_size = "5K"
      rewrite_includes_only = true
      toolchains = [
        { type = "no_dist", compiler_executable = "/a" },
        { type = "path_override", compiler_executable = "/b", archive = "/b.tgz", archive_compiler_executable = "/cc" },
      ]
      [dist.auth]
      type = "token"
      token = "t"
      """
    var expected = DistributionSettings(cacheDirectory: "/c")
    expected.schedulerURL = "http://s"
    expected.toolchainCacheSize = 5120
    expected.rewriteIncludesOnly = true
    expected.authentication = .token(Secret("t"))
    expected.toolchains = [
      .noDistribution(compilerExecutable: "/a"),
      .pathOverride(
        compilerExecutable: "/b", archive: "/b.tgz", archiveCompilerExecutable: "/cc"),
    ]
    #expect(try load(file: file).distribution == expected)
  }

  @Test func authentication() throws {
    let pkce = """
      [dist.auth]
      type = "oauth2_code_grant_pkce"
      client_id = "i"
      auth_url = "a"
      token_url = "t"
      """
    #expect(
      try load(file: pkce).distribution.authentication
        == .oauth2CodeGrantPKCE(clientID: "i", authURL: "a", tokenURL: "t"))
    let implicit =
      "[dist]\nauth = {type = \"oauth2_implicit\", client_id = \"i\", auth_url = \"a\"}"
    #expect(
      try load(file: implicit).distribution.authentication
        == .oauth2Implicit(clientID: "i", authURL: "a"))
  }

  @Test func cachedConfiguration() throws {
    var tokens = CachedConfiguration()
    #expect(try CachedConfiguration(path: "/c", text: "") == tokens)
    #expect(try CachedConfiguration(path: "/c", text: tokens.text) == tokens)
    tokens.authTokens = ["https://a/?x=\"1\"\\": Secret("t\u{7f}\n\u{1}ö"), "b": Secret("")]
    #expect(try CachedConfiguration(path: "/c", text: tokens.text) == tokens)
    #expect(throws: SettingsError.self) { try CachedConfiguration(path: "/c", text: "[other]") }
    #expect(throws: SettingsError.self) {
      try CachedConfiguration(path: "/c", text: "[dist.auth_tokens]\na = 1")
    }
  }
}
