/// Compiling on other machines (`[dist]`; the variables are ours, Mozilla has none for it).
package struct DistributionSettings: Sendable, Equatable {
  /// Who this client is to the scheduler (`[dist.auth]`).
  package enum Authentication: Sendable, Equatable {
    case token(Secret)
    case oauth2CodeGrantPKCE(clientID: String, authURL: String, tokenURL: String)
    case oauth2Implicit(clientID: String, authURL: String)
  }

  /// What is packed for a compiler instead of what would be found (`[[dist.toolchains]]`).
  package enum Toolchain: Sendable, Equatable {
    /// Calls of this compiler stay here.
    case noDistribution(compilerExecutable: String)
    /// This archive is the compiler, which has another name in it.
    case pathOverride(
      compilerExecutable: String, archive: String, archiveCompilerExecutable: String)
  }

  /// With scheme and without a slash at its end; nil: nothing is distributed.
  package var schedulerURL: String?
  package var authentication: Authentication = .token(Secret("dangerously_insecure_client"))
  /// Where packed toolchains lie (`cache_dir`; `$XDG_CACHE_HOME/sccache-dist-client`).
  package var cacheDirectory: String
  /// Bytes (`toolchain_cache_size`; 10 GiB).
  package var toolchainCacheSize = 10 << 30
  package var toolchains: [Toolchain] = []
  /// Send sources whose includes are expanded but whose macros are not (off).
  package var rewriteIncludesOnly = false
  package var deadlines = Deadlines()
  /// What the farm could compile is not compiled here when the farm fails, but an error (`remote_only`,
  /// `SCCACHE_DIST_REMOTE_ONLY`; off).
  package var remoteOnly = false
  /// So many compilations at a time stay here although the farm could do them (`local_jobs`,
  /// `SCCACHE_DIST_LOCAL_JOBS`; 0).
  package var localJobs = 0

  package init(cacheDirectory: String) { self.cacheDirectory = cacheDirectory }

  mutating func apply(_ reader: inout TableReader) throws(SettingsError) {
    if let text = try reader.string("scheduler_url") {
      schedulerURL = try Self.schedulerURL(text, reader)
    }
    if var section = try reader.table("auth") {
      authentication = try Authentication(&section)
      try section.finish()
    }
    if let value = try reader.string("cache_dir") { cacheDirectory = value }
    if let value = try reader.size("toolchain_cache_size") { toolchainCacheSize = value }
    for var section in try reader.tables("toolchains") ?? [] {
      toolchains.append(try Toolchain(&section))
      try section.finish()
    }
    rewriteIncludesOnly = try reader.boolean("rewrite_includes_only") ?? false
    try deadlines.apply(&reader)
    remoteOnly = try reader.boolean("remote_only") ?? false
    localJobs = try reader.number("local_jobs") ?? 0
  }

  private static let mostJobs = 1_000_000

  static let variables =
    Deadlines.variables + ["SCCACHE_DIST_LOCAL_JOBS"]

  mutating func apply(_ variables: inout EnvironmentReader) throws(SettingsError) {
    try deadlines.apply(variables)
    if let value = try variables.boolean("SCCACHE_DIST_REMOTE_ONLY") { remoteOnly = value }
    if let value = try variables.number(
      "SCCACHE_DIST_LOCAL_JOBS", in: 0...Self.mostJobs, what: "a whole number")
    {
      localJobs = value
    }
    if remoteOnly, localJobs > 0 {
      variables.warn("local jobs beside the farm (\(localJobs)) have no effect with remote_only")
    }
  }

  private static func schedulerURL(
    _ text: String, _ reader: TableReader
  ) throws(SettingsError) -> String {
    let full = text.contains("://") ? text : "http://" + text
    guard let address = WebAddress(full) else {
      throw reader.error(
        "scheduler_url", "must be an http or https URL, or IP:PORT, found \"\(text)\"")
    }
    guard address.rest.isEmpty || address.rest == "/" else {
      throw reader.error(
        "scheduler_url", "must end behind host and port, without a path, found \"\(text)\"")
    }
    return address.rest.isEmpty ? full : String(full.dropLast())
  }
}

extension DistributionSettings.Authentication {
  private enum Kind: String, CaseIterable {
    case token
    case oauth2CodeGrantPKCE = "oauth2_code_grant_pkce"
    case oauth2Implicit = "oauth2_implicit"
  }

  init(_ reader: inout TableReader) throws(SettingsError) {
    guard let kind = try reader.choice("type", of: Kind.self) else {
      throw reader.error("lacks the key type: add type = \"token\"")
    }
    switch kind {
    case .token: self = .token(Secret(try reader.required("token")))
    case .oauth2CodeGrantPKCE:
      self = .oauth2CodeGrantPKCE(
        clientID: try reader.required("client_id"), authURL: try reader.required("auth_url"),
        tokenURL: try reader.required("token_url"))
    case .oauth2Implicit:
      self = .oauth2Implicit(
        clientID: try reader.required("client_id"), authURL: try reader.required("auth_url"))
    }
  }
}

extension DistributionSettings.Toolchain {
  private enum Kind: String, CaseIterable {
    case noDistribution = "no_dist"
    case pathOverride = "path_override"
  }

  init(_ reader: inout TableReader) throws(SettingsError) {
    guard let kind = try reader.choice("type", of: Kind.self) else {
      throw reader.error("lacks the key type: add type = \"no_dist\" or type = \"path_override\"")
    }
    let compiler = try reader.required("compiler_executable")
    switch kind {
    case .noDistribution: self = .noDistribution(compilerExecutable: compiler)
    case .pathOverride:
      self = .pathOverride(
        compilerExecutable: compiler, archive: try reader.required("archive"),
        archiveCompilerExecutable: try reader.required("archive_compiler_executable"))
    }
  }
}
