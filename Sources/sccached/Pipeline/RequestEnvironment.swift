import Glibc
import Wire

/// The caller's environment, as bytes; looked into, never changed.
struct RequestEnvironment: Sendable {
  /// `NAME=value` each.
  let variables: [[UInt8]]

  /// The last wins in no libc: the first one counts, as for `getenv`.
  func bytes(_ name: String) -> ArraySlice<UInt8>? {
    var name = name
    return name.withUTF8 { name in
      let length = name.count
      guard let start = name.baseAddress, length > 0 else { return nil }
      for variable in variables
      where variable.count > length && variable[length] == UInt8(ascii: "=") {
        if variable[0] == start[0], memcmp(variable, start, length) == 0 {
          return variable[(length + 1)...]
        }
      }
      return nil
    }
  }

  /// Nil also when the value isn't UTF-8.
  func value(_ name: String) -> String? {
    bytes(name).flatMap { String(validating: $0, as: UTF8.self) }
  }

  /// What is run for this call already, outermost first. Known to the wrapper, too.
  var runningPrograms: [String] {
    value(Self.runningName)?.split(separator: ":").map(String.init) ?? []
  }

  private static let runningName = "\(runningProgramsVariable)"

  /// For a program that the daemon runs: a wrapper that it calls neither asks the daemon nor takes
  /// this program for the compiler.
  func variables(running program: String) -> [[UInt8]] {
    let programs = (runningPrograms + [program]).joined(separator: ":")
    return variables.filter { !$0.starts(with: "\(Self.runningName)=".utf8) }
      + ["SCCACHE_RUNNING=1", "\(Self.runningName)=\(programs)"].map { Array($0.utf8) }
  }

  /// What a compiler that is run for an answer gets: of the caller's, with other values for some.
  func variables(running program: String, setting added: [[UInt8]]) -> [[UInt8]] {
    let names = added.map { $0.prefix { $0 != UInt8(ascii: "=") } + [UInt8(ascii: "=")] }
    return variables(running: program).filter { variable in
      !names.contains { variable.starts(with: $0) }
    } + added
  }

  /// Those of the names that are set, as `NAME=value`.
  func variables(named names: [String]) -> [[UInt8]] {
    names.compactMap { name in
      bytes(name).map { Array(name.utf8) + [UInt8(ascii: "=")] + $0 }
    }
  }

  /// Every variable whose name begins with `prefix`, as `NAME=value`.
  func variables(withPrefix prefix: String) -> [[UInt8]] {
    variables.filter { $0.starts(with: prefix.utf8) }
  }
}
