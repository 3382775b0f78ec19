import Compilers
import Glibc
import Platform
import Testing

@testable import Toolchains

/// A directory of its own, removed with its last user.
final class TemporaryDirectory: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/ToolchainsTests.XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
  }

  deinit {
    _ = try? Spawn.run("/bin/rm", ["-rf", path], environment: [], directory: "/")
  }

  func callAsFunction(_ name: String) -> String { path + "/" + name }

  @discardableResult
  func write(_ text: String, _ name: String, mode: UInt32 = 0o644) throws -> String {
    let path = self(name)
    try Files.makeDirectories(Path.directory(of: path), mode: 0o755)
    try Files.write(Array(text.utf8), to: path, temporary: path + ".new", mode: mode)
    return path
  }
}

let ordinaryEnvironment = ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nonexistent"].map {
  Array($0.utf8)
}

@discardableResult
func run(
  _ program: String, _ arguments: [String], in directory: String = "/",
  environment: [[UInt8]] = ordinaryEnvironment
) throws -> ProcessResult {
  let result = try Spawn.run(
    program, arguments, environment: environment, directory: directory, timeoutSeconds: 300)
  let errors = String(decoding: result.errors.prefix(2000), as: UTF8.self)
  #expect(result.isSuccess, "\(program) \(arguments.joined(separator: " ")): \(errors)")
  return result
}

func contents(
  of program: String, _ family: Compiler.Family, arguments: [String] = [],
  environment: [[UInt8]] = ordinaryEnvironment
) throws -> ToolchainContents {
  try ToolchainContents.gather(
    program: program, family: family, arguments: arguments, environment: environment,
    directory: "/")
}

/// Packs into a new file; the archive's size.
@discardableResult
func pack(
  _ contents: ToolchainContents, to path: String, form: ToolchainArchive.Form = .gzip,
  workers: Int? = nil
) throws -> Int64 {
  let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
  return try ToolchainArchive(contents, form: form, workers: workers).write(to: file, path: path)
}
