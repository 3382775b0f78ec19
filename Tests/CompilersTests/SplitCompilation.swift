import Glibc
import Platform
import Testing

@testable import Compilers

/// A directory in which a real compiler compiles a source as a whole, and in two runs as on a farm.
final class Place {
  private let directory: String
  private let compiler: String
  /// Why the last compilation could not be split.
  private(set) var trouble = ""

  init(_ compiler: String) throws {
    self.compiler = compiler
    var template = Array("/tmp/sccache-tests-XXXXXX".utf8CString)
    directory = try #require(mkdtemp(&template).map { String(cString: $0) })
    for name in ["inc", "sys"] { mkdir("\(directory)/\(name)", 0o755) }
    try write("part.h", Array("#define PART 7\nextern int part;\n".utf8))
    try write(
      "inc/level.h",
      Array("int level = __INCLUDE_LEVEL__;\nconst char *place = __FILE__;\n".utf8))
    try write("inc/list.inc", Array("X(first)\nX(second)\n".utf8))
    try write("inc/number.inc", Array("42\n".utf8))
  }

  deinit {
    _ = try? Spawn.run(
      "/bin/rm", ["-rf", directory], environment: [], directory: "/", timeoutSeconds: 30)
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let path = "\(directory)/\(name)"
    try Platform.Files.write(bytes, to: path, temporary: path + ".new", mode: 0o644)
  }

  func run(_ command: [String]) throws -> ProcessResult {
    let program = "/usr/bin/\(command[0])"
    try #require(access(program, X_OK) == 0, "\(program) is missing: apt-get install it")
    return try Spawn.run(
      program, Array(command.dropFirst()),
      environment: ["PATH=/usr/bin:/bin", "LC_ALL=C"].map { Array($0.utf8) },
      directory: directory, timeoutSeconds: 60)
  }

  /// The object of a compilation as a whole, and the one of two runs, the second of which sees none of
  /// the headers; nil when it can't be split.
  func split(
    _ options: String, _ source: String, suffix: String
  ) throws -> (whole: [UInt8], inTwo: [UInt8])? {
    let input = "a.\(suffix)"
    try write(input, Array(source.utf8))
    let words = words(options) + ["-c", input, "-o", "a.o"]
    let values = Compiler(
      family: compiler.hasPrefix("g") ? .gcc : .clang, version: "",
      majorVersion: Int(compiler.split(separator: "-").last ?? "") ?? 0,
      treatsCAsCXX: compiler.contains("++"))
    let compilation = try parse(
      Invocation(arguments: words, directory: directory), for: values, files: Files())
    let plan = try #require(remotePlan(for: compilation, compiler: values), "\(options)")

    let whole = try run([compiler] + words)
    try #require(whole.isSuccess, "\(options): \(String(decoding: whole.errors, as: UTF8.self))")
    let wanted = try object()
    let first = try run([compiler] + plan.preprocessor)
    guard isClean(first),
      keepsItsMeaning(first.output, input: input, family: values.family)
    else { return nil }
    return try second(plan, text: first.output, input).map { (wanted, $0) }
  }

  private func second(_ plan: RemotePlan, text: [UInt8], _ input: String) throws -> [UInt8]? {
    try write(input, text)
    // The copy on the server is older.
    _ = try run(["touch", "-d", "2020-01-01", input])
    for name in ["inc", "sys", "part.h"] {
      rename("\(directory)/\(name)", "\(directory)/away-\(name)")
    }
    defer {
      for name in ["inc", "sys", "part.h"] {
        rename("\(directory)/away-\(name)", "\(directory)/\(name)")
      }
    }
    let result = try run([compiler] + plan.compiler)
    return isClean(result) ? try object() : nil
  }

  private func isClean(_ result: ProcessResult) -> Bool {
    trouble = String(decoding: result.errors, as: UTF8.self)
    return result.isSuccess && result.errors.isEmpty
  }

  private func object() throws -> [UInt8] {
    defer { unlink(directory + "/a.o") }
    return try Platform.Files.read(directory + "/a.o")
  }
}
