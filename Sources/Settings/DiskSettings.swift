/// The local store (`[cache.disk]`).
package struct DiskSettings: Sendable, Equatable {
  /// `SCCACHE_DIR`, `dir`; default `$XDG_CACHE_HOME/sccache`, `~/.cache/sccache`.
  package var directory: String
  /// Bytes (`SCCACHE_CACHE_SIZE`, `size`; default 10 GiB).
  package var sizeLimit: Int = Self.defaultSizeLimit
  /// `SCCACHE_LOCAL_RW_MODE`, `rw_mode`; default read-write.
  package var mode: AccessMode = .readWrite
  /// `SCCACHE_HARD_LINKS`, `hard_links` (ours): hits link outputs to the cache's copy instead of
  /// copying; default no.
  package var usesHardLinks = false
  /// `[cache.disk.preprocessor_cache_mode]`.
  package var directMode = DirectModeSettings()
  /// Whether the disk was configured at all. A chain of levels may name `disk` only then.
  package var isExplicit = false

  package init(directory: String) { self.directory = directory }

  package static let defaultSizeLimit = 10 << 30
}

/// Direct mode: finding an entry without running the preprocessor. Mozilla's name for it is
/// preprocessor-cache mode, and the keys are Mozilla's.
package struct DirectModeSettings: Sendable, Equatable {
  /// `SCCACHE_DIRECT`, `use_preprocessor_cache_mode`. On by default; off, as in Mozilla's, when the
  /// section stands in the file without this key.
  package var useDirectMode = true
  /// Trust an include file's size and times instead of reading it (off).
  package var fileStatMatches = false
  /// With `fileStatMatches`: compare the change time too (on).
  package var useCtimeForStat = true
  /// Take `__DATE__`, `__TIME__` and `__TIMESTAMP__` for constants (off).
  package var ignoreTimeMacros = false
  /// Don't look at headers of the system's directories for changes (off).
  package var skipSystemHeaders = false
  /// The working directory is part of the key (on).
  package var hashWorkingDirectory = true

  package init() {}
}

extension DiskSettings {
  /// What the file says, on top of the defaults in `self`.
  mutating func apply(
    _ reader: inout TableReader, _ warnings: inout [String]
  ) throws(SettingsError) {
    isExplicit = true
    if let value = try reader.string("dir") {
      guard !value.isEmpty else { throw reader.error("dir", "is empty: name a directory") }
      directory = value
    }
    if let value = try reader.size("size") { sizeLimit = value }
    if let value = try reader.choice("rw_mode", of: AccessMode.self) { mode = value }
    if let value = try reader.boolean("hard_links") { usesHardLinks = value }
    if var section = try reader.table("preprocessor_cache_mode") {
      try directMode.apply(&section, &warnings)
      try section.finish()
    }
  }

  /// Key by key, the environment wins over the file.
  mutating func apply(_ environment: inout EnvironmentReader) throws(SettingsError) {
    if let value = environment.raw("SCCACHE_DIR") {
      if value.isEmpty {
        environment.warn("SCCACHE_DIR is empty and taken as unset; the cache is in \(directory)")
      } else {
        directory = value
        isExplicit = true
      }
    }
    if let text = environment.string("SCCACHE_CACHE_SIZE") {
      isExplicit = true
      if let value = ByteCount.parse(text) {
        sizeLimit = value
      } else {
        environment.warn(
          "SCCACHE_CACHE_SIZE=\(text) is no size (a whole number, or one with K, M, G or T); "
            + "the limit stays at \(sizeLimit) bytes")
      }
    }
    if let value = environment.mode("SCCACHE_LOCAL_RW_MODE", otherwise: mode) {
      mode = value
      isExplicit = true
    }
    if let value = try environment.boolean("SCCACHE_HARD_LINKS") { usesHardLinks = value }
    if let value = try environment.boolean("SCCACHE_DIRECT") {
      directMode.useDirectMode = value
      isExplicit = true
    }
    if !directory.hasPrefix("/") {
      environment.warn(
        "the cache directory \(directory) is relative: it is taken from the daemon's working "
          + "directory; write an absolute path")
    }
  }
}

extension DirectModeSettings {
  fileprivate mutating func apply(
    _ reader: inout TableReader, _ warnings: inout [String]
  ) throws(SettingsError) {
    let key = "use_preprocessor_cache_mode"
    if let value = try reader.boolean(key) {
      useDirectMode = value
    } else {
      useDirectMode = false
      warnings.append(
        "[\(reader.path.joined(separator: "."))] without \(key) switches direct mode off; "
          + "write \(key) = true or false")
    }
    if let value = try reader.boolean("file_stat_matches") { fileStatMatches = value }
    if let value = try reader.boolean("use_ctime_for_stat") { useCtimeForStat = value }
    if let value = try reader.boolean("ignore_time_macros") { ignoreTimeMacros = value }
    if let value = try reader.boolean("skip_system_headers") { skipSystemHeaders = value }
    if let value = try reader.boolean("hash_working_directory") { hashWorkingDirectory = value }
  }
}
