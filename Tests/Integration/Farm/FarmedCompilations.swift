import Farm
import Glibc
import Platform
import TestSupport
import Testing

extension Sandbox {
  struct NeverDistributed: Error, CustomStringConvertible {
    var compiler: String
    var statistics: String
    var description: String { "no compilation of \(compiler) was distributed: \(statistics)" }
  }

  /// Compiles one small file after the other until one is compiled on the farm: the toolchain has to be
  /// packed first, in the background, which takes Mozilla's minutes where all tests run at once.
  func waitUntilDistributed(_ compiler: String, seconds: Int64 = 900) throws {
    let before = try statistics().count("dist_compiles")
    let end = Clock.monotonic + seconds * 1_000_000_000
    var number = 0
    while try statistics().count("dist_compiles") == before {
      guard Clock.monotonic < end else {
        let text = try sccache(["--show-stats"]).outputText
        throw NeverDistributed(compiler: compiler, statistics: text)
      }
      number += 1
      let source = "warm-\(number)" + (isCXX(compiler) ? ".cc" : ".c")
      try write(source, "long warm_\(number)(void) { return \(end); }\n")
      let result = try sccache([compiler, "-c", source, "-o", source + ".o"])
      #expect(result.isSuccess, "\(result.errorText)")
      pause(milliseconds: 100)
    }
  }

  /// Why compilations stayed here, but for want of a free slot: a farm of a test has few.
  func failuresOfTheFarm() throws -> [String] {
    try statistics().json["extra"]["not_on_farm"].members.map(\.0)
      .filter { $0 != "the farm is full" && $0 != "the compiler is not packed" }
  }

  private func isCXX(_ compiler: String) -> Bool { compiler.contains("++") }

  /// Compiles here and on the farm; the files must be the same but for debug information.
  func compilesOnTheFarm(
    _ command: [String], gives files: [String], location: SourceLocation = #_sourceLocation
  ) throws {
    let text = command.joined(separator: " ")
    let before = try statistics()
    let wanted = try outcome(files) { try plain(command) }
    let got = try outcome(files) { try sccache(command) }
    let after = try statistics()
    #expect(got.result.exitCode == 0, "\(text): \(got.result.errorText)", sourceLocation: location)
    #expect(got.result.errorText == wanted.result.errorText, "\(text)", sourceLocation: location)
    for (name, contents) in wanted.files {
      let isSame = try same(name, contents, got.files[name])
      #expect(isSame, "\(name) of \(text)", sourceLocation: location)
    }
    #expect(
      after.count("dist_compiles") == before.count("dist_compiles") + 1,
      "\(text) was not distributed: \(after.reasons(since: before))", sourceLocation: location)
    #expect(
      after.count("dist_errors") == before.count("dist_errors"), "\(text)",
      sourceLocation: location)
  }

  /// Runs a compilation; the files are removed afterwards.
  func outcome(
    _ files: [String], of run: () throws -> ProcessResult
  ) throws -> (result: ProcessResult, files: [String: [UInt8]]) {
    let result = try run()
    var contents: [String: [UInt8]] = [:]
    for file in files {
      contents[file] = try? read(file)
      remove(file)
    }
    return (result, contents)
  }

  /// Debug information is compared by its presence: text that was preprocessed plainly moves columns.
  private func same(_ name: String, _ wanted: [UInt8], _ got: [UInt8]?) throws -> Bool {
    guard let got, !got.isEmpty else { return false }
    if name.hasSuffix(".dwo") { return got.starts(with: wanted.prefix(20)) }
    if wanted == got { return true }
    guard name.hasSuffix(".o") else { return false }
    return try withoutDebugInformation(wanted) == withoutDebugInformation(got)
  }

  private func withoutDebugInformation(_ object: [UInt8]) throws -> [UInt8] {
    let path = root + "/object"
    try Files.write(object, to: path, temporary: path + ".new", mode: 0o600)
    guard try plain(["objcopy", "--strip-debug", path]).isSuccess else { return [] }
    return try Files.read(path)
  }
}
