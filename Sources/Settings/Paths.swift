/// Where things lie unless someone says otherwise.
enum Paths {
  /// `SCCACHE_CONF` whatever it is, else `sccache/config` in the directory for configuration.
  static func configuration(_ variables: EnvironmentReader, home: String) -> String {
    variables.raw("SCCACHE_CONF")
      ?? base(variables, "XDG_CONFIG_HOME", home + "/.config") + "/sccache/config"
  }

  static func cacheHome(_ variables: EnvironmentReader, home: String) -> String {
    base(variables, "XDG_CACHE_HOME", home + "/.cache")
  }

  /// `name` in the directory of `path`.
  static func sibling(of path: String, _ name: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return name }
    return String(path[...slash]) + name
  }

  /// A relative path counts as unset, as the XDG specification wants.
  private static func base(
    _ variables: EnvironmentReader, _ name: String, _ otherwise: String
  ) -> String {
    guard var path = variables.string(name), path.hasPrefix("/") else { return otherwise }
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }
}
