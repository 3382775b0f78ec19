/// The rules of `basedirs` and `SCCACHE_BASEDIRS`.
enum BaseDirectories {
  /// Absolute, `.` and `..` resolved by their letters alone, one `/` at the end, each once, in the
  /// order in which they were written.
  ///
  /// - Parameter source: where they were written, for the message.
  /// - Throws: with Mozilla's words when one is not absolute.
  static func normalised(
    _ paths: [String], from source: @autoclosure () -> String
  ) throws(SettingsError) -> [String] {
    var result: [String] = []
    for path in paths {
      guard path.utf8.first == UInt8(ascii: "/") else {
        throw SettingsError(
          "Basedir path must be absolute: \"\(path)\"",
          causes: ["\(source()): write each directory from the root on, as in /home/me/project"])
      }
      let normal = normalised(path)
      if !result.contains(normal) { result.append(normal) }
    }
    return result
  }

  /// The elements of a `:`-separated list; empty ones count for nothing.
  static func split(_ list: String) -> [String] {
    list.split(separator: ":", omittingEmptySubsequences: true).map(String.init)
  }

  private static func normalised(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/", omittingEmptySubsequences: true) where part != "." {
      if part == ".." {
        _ = parts.popLast()
      } else {
        parts.append(part)
      }
    }
    return parts.isEmpty ? "/" : "/" + parts.joined(separator: "/") + "/"
  }
}
