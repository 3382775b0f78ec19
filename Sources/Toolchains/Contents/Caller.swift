import Platform

/// The circumstances in which a compiler is called: they decide which programs and libraries it
/// finds.
struct Caller: Sendable {
  /// `NAME=value` each.
  var environment: [[UInt8]]
  /// Absolute.
  var directory: String

  /// The first one counts, as for `getenv`; nil also when the value isn't UTF-8.
  func value(_ name: String) -> String? {
    let start = Array(name.utf8) + [UInt8(ascii: "=")]
    guard let variable = environment.first(where: { $0.starts(with: start) }) else { return nil }
    return String(validating: variable.dropFirst(start.count), as: UTF8.self)
  }

  /// The absolute path of a program, as `execvp` finds it.
  func find(_ name: String) -> String? {
    if name.utf8.contains(UInt8(ascii: "/")) {
      let path = Path.absolute(name, in: directory)
      return Self.isProgram(path) ? path : nil
    }
    let directories = (value("PATH") ?? "/bin:/usr/bin")
      .split(separator: ":", omittingEmptySubsequences: false)
    return directories.lazy
      .map { Path.absolute(Path.join($0.isEmpty ? "." : String($0), name), in: directory) }
      .first(where: Self.isProgram)
  }

  private static func isProgram(_ path: String) -> Bool {
    guard let stamp = FileStamp(path: path) else { return false }
    return stamp.isProgram
  }

  /// Runs a program with messages in English, which are read here.
  func run(
    _ program: String, _ arguments: [String], environment: [[UInt8]]? = nil
  ) throws(ToolchainError) -> ProcessResult {
    let dropped = ["LC_ALL=", "LANGUAGE=", "LD_PRELOAD=", "LD_DEBUG="]
    let variables = (environment ?? self.environment).filter { variable in
      !dropped.contains { variable.starts(with: $0.utf8) }
    }
    return try system { () throws(SystemError) in
      try Spawn.run(
        program, arguments, environment: variables + [Array("LC_ALL=C".utf8)],
        directory: directory, timeoutSeconds: 30, outputLimit: 4 << 20)
    }
  }
}
