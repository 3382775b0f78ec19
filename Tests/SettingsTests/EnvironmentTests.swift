import Testing

@testable import Settings

@Suite struct EnvironmentTests {
  private static let words: [(String, Bool)] = [
    ("true", true), ("on", true), ("1", true), ("TRUE", true), ("On", true), ("false", false),
    ("off", false), ("0", false), ("False", false), ("OFF", false),
  ]

  @Test(arguments: words)
  func booleans(text: String, value: Bool) throws {
    #expect(try load(["SCCACHE_DIRECT": text]).disk.directMode.useDirectMode == value)
  }

  @Test(arguments: ["yes", "2", "tru", " true", "maybe"])
  func noBooleans(text: String) {
    let bucket = [
      "SCCACHE_BUCKET": "b", "SCCACHE_OSS_BUCKET": "b", "SCCACHE_GHA_VERSION": "1",
    ]
    for name in [
      "SCCACHE_DIRECT", "SCCACHE_S3_NO_CREDENTIALS", "SCCACHE_S3_USE_SSL",
      "SCCACHE_S3_SERVER_SIDE_ENCRYPTION", "SCCACHE_S3_SERVER_SIDE_ENCRYPTION_AWS_KMS",
      "SCCACHE_S3_ENABLE_VIRTUAL_HOST_STYLE", "SCCACHE_GHA_ENABLED", "SCCACHE_OSS_NO_CREDENTIALS",
    ] {
      let error = failure(bucket.merging([name: text]) { $1 })
      #expect(error.message == "\(name) must be 'true', 'on', '1', 'false', 'off' or '0'.")
    }
  }

  @Test func processVariables() throws {
    let settings = try load([
      "SCCACHE_IDLE_TIMEOUT": "0", "SCCACHE_MAX_FRAME_LENGTH": "104857600", "SCCACHE_JOBS": "7",
      "SCCACHE_CACHE_ZSTD_LEVEL": "9", "SCCACHE_ERROR_LOG": "/log", "SCCACHE_LOG": "debug",
      "SCCACHE_LOG_MILLIS": "", "SCCACHE_CACHE_MULTIARCH": "", "SCCACHE_ALLOW_CORE_DUMPS": "1",
      "SCCACHE_STARTUP_TIMEOUT_MS": "55",
    ])
    #expect(settings.idleTimeoutSeconds == 0)
    #expect(settings.maximumFrameLength == 104_857_600)
    #expect(settings.compilerSlots == 7)
    #expect(settings.zstdLevel == 9)
    #expect(settings.errorLog == "/log")
    #expect(settings.logFilter == "debug")
    #expect(settings.logsMilliseconds)
    #expect(settings.allowsMultipleArchitectures)
    #expect(settings.allowsCoreDumps)
    #expect(settings.startupTimeoutMilliseconds == 55)
    #expect(settings.warnings == [])
  }

  /// An empty variable is none, and nothing is said about it.
  @Test func emptyIsUnset() throws {
    var environment: [String: String] = [:]
    for name in StartupVariables.watched where name != "SCCACHE_DIR" && name != "SCCACHE_CONF" {
      environment[name] = ""
    }
    environment["SCCACHE_CACHE_MULTIARCH"] = nil
    environment["SCCACHE_DIRECT"] = ""
    environment["SCCACHE_STARTUP_TIMEOUT_MS"] = ""
    #expect(try load(environment) == load())
  }

  @Test(arguments: [
    "SCCACHE_IDLE_TIMEOUT", "SCCACHE_MAX_FRAME_LENGTH", "SCCACHE_JOBS", "SCCACHE_CACHE_ZSTD_LEVEL",
    "SCCACHE_STARTUP_TIMEOUT_MS", "SCCACHE_LOCAL_RW_MODE", "SCCACHE_MULTILEVEL_WRITE_ERROR_POLICY",
    "SCCACHE_CACHE_SIZE",
  ])
  func slipsAreSaid(name: String) throws {
    let settings = try load([name: "abc"])
    #expect(settings.warnings.count == 1)
    #expect(settings.warnings.first?.contains("\(name)=abc") == true)
    var expected = try load()
    expected.warnings = settings.warnings
    expected.startupVariables = settings.startupVariables
    expected.disk.isExplicit = settings.disk.isExplicit
    #expect(settings == expected)
  }

  @Test func bounds() throws {
    #expect(try load(["SCCACHE_JOBS": "0"]).compilerSlots == nil)
    #expect(try load(["SCCACHE_JOBS": "0"], file: "jobs = 4").compilerSlots == 4)
    #expect(try load(["SCCACHE_JOBS": "2"], file: "jobs = 4").compilerSlots == 2)
    #expect(try load(["SCCACHE_MAX_FRAME_LENGTH": "1"]).maximumFrameLength == 65536)
    #expect(
      try load(["SCCACHE_IDLE_TIMEOUT": "\(Int.max)"]).idleTimeoutSeconds == Int(Int32.max))
    #expect(try load(["SCCACHE_IDLE_TIMEOUT": "-1"]).idleTimeoutSeconds == 600)
    #expect(try load(["SCCACHE_CACHE_ZSTD_LEVEL": "-5"]).zstdLevel == -5)
    #expect(try load(["SCCACHE_CACHE_ZSTD_LEVEL": "99"]).zstdLevel == 22)
  }

  @Test func startupTimeoutOfFile() throws {
    let file = "server_startup_timeout_ms = 20"
    #expect(try load(file: file).startupTimeoutMilliseconds == 20)
    #expect(
      try load(["SCCACHE_STARTUP_TIMEOUT_MS": "30"], file: file).startupTimeoutMilliseconds == 30)
  }
}
