/// Everything that can be configured, read once at start: the file, and the environment on top of it.
///
/// `docs/configuration.md` lists every key and variable, and where Mozilla's sccache differs.
package struct Settings: Sendable, Equatable {
  /// The file that was asked for; it need not exist.
  package var configurationPath: String
  /// Where tokens of `--dist-auth` are kept (`SCCACHE_CACHED_CONF`; `cached-config` beside the file).
  package var cachedConfigurationPath: String

  package var disk: DiskSettings
  package var remotes = RemoteSettings()
  package var remoteLimits = RemoteLimits()
  package var multilevel: MultilevelSettings?
  package var distribution: DistributionSettings

  /// Directories that are left out of keys, so that checkouts in different places share entries:
  /// absolute, normalised, with `/` at the end (`SCCACHE_BASEDIRS`, `basedirs`; none).
  package var baseDirectories: [String] = []
  /// How long a client waits for a daemon that it started (`server_startup_timeout_ms`,
  /// `SCCACHE_STARTUP_TIMEOUT_MS`; 10000).
  package var startupTimeoutMilliseconds = 10_000
  /// The daemon ends after so many seconds without a request; 0: never (`SCCACHE_IDLE_TIMEOUT`; 600).
  package var idleTimeoutSeconds = 600
  /// Bytes of the longest message that the daemon takes (`SCCACHE_MAX_FRAME_LENGTH`, 64 KiB at
  /// least; 8 MiB).
  package var maximumFrameLength = 8 << 20
  /// `SCCACHE_CACHE_ZSTD_LEVEL`, between -131072 and 22; nil: the store's own choice.
  package var zstdLevel: Int?
  /// What a linker makes for rustc is cached, too (`rust.cache_links`, `SCCACHE_RUST_LINKS`).
  package var cachesRustLinks = true
  /// rustc writes `.` in place of base directories (`rust.remap_basedirs`, `SCCACHE_RUST_REMAP_BASEDIRS`).
  package var remapsBaseDirectories = false
  /// `CRATE=ITEM`: what else a crate depends on (`rust.extra_inputs`).
  package var rustExtraInputs: [String] = []
  /// How many compilers run at a time (`SCCACHE_JOBS`, `jobs`); nil: as many as there are cores.
  package var compilerSlots: Int?
  /// Several `-arch` in one call are cacheable (`SCCACHE_CACHE_MULTIARCH` set to anything).
  package var allowsMultipleArchitectures = false

  /// The file that gets the daemon's standard error (`SCCACHE_ERROR_LOG`).
  package var errorLog: String?
  /// What is logged, as written (`SCCACHE_LOG`: `debug`, `sccache=trace,…`); nil: nothing.
  package var logFilter: String?
  /// Times in the log have milliseconds (`SCCACHE_LOG_MILLIS` set to anything).
  package var logsMilliseconds = false
  /// The daemon may dump core without limit (`SCCACHE_ALLOW_CORE_DUMPS=1`).
  package var allowsCoreDumps = false

  /// What the daemon was started with, to tell callers what can't be honoured for one call.
  package var startupVariables = StartupVariables()
  /// Said once on the daemon's standard error: slips that must not stop a build.
  package var warnings: [String] = []

  /// The defaults.
  ///
  /// - Parameters:
  ///   - configurationPath: the file.
  ///   - cacheHome: the directory in which programs keep what can be made again.
  package init(configurationPath: String, cacheHome: String) {
    self.configurationPath = configurationPath
    cachedConfigurationPath = Paths.sibling(of: configurationPath, "cached-config")
    disk = DiskSettings(directory: cacheHome + "/sccache")
    distribution = DistributionSettings(cacheDirectory: cacheHome + "/sccache-dist-client")
  }

  /// The remote store in use when there is no chain of levels; nil: the disk.
  package var selectedRemote: RemoteStore? { remotes.first }

  /// A store among those in use.
  package enum Level: Sendable, Equatable {
    case disk
    case remote(RemoteStore)
  }

  /// The stores in use, from the nearest to the farthest; at least one.
  package var levels: [Level] {
    guard let multilevel else { return [selectedRemote.map { .remote($0) } ?? .disk] }
    return multilevel.chain.compactMap { name in
      switch name {
      case .disk: .disk
      case .remote(let kind): remotes[kind].map { .remote($0) }
      }
    }
  }
}
