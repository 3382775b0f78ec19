/// What one call of `sccache` is asked to do.
enum Mode: Sendable, Equatable {
  /// A compiler and its arguments. They are always the last words of the command line, so a caller
  /// that needs them as raw bytes takes as many from the end of its own.
  case compile([String])
  case showStats(advanced: Bool, format: StatisticsFormat)
  case zeroStats
  case startServer
  case stopServer
  case distStatus
  case distAuth
  case packageToolchain(executable: String, output: String)
  case debugPreprocessorCache
  /// Print the effective settings. Ours; Mozilla's has no such option.
  case showConfig
  /// Write, read and remove a probe at each store. Ours, as the next two.
  case pingStorage
  case clear
  case evict(unusedForSeconds: Int)
  case help
  case version
  /// Be the daemon: no arguments at all, but `SCCACHE_START_SERVER=1` in the environment.
  case runServer
}

/// The value of `--stats-format`.
enum StatisticsFormat: String, Sendable, CaseIterable { case text, json }
