extension Settings {
  /// Makes settings from the environment and the file that it names.
  ///
  /// - Parameters:
  ///   - environment: the daemon's or the command line's own.
  ///   - home: the user's home directory, for default paths.
  ///   - read: gives a file's text; nil when there is none or it can't be read, which means defaults.
  /// - Throws: `SettingsError` for what nobody can guess at: a file that doesn't parse, an unknown
  ///   key, a value of the wrong type.
  package static func load(
    environment: [String: String], home: String, read: (String) -> String?
  ) throws(SettingsError) -> Settings {
    var variables = EnvironmentReader(environment)
    let path = Paths.configuration(variables, home: home)
    var settings = Settings(
      configurationPath: path, cacheHome: Paths.cacheHome(variables, home: home))
    if let cached = variables.raw("SCCACHE_CACHED_CONF") {
      settings.cachedConfigurationPath = cached
    }

    var file: TableReader?
    if let text = read(path) {
      file = TableReader(try ConfigurationFile(path: path, text: text))
    } else if variables.string("SCCACHE_CONF") != nil {
      variables.warn("SCCACHE_CONF names \(path), which can't be read; the defaults are used")
    }
    var cache = try file?.table("cache")
    if var section = try cache?.table("disk") {
      try settings.disk.apply(&section, &settings.warnings)
      try section.finish()
    }
    try settings.disk.apply(&variables)
    settings.remotes = try RemoteSettings(&cache, &variables)
    settings.multilevel = try .read(&cache, &variables)
    settings.remoteLimits = try RemoteLimits(&cache, &variables)
    try cache?.finish()
    if var section = try file?.table("dist") {
      try settings.distribution.apply(&section)
      try section.finish()
    }
    try settings.distribution.apply(&variables)
    try settings.applyTopLevel(&file, &variables)
    try file?.finish()

    settings.applyProcess(&variables)
    try settings.checkLevels()
    settings.startupVariables = StartupVariables(environment)
    settings.warnings += variables.warnings
    return settings
  }

  /// In any unit: a deadline so far off can still be added to a clock's time.
  private static let longestWait = Int(Int32.max)
  /// A call's environment alone takes several KiB; lengths have four bytes on the wire.
  private static let frameLengths = (64 << 10)...Int(UInt32.max)

  private mutating func applyTopLevel(
    _ file: inout TableReader?, _ variables: inout EnvironmentReader
  ) throws(SettingsError) {
    if let value = try file?.number("server_startup_timeout_ms") {
      startupTimeoutMilliseconds = min(value, Self.longestWait)
    }
    if let paths = try file?.strings("basedirs") {
      baseDirectories = try BaseDirectories.normalised(
        paths, from: file?.place("basedirs") ?? "basedirs")
    }
    if let list = variables.raw("SCCACHE_BASEDIRS") {
      baseDirectories = try BaseDirectories.normalised(
        BaseDirectories.split(list), from: "SCCACHE_BASEDIRS")
    }
    if let value = try file?.positiveNumber("jobs") { compilerSlots = value }
    if var section = try file?.table("rust") {
      cachesRustLinks = try section.boolean("cache_links") ?? cachesRustLinks
      remapsBaseDirectories = try section.boolean("remap_basedirs") ?? remapsBaseDirectories
      rustExtraInputs = try section.strings("extra_inputs") ?? []
      if let wrong = rustExtraInputs.first(where: { !$0.contains("=") }) {
        throw section.file.error(
          at: section.path + ["extra_inputs"],
          "'\(wrong)' must be CRATE=PATTERN or CRATE=env:NAME")
      }
      try section.finish()
    }
    // Mozilla's 0.17 has it; here it means nothing.
    _ = try file?.boolean("client_side_mode")
  }

  private mutating func applyProcess(_ variables: inout EnvironmentReader) {
    let startup = "SCCACHE_STARTUP_TIMEOUT_MS"
    if let value = variables.lenientNumber(
      startup, otherwise: "the limit stays at \(startupTimeoutMilliseconds) ms")
    {
      startupTimeoutMilliseconds = min(value, Self.longestWait)
    }
    if let value = variables.lenientNumber(
      "SCCACHE_IDLE_TIMEOUT", otherwise: "the daemon ends after \(idleTimeoutSeconds) s")
    {
      idleTimeoutSeconds = min(value, Self.longestWait)
    }
    if let value = variables.lenientNumber(
      "SCCACHE_MAX_FRAME_LENGTH", otherwise: "the limit stays at \(maximumFrameLength) bytes")
    {
      maximumFrameLength = min(
        max(value, Self.frameLengths.lowerBound), Self.frameLengths.upperBound)
    }
    let slots = compilerSlots.map(String.init) ?? "the number of cores"
    if let value = variables.lenientNumber("SCCACHE_JOBS", otherwise: "it stays \(slots)") {
      if value > 0 {
        compilerSlots = value
      } else {
        variables.warn("SCCACHE_JOBS=0 would compile nothing; it stays \(slots)")
      }
    }
    if let text = variables.string("SCCACHE_CACHE_ZSTD_LEVEL") {
      if let value = Int(text) {
        zstdLevel = min(max(value, -131_072), 22)
      } else {
        variables.warn("SCCACHE_CACHE_ZSTD_LEVEL=\(text) is no whole number and counts as unset")
      }
    }
    allowsMultipleArchitectures = variables.raw("SCCACHE_CACHE_MULTIARCH") != nil
    errorLog = variables.string("SCCACHE_ERROR_LOG")
    logFilter = variables.string("SCCACHE_LOG")
    logsMilliseconds = variables.raw("SCCACHE_LOG_MILLIS") != nil
    allowsCoreDumps = variables.raw("SCCACHE_ALLOW_CORE_DUMPS") == "1"
  }

  /// What is wrong with a store matters only when it is used.
  private func checkLevels() throws(SettingsError) {
    for name in multilevel?.chain ?? [] {
      switch name {
      case .disk where !disk.isExplicit:
        throw SettingsError(
          "Disk cache specified in levels but not configured (set SCCACHE_DIR)",
          causes: ["set SCCACHE_DIR or write a section [cache.disk]"])
      case .remote(let kind) where remotes[kind] == nil:
        throw SettingsError(
          "Cache level '\(kind.rawValue)' specified in SCCACHE_MULTILEVEL_CHAIN but not configured "
            + "(missing environment variables)",
          causes: ["write a section [cache.\(kind.rawValue)], or set the variables of that store"])
      default: break
      }
    }
    for case .remote(let store) in levels {
      if let problem = store.problem {
        throw SettingsError("create \(store.kind.rawValue) cache failed", causes: [problem])
      }
    }
  }
}
