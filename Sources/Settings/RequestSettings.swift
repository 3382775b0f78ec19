/// What one call asks for in its own environment, on top of the daemon's settings.
package struct RequestSettings: Sendable, Equatable {
  /// `SCCACHE_DIRECT`. Mozilla's can only be switched off by a call; here it can be switched on too.
  package var useDirectMode: Bool
  /// `SCCACHE_RECACHE` set to anything: don't look, compile, store anew.
  package var recache: Bool
  /// `SCCACHE_NO_CACHE` set to anything: neither look nor store. It goes before `recache`.
  package var noCache: Bool
  /// `SCCACHE_BASEDIRS`, even an empty one, instead of the daemon's.
  package var baseDirectories: [String]
  /// Files whose contents belong to the key (`SCCACHE_EXTRAFILES`, separated by `:`), as written.
  package var extraFiles: [String]
  /// `SCCACHE_DIST_REMOTE_ONLY`: what the farm could compile and does not is an error.
  package var remoteOnly: Bool
  /// `SCCACHE_RUST_LINKS`: what a linker makes for rustc is cached, too.
  package var cachesRustLinks: Bool
  /// `SCCACHE_RUST_REMAP_BASEDIRS`: rustc writes `.` in place of base directories.
  package var remapsBaseDirectories: Bool
  /// `SCCACHE_RUST_EXTRA_INPUTS`, separated by `;`, behind the daemon's: `CRATE=ITEM`.
  package var rustExtraInputs: [String]
  /// What was wrong, for the caller; it counts as unset.
  package var warnings: [String] = []

  /// Looks nine variables up and allocates only for those that are set.
  ///
  /// - Parameter environmentLookup: a variable of the call's environment, nil for unset.
  package init(environmentLookup: (String) -> String?, defaults: Settings) {
    recache = environmentLookup("SCCACHE_RECACHE") != nil
    noCache = environmentLookup("SCCACHE_NO_CACHE") != nil
    extraFiles =
      environmentLookup("SCCACHE_EXTRAFILES").map { list in
        list.split(separator: ":", omittingEmptySubsequences: true).map(String.init)
      } ?? []
    useDirectMode = defaults.disk.directMode.useDirectMode
    baseDirectories = defaults.baseDirectories
    remoteOnly = defaults.distribution.remoteOnly
    cachesRustLinks = defaults.cachesRustLinks
    remapsBaseDirectories = defaults.remapsBaseDirectories
    rustExtraInputs =
      defaults.rustExtraInputs
      + (environmentLookup("SCCACHE_RUST_EXTRA_INPUTS").map { list in
        list.split(separator: ";").map(String.init)
      } ?? [])

    func boolean(_ name: String, _ value: inout Bool) {
      guard let text = environmentLookup(name), !text.isEmpty else { return }
      if let given = BooleanText.parse(text) {
        value = given
      } else {
        warnings.append("\(name) must be 'true', 'on', '1', 'false', 'off' or '0'.")
      }
    }
    boolean("SCCACHE_DIRECT", &useDirectMode)
    boolean("SCCACHE_DIST_REMOTE_ONLY", &remoteOnly)
    boolean("SCCACHE_RUST_LINKS", &cachesRustLinks)
    boolean("SCCACHE_RUST_REMAP_BASEDIRS", &remapsBaseDirectories)
    if let list = environmentLookup("SCCACHE_BASEDIRS") {
      do throws(SettingsError) {
        baseDirectories = try BaseDirectories.normalised(
          BaseDirectories.split(list), from: "SCCACHE_BASEDIRS")
      } catch {
        warnings.append("SCCACHE_BASEDIRS is ignored: \(error.message)")
      }
    }
  }
}
