import Foundation
import Testing

@testable import Settings

/// The sample and the page in `docs/` know what the code knows.
@Suite struct DocumentsTests {
  private static func text(_ path: String) throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  /// The sample with every setting made one.
  private static func uncommented() throws -> String {
    try text("config/client.toml").split(separator: "\n", omittingEmptySubsequences: false).map {
      line in
      guard line.first == "#", let next = line.dropFirst().first, next == "[" || next.isLetter
      else {
        return String(line)
      }
      return String(line.dropFirst())
    }.joined(separator: "\n")
  }

  @Test func sampleIsDefaults() throws {
    #expect(try load(file: Self.text("config/client.toml")) == load())
  }

  @Test func sampleUncommented() throws {
    let settings = try load(file: Self.uncommented())
    #expect(settings.warnings == [])
    #expect(settings.levels == [.disk, .remote(try #require(settings.remotes[.s3]))])
    // Where there is a default, the sample shows it.
    var disk = try load().disk
    disk.directory = "/var/cache/sccache"
    disk.isExplicit = true
    #expect(settings.disk == disk)
    #expect(settings.startupTimeoutMilliseconds == 10_000)
    var s3 = S3Settings(bucket: "builds")
    s3.region = "eu-central-1"
    s3.endpoint = "minio.example:9000"
    s3.useTLS = true
    s3.serverSideEncryptionKMSKeyID = "alias/builds"
    #expect(settings.remotes.s3 == s3)
    #expect(settings.remotes.redis?.problem == nil)
    #expect(settings.remotes.redis?.expirationSeconds == 0)
    #expect(settings.remotes.memcached?.expirationSeconds == 86400)
    #expect(settings.remotes.gcs?.mode == .readOnly)
    #expect(settings.remotes.gha?.isEnabled == false)
    #expect(settings.remotes.azure?.problem == nil)
    #expect(settings.remotes.webdav?.mode == .readWrite)
    #expect(settings.remotes.oss?.noCredentials == false)
    #expect(settings.remotes.cos?.mode == .readWrite)
    #expect(settings.multilevel?.writeErrorPolicy == .l0)
    #expect(settings.distribution.toolchainCacheSize == 10 << 30)
    #expect(settings.distribution.authentication == .token(Secret("dangerously_insecure_client")))
    #expect(settings.distribution.toolchains.count == 2)
  }

  /// Sections with what must stand in them, and aliases that the sample only mentions.
  private static let sections: [(header: String, body: String)] = [
    ("", ""), ("[cache.disk]", ""), ("[cache.disk.preprocessor_cache_mode]", ""),
    ("[cache.multilevel]", "chain = []"), ("[cache.s3]", "bucket = \"b\""), ("[cache.redis]", ""),
    ("[cache.memcached]", "url = \"u\""), ("[cache.gcs]", "bucket = \"b\""), ("[cache.gha]", ""),
    ("[cache.azure]", "container = \"c\""), ("[cache.webdav]", "endpoint = \"e\""),
    ("[cache.oss]", "bucket = \"b\""), ("[cache.cos]", "bucket = \"b\""), ("[dist]", ""),
    ("[dist.auth]", "type = \"token\"\ntoken = \"t\""),
    ("[[dist.toolchains]]", "type = \"no_dist\"\ncompiler_executable = \"/c\""),
  ]

  /// The code itself lists what it knows when it meets an unknown key.
  private static func knownKeys(_ section: (header: String, body: String)) -> [String] {
    let file = "\(section.header)\n\(section.body)\nzzz = 1"
    let last = failure(file: file).causes.last ?? ""
    let list = last.components(separatedBy: "known here are ").last ?? ""
    return list.components(separatedBy: ", ")
  }

  @Test func everyKeyIsWrittenDown() throws {
    let sample = try Self.text("config/client.toml").components(separatedBy: "\n")
    let page = try Self.text("docs/configuration.md")
    for section in Self.sections {
      let keys = Self.knownKeys(section)
      #expect(!keys.isEmpty)
      for key in keys where !["cache", "dist"].contains(key) {
        #expect(page.contains(key), "\(section.header) \(key) in docs/configuration.md")
        let isMentioned = sample.contains { line in
          line.hasPrefix("#\(key) =") || line.hasSuffix(".\(key)]") || line.hasSuffix(".\(key)]]")
            || (line.hasPrefix("# ") && line.contains(key))
        }
        #expect(isMentioned, "\(section.header) \(key) in config/client.toml")
      }
    }
  }

  @Test func everyVariableIsWrittenDown() throws {
    let page = try Self.text("docs/configuration.md")
    let others = [
      "SCCACHE_DIRECT", "SCCACHE_BASEDIRS", "SCCACHE_RECACHE", "SCCACHE_NO_CACHE",
      "SCCACHE_EXTRAFILES", "SCCACHE_CACHED_CONF", "SCCACHE_LOG_MILLIS",
      "SCCACHE_ALLOW_CORE_DUMPS", "SCCACHE_STARTUP_TIMEOUT_MS",
    ]
    for name in StartupVariables.watched + others {
      #expect(page.contains("`\(name)`"), "\(name)")
    }
  }
}
