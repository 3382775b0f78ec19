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

/// The same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
