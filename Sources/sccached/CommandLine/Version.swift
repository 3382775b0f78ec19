/// What `--version`, the statistics and the farm's protocol call this version. Build scripts parse
/// it, so it is the number of the Mozilla release that we stand in for.
let version = "0.16.0"

/// The line of `--version`.
let versionText = "sccache \(version)\n"
