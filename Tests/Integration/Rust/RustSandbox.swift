import Glibc
import Platform
import Testing

/// The toolchain that tests of Rust run with: the one that `rustc` in the caller's PATH stands for.
enum RustInstallation {
  /// Holds `rustc`, `cargo` and what else the toolchain has.
  static func binaries() throws -> String {
    guard let sysroot else { throw Programs.Missing(program: "rustc") }
    return sysroot + "/bin"
  }

  /// The machine's own target.
  static func host() throws -> String {
    let text = try Spawn.run(
      try binaries() + "/rustc", ["-vV"], environment: [], directory: "/"
    ).outputText
    let line = text.split(separator: "\n").first { $0.hasPrefix("host: ") }
    return String(try #require(line).dropFirst(6))
  }

  private static let sysroot: String? = {
    let names = ["PATH", "HOME", "RUSTUP_HOME", "CARGO_HOME", "RUSTUP_TOOLCHAIN"]
    let variables = names.compactMap { (name: String) -> [UInt8]? in
      getenv(name).map { Array("\(name)=\(String(cString: $0))".utf8) }
    }
    let answer = try? Spawn.run(
      "/bin/sh", ["-c", "rustc --print sysroot"], environment: variables, directory: "/",
      timeoutSeconds: 60)
    guard let answer, answer.isSuccess else {
      print("rustc --print sysroot: \(answer?.errorText ?? "can't be run")")
      return nil
    }
    return answer.outputText.split(separator: "\n").joined()
  }()

  static func sandbox(_ settings: [String: String] = [:]) throws -> Sandbox {
    let sandbox = try Sandbox(settings)
    sandbox.environment["PATH"] = "\(try binaries()):\(Programs.searchPath)"
    return sandbox
  }
}

extension Sandbox {
  /// The words of a library's compilation, as cargo writes them.
  func rustc(
    _ name: String, _ input: String, types: String = "lib", emit: String = "dep-info,metadata,link",
    out: String = "out", _ more: [String] = []
  ) throws -> [String] {
    try makeDirectory(out)
    return [
      "rustc", "--crate-name", name, "--edition=2021", input, "--error-format=json",
      "--json=diagnostic-rendered-ansi,artifacts,future-incompat", "--crate-type", types,
      "--emit=\(emit)", "-C", "embed-bitcode=no", "-C", "debuginfo=2", "-C", "metadata=0123abcd",
      "-C", "extra-filename=-0123abcd", "--out-dir", path(out), "-L", "dependency=\(path(out))",
    ] + more
  }
}
