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
    #expect(try CachedConfiguration(path: "/c.json", text: tokens.text) == tokens)
    #expect(throws: SettingsError.self) { try CachedConfiguration(path: "/c", text: "[other]") }
    #expect(throws: SettingsError.self) {
      try CachedConfiguration(path: "/c", text: "[dist.auth_tokens]\na = 1")
    }
  }
}

@Suite struct DistributionDeadlineTests {
  private static let names = ["connect", "allocation", "upload", "silence", "job"]

  private static func values(_ deadlines: DistributionSettings.Deadlines) -> [Int] {
    [
      deadlines.connect, deadlines.allocation, deadlines.upload, deadlines.silence, deadlines.job,
    ]
  }

  /// Nobody waits more than two seconds on a dead peer, unless someone says so.
  @Test func defaults() throws {
    #expect(
      Self.values(try load().distribution.deadlines) == [2_000, 20_000, 600_000, 30_000, 1_200_000])
  }

  @Test func fileThenEnvironment() throws {
    var file = "[dist]\n"
    var environment: [String: String] = [:]
    for (index, name) in Self.names.enumerated() {
      file += "\(name)_timeout_ms = \(index + 1)\n"
      environment["SCCACHE_DIST_\(name.uppercased())_TIMEOUT_MS"] = "\(index + 11)"
    }
    #expect(Self.values(try load(file: file).distribution.deadlines) == [1, 2, 3, 4, 5])
    #expect(
      Self.values(try load(environment, file: file).distribution.deadlines) == [11, 12, 13, 14, 15])
    environment["SCCACHE_DIST_UPLOAD_TIMEOUT_MS"] = ""
    #expect(
      Self.values(try load(environment, file: file).distribution.deadlines) == [11, 12, 3, 14, 15])
  }

  @Test(arguments: names)
  func badValuesAreNamed(name: String) {
    let variable = "SCCACHE_DIST_\(name.uppercased())_TIMEOUT_MS"
    for text in ["0", "-1", "2s", "1.5", "2147483648", " 1"] {
      let error = failure([variable: text])
      #expect(error.message == "\(variable) value is invalid: \"\(text)\"")
      #expect(error.causes.last?.contains("from 1 to 2147483647") == true)
    }
    for (value, problem) in [
      ("0", "must be 1 at least"), ("-1", "must not be negative"), ("\"2s\"", "a whole number"),
      ("2147483648", "must be 2147483647 at most"),
    ] {
      let error = failure(file: "[dist]\n\(name)_timeout_ms = \(value)")
      let cause = error.causes.last ?? ""
      #expect(cause.contains("dist.\(name)_timeout_ms ") && cause.contains(problem), "\(cause)")
    }
  }

  @Test func slowFarms() throws {
    #expect(try load().distribution.deadlines.slowAfter == 0)
    let file = "[dist]\nslow_after_ms = 7"
    #expect(try load(file: file).distribution.deadlines.slowAfter == 7)
    let variable = "SCCACHE_DIST_SLOW_AFTER_MS"
    #expect(try load([variable: "0"], file: file).distribution.deadlines.slowAfter == 0)
    #expect(failure([variable: "-1"]).message == "\(variable) value is invalid: \"-1\"")
    let error = failure(file: "[dist]\nslow_after_ms = 2147483648")
    #expect(error.causes.last?.contains("dist.slow_after_ms must be 2147483647 at most") == true)
  }

  @Test func remoteOnly() throws {
    #expect(try !load().distribution.remoteOnly)
    #expect(try load(file: "[dist]\nremote_only = true").distribution.remoteOnly)
    #expect(try load(["SCCACHE_DIST_REMOTE_ONLY": "1"]).distribution.remoteOnly)
    #expect(
      try !load(["SCCACHE_DIST_REMOTE_ONLY": "off"], file: "[dist]\nremote_only = true")
        .distribution.remoteOnly)
    #expect(
      failure(["SCCACHE_DIST_REMOTE_ONLY": "yes"]).message.hasPrefix(
        "SCCACHE_DIST_REMOTE_ONLY must be"))
  }

  @Test func localJobs() throws {
    #expect(try load().distribution.localJobs == 0)
    #expect(try load(file: "[dist]\nlocal_jobs = 3").distribution.localJobs == 3)
    #expect(
      try load(["SCCACHE_DIST_LOCAL_JOBS": "0"], file: "[dist]\nlocal_jobs = 3")
        .distribution.localJobs == 0)
    #expect(
      failure(["SCCACHE_DIST_LOCAL_JOBS": "all"]).message
        == "SCCACHE_DIST_LOCAL_JOBS value is invalid: \"all\"")
    #expect(
      failure(file: "[dist]\nlocal_jobs = -1").causes.last?.contains("dist.local_jobs") == true)
    let both = try load(["SCCACHE_DIST_REMOTE_ONLY": "1", "SCCACHE_DIST_LOCAL_JOBS": "2"])
    #expect(both.warnings.count == 1)
  }
}
