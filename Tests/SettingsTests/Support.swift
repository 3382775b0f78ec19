import Testing

@testable import Settings

/// Settings of this environment and this file, which lies where it is looked for by default.
func load(
  _ environment: [String: String] = [:], file: String? = nil,
  path: String = "/home/me/.config/sccache/config"
) throws(SettingsError) -> Settings {
  try Settings.load(environment: environment, home: "/home/me") { $0 == path ? file : nil }
}

/// Like `load`, for text that must be refused.
func failure(
  _ environment: [String: String] = [:], file: String? = nil,
  path: String = "/home/me/.config/sccache/config",
  sourceLocation: SourceLocation = #_sourceLocation
) -> SettingsError {
  do throws(SettingsError) {
    _ = try load(environment, file: file, path: path)
  } catch {
    return error
  }
  Issue.record("was accepted", sourceLocation: sourceLocation)
  return SettingsError("accepted")
}
