/// The cache of GitHub Actions (`[cache.gha]`; switched on by `SCCACHE_GHA_ENABLED` or by a
/// `SCCACHE_GHA_VERSION` that isn't empty). Addresses and token come from the runner's variables
/// beginning with `ACTIONS_`, which the store reads.
package struct GHASettings: RemoteSection {
  /// A section that isn't enabled is as good as none.
  package var isEnabled: Bool
  /// Entries of different versions don't see each other ("").
  package var version = ""
  package var mode: AccessMode = .readWrite

  package init(version: String = "") {
    isEnabled = true
    self.version = version
  }

  init?(_ environment: inout EnvironmentReader) throws(SettingsError) {
    let enabled = try environment.boolean("SCCACHE_GHA_ENABLED") ?? false
    let version = environment.string("SCCACHE_GHA_VERSION")
    guard enabled || version != nil else { return nil }
    isEnabled = true
    self.version = version ?? ""
    mode = environment.mode("SCCACHE_GHA_RW_MODE", otherwise: mode) ?? mode
  }

  init(_ reader: inout TableReader) throws(SettingsError) {
    isEnabled = try reader.boolean("enabled") ?? false
    version = try reader.string("version") ?? ""
    mode = try reader.choice("rw_mode", of: AccessMode.self) ?? mode
  }
}
