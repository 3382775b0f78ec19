import Testing

@testable import Settings

@Suite struct ErrorTests {
  private static let path = "/home/me/.config/sccache/config"

  /// The file, and what the last line of the message must hold.
  private static let documents: [(String, String)] = [
    ("foo = 1", ":1:1: foo is no known key"),
    ("[cache.disk]\ndirectory = \"/x\"", ":2:1: cache.disk.directory is no known key"),
    ("[cache]\nx = 1", ":2:1: cache.x is no known key"),
    ("[cache.floppy]", ":1:1: cache.floppy is no known key"),
    ("[cache.disk.preprocessor_cache_mode]\nfast = true", ":2:1: cache.disk.preprocessor"),
    ("[cache.s3]\nbucket = \"b\"\nfoo = 1", ":3:1: cache.s3.foo is no known key"),
    ("[cache.redis]\nendpoint = \"b\"\nfoo = 1", ":3:1: cache.redis.foo is no known key"),
    ("[cache.memcached]\nurl = \"b\"\nfoo = 1", ":3:1: cache.memcached.foo is no known key"),
    ("[cache.gcs]\nbucket = \"b\"\nfoo = 1", ":3:1: cache.gcs.foo is no known key"),
    ("[cache.gha]\nfoo = 1", ":2:1: cache.gha.foo is no known key"),
    ("[cache.azure]\ncontainer = \"b\"\nfoo = 1", ":3:1: cache.azure.foo is no known key"),
    ("[cache.webdav]\nendpoint = \"b\"\nfoo = 1", ":3:1: cache.webdav.foo is no known key"),
    ("[cache.oss]\nbucket = \"b\"\nfoo = 1", ":3:1: cache.oss.foo is no known key"),
    ("[cache.cos]\nbucket = \"b\"\nfoo = 1", ":3:1: cache.cos.foo is no known key"),
    ("[cache.multilevel]\nchain = []\nfoo = 1", ":3:1: cache.multilevel.foo is no known key"),
    ("[dist]\nfoo = 1", ":2:1: dist.foo is no known key"),
    ("[dist.auth]\ntype = \"token\"\ntoken = \"t\"\nfoo = 1", ":4:1: dist.auth.foo is no known"),
    ("[dist]\nfoo.bar = 1", ":2:1: dist.foo is no known key"),
    ("[cache.floppy.x]", ":1:1: cache.floppy is no known key"),
    ("\"a\\u0062\" = 1", "ab is no known key"),

    ("basedirs = \"/a\"", ":1:1: basedirs must be an array of strings, found a string"),
    ("basedirs = [\"/a\", 1]", ":1:1: basedirs must be an array of strings; element 2 is an int"),
    ("jobs = \"8\"", ":1:1: jobs must be a whole number, without quotes, found a string"),
    ("jobs = 0", ":1:1: jobs must be 1 at least"),
    ("jobs = -1", ":1:1: jobs must not be negative, found -1"),
    ("jobs = 1.5", ":1:1: jobs must be a whole number, without quotes, found a number with a fra"),
    ("jobs = 1979-05-27", "found a date"), ("jobs = 07:32:00", "found a time"),
    ("jobs = 1979-05-27T07:32:00Z", "found a date with time"),
    ("client_side_mode = 1", ":1:1: client_side_mode must be true or false, without quotes"),
    ("server_startup_timeout_ms = true", "must be a whole number, without quotes, found a boolean"),
    ("cache = 1", ":1:1: cache must be a table, [cache], found an integer"),
    ("[[cache]]", ":1:1: cache must be a table, [cache], found an array"),
    ("cache.disk = []", ":1:1: cache.disk must be a table, [cache.disk], found an array"),
    ("[cache.disk]\ndir = 1", ":2:1: cache.disk.dir must be a string, found an integer"),
    ("[cache.disk]\ndir = \"\"", ":2:1: cache.disk.dir is empty"),
    ("[cache.disk]\nsize = \"5X\"", ":2:1: cache.disk.size is no size: \"5X\""),
    ("[cache.disk]\nsize = -1", ":2:1: cache.disk.size must not be negative"),
    ("[cache.disk]\nsize = true", ":2:1: cache.disk.size must be a whole number"),
    (
      "[cache.disk]\n  rw_mode = \"READ\"",
      ":2:3: cache.disk.rw_mode must be one of \"READ_ONLY\", \"READ_WRITE\", found \"READ\""
    ),
    (
      "[cache.disk]\npreprocessor_cache_mode = { use_preprocessor_cache_mode = \"true\" }",
      ":2:1: cache.disk.preprocessor_cache_mode.use_preprocessor_cache_mode must be true or false"
    ),
    ("[cache.s3]", ":1:1: cache.s3 lacks the key bucket"),
    ("[cache.s3]\nbucket = \"\"", ":2:1: cache.s3.bucket is empty"),
    ("[cache.s3]\nbucket = \"b\"\nuse_ssl = \"yes\"", ":3:1: cache.s3.use_ssl must be true or fa"),
    ("[cache.redis]\nendpoint = \"b\"\nttl = 1\nexpiration = 1", ":4:1: cache.redis.expiration is"),
    ("[cache.redis]\nendpoint = \"b\"\ndb = \"1\"", ":3:1: cache.redis.db must be a whole number"),
    ("[cache.memcached]", ":1:1: cache.memcached lacks the key url"),
    ("[cache.memcached]\nurl = \"a\"\nendpoint = \"b\"", ":3:1: cache.memcached.endpoint is anoth"),
    ("[cache.gcs]", ":1:1: cache.gcs lacks the key bucket"),
    ("[cache.azure]", ":1:1: cache.azure lacks the key container"),
    ("[cache.webdav]", ":1:1: cache.webdav lacks the key endpoint"),
    ("[cache.oss]", ":1:1: cache.oss lacks the key bucket"),
    ("[cache.cos]", ":1:1: cache.cos lacks the key bucket"),
    ("[cache.multilevel]", ":1:1: cache.multilevel lacks the key chain"),
    ("[cache.multilevel]\nchain = \"disk\"", ":2:1: cache.multilevel.chain must be an array"),
    (
      "[cache.multilevel]\nchain = []\nwrite_error_policy = \"zz\"",
      ":3:1: cache.multilevel.write_error_policy must be one of \"ignore\", \"l0\", \"all\""
    ),
    ("[dist.auth]", ":1:1: dist.auth lacks the key type"),
    ("[dist.auth]\ntype = \"toke\"", ":2:1: dist.auth.type must be one of \"token\", \"oauth2_co"),
    ("[dist.auth]\ntype = \"token\"", ":1:1: dist.auth lacks the key token"),
    ("[dist.auth]\ntype = \"oauth2_implicit\"", ":1:1: dist.auth lacks the key client_id"),
    ("[dist]\ntoolchains = [1]", ":2:1: dist.toolchains must be an array of tables; element 1 is"),
    ("[dist]\ntoolchains = [{type = \"x\"}]", ":2:1: dist.toolchains.0.type must be one of \"no"),
    (
      "[[dist.toolchains]]\ntype = \"no_dist\"\ncompiler_executable = \"/a\"\n"
        + "[[dist.toolchains]]\ntype = \"no_dist\"",
      ":4:1: dist.toolchains.1 lacks the key compiler_executable"
    ),

    ("a = = 1", ":1:5: not valid TOML: "), ("\n\n[cache", ":3:7: not valid TOML: "),
    ("jobs = 1\njobs = 2", ": not valid TOML: "), ("a = \"\\u0000\"", ":1: a NUL character"),
    ("jobs = 1\n\0", ":2: a NUL character"), ("= 1", ":1:1: not valid TOML: "),
    ("jobs = 99999999999999999999", "not valid TOML: "),
  ]

  @Test(arguments: documents)
  func causes(text: String, part: String) {
    let error = failure(file: text)
    #expect(error.message == "Failed to load config file")
    #expect(error.causes.count == 2)
    #expect(error.causes.first == "Failed to load toml config file from \(Self.path)")
    let last = error.causes.last ?? ""
    #expect(last.hasPrefix(Self.path), "\(last)")
    #expect(last.contains(part), "\(last)")
    #expect(!last.contains("\n"))
  }

  private static let jsonDocuments: [(String, String)] = [
    ("{", "not valid JSON"), ("", "not valid JSON"), ("{\"a\": }", "not valid JSON"),
    ("[]", "not an object at the top"), ("3", "not an object at the top"),
    ("null", "not an object"), ("{\"foo\": 1}", "foo is no known key"),
    ("{\"jobs\": true}", "jobs must be a whole number, without quotes, found a boolean"),
    ("{\"jobs\": 1.5}", "found a number with a fraction"), ("{\"jobs\": null}", "found null"),
    ("{\"client_side_mode\": 1}", "client_side_mode must be true or false"),
    ("{\"client_side_mode\": \"1\"}", "client_side_mode must be true or false"),
    ("{\"cache\": {\"disk\": {\"dir\": 5}}}", "cache.disk.dir must be a string, found an integer"),
  ]

  @Test(arguments: jsonDocuments)
  func json(text: String, part: String) {
    let error = failure(["SCCACHE_CONF": "/c/x.json"], file: text, path: "/c/x.json")
    #expect(error.message == "Failed to load config file")
    #expect(error.causes.first == "Failed to load json config file from /c/x.json")
    let last = error.causes.last ?? ""
    #expect(last.hasPrefix("/c/x.json"), "\(last)")
    #expect(last.contains(part), "\(last)")
  }

  /// The message about an unknown key says which there are.
  @Test func knownKeys() {
    let last = failure(file: "[cache.disk]\nfoo = 1").causes.last ?? ""
    #expect(
      last.hasSuffix("known here are dir, size, rw_mode, hard_links, preprocessor_cache_mode"))
  }

  @Test func secretsStayOut() throws {
    let secrets = [
      "SCCACHE_WEBDAV_ENDPOINT": "w", "SCCACHE_WEBDAV_PASSWORD": "hush1",
      "SCCACHE_WEBDAV_TOKEN": "hush2", "SCCACHE_REDIS_ENDPOINT": "r",
      "SCCACHE_REDIS_PASSWORD": "hush3", "SCCACHE_AZURE_BLOB_CONTAINER": "c",
      "SCCACHE_AZURE_CONNECTION_STRING": "hush4", "SCCACHE_MEMCACHED": "m",
      "SCCACHE_MEMCACHED_PASSWORD": "hush5",
    ]
    let settings = try load(secrets, file: "[dist.auth]\ntype = \"token\"\ntoken = \"hush6\"")
    var dumped = ""
    dump(settings, to: &dumped)
    #expect(!"\(settings) \(String(reflecting: settings)) \(dumped)".contains("hush"))
    #expect(settings.remotes.redis?.password?.value == "hush3")
  }
}
