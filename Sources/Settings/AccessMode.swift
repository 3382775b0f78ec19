/// Whether a store is written (`rw_mode`, `SCCACHE_…_RW_MODE`).
package enum AccessMode: String, Sendable, CaseIterable {
  case readOnly = "READ_ONLY"
  case readWrite = "READ_WRITE"

  /// The names in any case, as Mozilla reads the environment.
  init?(text: String) { self.init(rawValue: text.uppercased()) }
}
