/// Why a configuration can't be used, for the person who wrote it.
///
/// The command line prints `sccache: error: MESSAGE`, then `sccache: caused by: CAUSE` for each cause;
/// the last line names the place, what is wrong there and what to write instead.
package struct SettingsError: Error, Sendable, Equatable {
  package var message: String
  /// From the outer to the inner.
  package var causes: [String]

  package init(_ message: String, causes: [String] = []) {
    self.message = message
    self.causes = causes
  }
}
