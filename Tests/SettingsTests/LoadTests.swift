import Testing

@testable import Settings

@Suite struct LoadTests {
  @Test func defaults() throws {
    let settings = try load()
    #expect(settings.configurationPath == "/home/me/.config/sccache/config")
    #expect(settings.cachedConfigurationPath == "/home/me/.config/sccache/cached-config")
    #expect(settings.disk.directory == "/home/me/.cache/sccache")
    #expect(settings.disk.sizeLimit == 10_737_418_240)
    #expect(settings.disk.mode == .readWrite)
    #expect(settings.disk.directMode == DirectModeSettings())
    #expect(settings.disk.directMode.useDirectMode)
    #expect(!settings.disk.directMode.fileStatMatches)
    #expect(settings.disk.directMode.useCtimeForStat)
    #expect(!settings.disk.directMode.ignoreTimeMacros)
    #expect(!settings.disk.directMode.skipSystemHeaders)
    #expect(settings.disk.directMode.hashWorkingDirectory)
    #expect(!settings.disk.isExplicit)
    #expect(settings.startupTimeoutMilliseconds == 10_000)
    #expect(settings.idleTimeoutSeconds == 600)
    #expect(settings.maximumFrameLength == 8_388_608)
    #expect(settings.baseDirectories == [])
    #expect(settings.zstdLevel == nil)
    #expect(settings.compilerSlots == nil)
    #expect(settings.errorLog == nil)
    #expect(settings.logFilter == nil)
    #expect(settings.remotes == RemoteSettings())
    #expect(settings.multilevel == nil)
    #expect(settings.selectedRemote == nil)
    #expect(settings.levels == [.disk])
    #expect(settings.distribution.schedulerURL == nil)
    #expect(settings.distribution.authentication == .token(Secret("dangerously_insecure_client")))
    #expect(settings.distribution.cacheDirectory == "/home/me/.cache/sccache-dist-client")
    #expect(settings.distribution.toolchainCacheSize == 10_737_418_240)
    #expect(settings.warnings == [])
  }

  private static let paths: [([String: String], String)] = [
    ([:], "/home/me/.config/sccache/config"),
    (["XDG_CONFIG_HOME": "/x/"], "/x/sccache/config"),
    (["XDG_CONFIG_HOME": ""], "/home/me/.config/sccache/config"),
    (["XDG_CONFIG_HOME": "relative"], "/home/me/.config/sccache/config"),
    (["XDG_CONFIG_HOME": "/x", "SCCACHE_CONF": "/c/own.toml"], "/c/own.toml"),
    (["SCCACHE_CONF": ""], ""),
  ]

  @Test(arguments: paths)
  func configurationPath(environment: [String: String], path: String) throws {
    #expect(try load(environment).configurationPath == path)
    // That file, and no other, is read.
    var asked: [String] = []
    let settings = try Settings.load(environment: environment, home: "/home/me") {
      asked.append($0)
      return "jobs = 3"
    }
    #expect(asked == [path])
    #expect(settings.compilerSlots == 3)
  }

  @Test func cacheHome() throws {
    let settings = try load(["XDG_CACHE_HOME": "/x"])
    #expect(settings.disk.directory == "/x/sccache")
    #expect(settings.distribution.cacheDirectory == "/x/sccache-dist-client")
    #expect(try load(["XDG_CACHE_HOME": "x"]).disk.directory == "/home/me/.cache/sccache")
  }

  @Test func cachedConfigurationPath() throws {
    #expect(try load(["SCCACHE_CONF": "/c/own"]).cachedConfigurationPath == "/c/cached-config")
    #expect(try load(["SCCACHE_CONF": "own"]).cachedConfigurationPath == "cached-config")
    #expect(try load(["SCCACHE_CACHED_CONF": "/t"]).cachedConfigurationPath == "/t")
  }

  @Test func missingNamedFile() throws {
    let settings = try load(["SCCACHE_CONF": "/nowhere"])
    #expect(settings.warnings.count == 1)
    #expect(settings.warnings.first?.contains("/nowhere") == true)
  }

  @Test func json() throws {
    let text = #"""
      {"basedirs": ["/a"], "server_startup_timeout_ms": 7, "jobs": 2,
       "cache": {"disk": {"size": "3K", "preprocessor_cache_mode":
         {"use_preprocessor_cache_mode": true, "skip_system_headers": true}}},
       "dist": {"toolchains": [{"type": "no_dist", "compiler_executable": "/cc"}]}}
      """#
    let settings = try load(["SCCACHE_CONF": "/c.json"], file: text, path: "/c.json")
    #expect(settings.baseDirectories == ["/a/"])
    #expect(settings.startupTimeoutMilliseconds == 7)
    #expect(settings.compilerSlots == 2)
    #expect(settings.disk.sizeLimit == 3072)
    #expect(settings.disk.directMode.skipSystemHeaders)
    #expect(
      settings.distribution.toolchains == [.noDistribution(compilerExecutable: "/cc")])
  }

  /// The environment wins over the file key by key.
  @Test func diskMerges() throws {
    let file = """
      [cache.disk]
      dir = "/file"
      size = "3G"
      rw_mode = "READ_ONLY"
      [cache.disk.preprocessor_cache_mode]
      use_preprocessor_cache_mode = false
      file_stat_matches = true
      use_ctime_for_stat = false
      ignore_time_macros = true
      skip_system_headers = true
      hash_working_directory = false
      """
    var expected = try load(file: file).disk
    #expect(expected.directory == "/file")
    #expect(expected.sizeLimit == 3 << 30)
    #expect(expected.mode == .readOnly)
    #expect(!expected.directMode.useDirectMode)
    #expect(expected.directMode.fileStatMatches)
    #expect(!expected.directMode.useCtimeForStat)
    #expect(expected.directMode.ignoreTimeMacros)
    #expect(expected.directMode.skipSystemHeaders)
    #expect(!expected.directMode.hashWorkingDirectory)
    #expect(expected.isExplicit)

    expected.directory = "/env"
    #expect(try load(["SCCACHE_DIR": "/env"], file: file).disk == expected)
    expected.sizeLimit = 5
    #expect(
      try load(["SCCACHE_DIR": "/env", "SCCACHE_CACHE_SIZE": "5"], file: file).disk == expected)
    expected.mode = .readWrite
    expected.directMode.useDirectMode = true
    let all = [
      "SCCACHE_DIR": "/env", "SCCACHE_CACHE_SIZE": "5", "SCCACHE_LOCAL_RW_MODE": "read_write",
      "SCCACHE_DIRECT": "on",
    ]
    #expect(try load(all, file: file).disk == expected)
  }

  @Test(arguments: [
    ["SCCACHE_DIR": "/d"], ["SCCACHE_CACHE_SIZE": "5"], ["SCCACHE_DIRECT": "0"],
    ["SCCACHE_LOCAL_RW_MODE": "READ_ONLY"],
  ])
  func diskIsExplicit(environment: [String: String]) throws {
    #expect(try load(environment).disk.isExplicit)
  }

  /// As in Mozilla's: the section without its main key switches the mode off.
  @Test func directModeSection() throws {
    let settings = try load(file: "[cache.disk.preprocessor_cache_mode]\nfile_stat_matches = true")
    #expect(!settings.disk.directMode.useDirectMode)
    #expect(settings.warnings.count == 1)
    #expect(try load(file: "[cache.disk]").disk.directMode.useDirectMode)
  }

  @Test func emptyDirectory() throws {
    let settings = try load(["SCCACHE_DIR": ""], file: "[cache.disk]\ndir = \"/file\"")
    #expect(settings.disk.directory == "/file")
    #expect(settings.warnings.count == 1)
  }

  @Test func relativeDirectory() throws {
    let settings = try load(["SCCACHE_DIR": "d"])
    #expect(settings.disk.directory == "d")
    #expect(settings.warnings.count == 1)
  }

  @Test func windowsLineEndsAndByteOrderMark() throws {
    #expect(try load(file: "\u{feff}jobs = 2\r\n[cache.disk]\r\nsize = 5\r\n").compilerSlots == 2)
  }
}
