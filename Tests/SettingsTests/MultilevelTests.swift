import Testing

@testable import Settings

@Suite struct MultilevelTests {
  private let disk = ["SCCACHE_DIR": "/d", "SCCACHE_BUCKET": "b"]

  @Test func chain() throws {
    let settings = try load(
      disk.merging(["SCCACHE_MULTILEVEL_CHAIN": " Disk, S3 "]) { $1 })
    #expect(settings.multilevel?.chain == [.disk, .remote(.s3)])
    #expect(settings.multilevel?.writeErrorPolicy == .l0)
    #expect(settings.levels == [.disk, .remote(.s3(S3Settings(bucket: "b")))])
  }

  @Test(arguments: MultilevelSettings.WriteErrorPolicy.allCases)
  func policies(policy: MultilevelSettings.WriteErrorPolicy) throws {
    let file = """
      [cache.disk]
      [cache.multilevel]
      chain = ["disk"]
      write_error_policy = "\(policy.rawValue)"
      """
    #expect(try load(file: file).multilevel?.writeErrorPolicy == policy)
    let name = "SCCACHE_MULTILEVEL_WRITE_ERROR_POLICY"
    #expect(
      try load([name: policy.rawValue.uppercased()], file: file).multilevel?.writeErrorPolicy
        == policy)
    #expect(try load([name: "all"], file: file).multilevel?.writeErrorPolicy == .all)
  }

  @Test func environmentWins() throws {
    let file = """
      [cache.multilevel]
      chain = ["redis"]
      write_error_policy = "all"
      """
    let settings = try load(
      disk.merging(["SCCACHE_MULTILEVEL_CHAIN": "s3,disk"]) { $1 }, file: file)
    #expect(settings.multilevel?.chain == [.remote(.s3), .disk])
    #expect(settings.multilevel?.writeErrorPolicy == .all)
  }

  @Test func offWhenEmpty() throws {
    #expect(try load(disk.merging(["SCCACHE_MULTILEVEL_CHAIN": ""]) { $1 }).multilevel == nil)
    #expect(try load(file: "[cache.multilevel]\nchain = []").levels == [.disk])
  }

  @Test func twice() throws {
    let settings = try load(
      disk.merging(["SCCACHE_MULTILEVEL_CHAIN": "disk,s3,disk"]) { $1 })
    #expect(settings.levels.count == 2)
    #expect(settings.warnings.count == 1)
  }

  private static let wrongChains: [(String, String)] = [
    ("foo", "Unknown cache level: 'foo'"), (",", "Unknown cache level: ''"),
    ("disk,", "Unknown cache level: ''"),
    (
      "gcs",
      "Cache level 'gcs' specified in SCCACHE_MULTILEVEL_CHAIN but not configured "
        + "(missing environment variables)"
    ),
  ]

  @Test(arguments: wrongChains)
  func problems(chain: String, message: String) {
    let error = failure(disk.merging(["SCCACHE_MULTILEVEL_CHAIN": chain]) { $1 })
    #expect(error.message == message)
    #expect(!error.causes.isEmpty)
  }

  @Test func diskMustBeConfigured() {
    #expect(
      failure(["SCCACHE_MULTILEVEL_CHAIN": "disk"]).message
        == "Disk cache specified in levels but not configured (set SCCACHE_DIR)")
  }

  /// A level's own trouble shows when it stands in the chain.
  @Test func levelProblems() throws {
    var environment = disk.merging([
      "SCCACHE_REDIS": "a", "SCCACHE_REDIS_ENDPOINT": "b", "SCCACHE_MULTILEVEL_CHAIN": "disk,s3",
    ]) { $1 }
    _ = try load(environment)
    environment["SCCACHE_MULTILEVEL_CHAIN"] = "disk,redis"
    #expect(failure(environment).message == "create redis cache failed")
  }
}
