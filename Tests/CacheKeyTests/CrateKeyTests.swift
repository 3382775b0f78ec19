import Compilers
import Platform
import TestSupport
import Testing

@testable import CacheKey

@Suite struct CrateKeyTests {
  private struct NoFiles: FileReading {
    func text(of path: String) -> String? { nil }
    func isDirectory(_ path: String) -> Bool { false }
  }

  private static func inputs(_ arguments: String = "", input: String = "src/lib.rs") throws
    -> CrateKeyInputs
  {
    let line =
      "--crate-name a --crate-type lib --emit link,dep-info --out-dir /t/deps \(input) \(arguments)"
    let crate = try parseCrate(
      Invocation(
        arguments: line.split(separator: " ").map(String.init), directory: "/w"),
      host: "x86_64-unknown-linux-gnu", files: NoFiles())
    return CrateKeyInputs(
      compiler: Digest.of([1]), compilation: crate, nativeProcessor: nil, environment: ["A=1"],
      externs: [("b.rmeta", Digest.of([2])), ("c.rmeta", Digest.of([3]))],
      libraries: [("z", Digest.of([4]))],
      places: Places(directory: "/w", baseDirectories: [], paths: []))
  }

  @Test func whatChangesTheKey() throws {
    let base = try Self.inputs()
    var keys: Set<Digest> = [base.manifestKey]
    var count = 1
    func differs(_ change: (inout CrateKeyInputs) -> Void) {
      var changed = base
      change(&changed)
      count += 1
      let isNew = keys.insert(changed.manifestKey).inserted
      #expect(isNew, "change \(count)")
    }
    differs { $0.compiler = Digest.of([9]) }
    differs { $0.nativeProcessor = Digest.of([9]) }
    differs { $0.environment = ["A=2"] }
    differs { $0.environment = [] }
    differs { $0.externs[0].content = Digest.of([9]) }
    differs { $0.externs[0].name = "d.rmeta" }
    differs { $0.externs.removeLast() }
    differs { $0.libraries[0].content = Digest.of([9]) }
    differs { $0.libraries.removeAll() }
    differs { $0.compilation.input = "src/other.rs" }
    for arguments in [
      "-O", "-g", "--cfg x", "-C metadata=1", "-C extra-filename=-1", "--edition 2021", "--test",
      "--crate-type cdylib", "--cap-lints warn", "-l dylib=m", "--remap-path-prefix /a=/b",
      "--target aarch64-unknown-linux-gnu", "--check-cfg cfg(x)", "-Z share-generics",
    ] {
      let changed = try Self.inputs(arguments)
      count += 1
      let isNew = keys.insert(changed.manifestKey).inserted
      #expect(isNew, "\(arguments)")
    }
  }

  @Test func whatDoesNot() throws {
    let base = try Self.inputs()
    for arguments in [
      "-L dependency=/elsewhere", "-L native=/x", "--color always", "--diagnostic-width 80",
    ] {
      let changed = try Self.inputs(arguments)
      #expect(changed.manifestKey == base.manifestKey, "\(arguments)")
    }
    var reordered = base
    reordered.externs.reverse()
    #expect(reordered.manifestKey == base.manifestKey)
  }
}
