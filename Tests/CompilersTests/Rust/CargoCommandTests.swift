import Platform
import Testing

@testable import Compilers

/// Command lines as cargo 1.95 wrote them for a workspace, `build` and `check --release`: each with the names
/// of the files that rustc then left, separated by commas, and the arguments, all separated by tabs.
@Suite struct CargoCommandTests {
  private static let commands: [[String]] = {
    let directory = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    let bytes = (try? Platform.Files.read("/\(directory)/cargo-commands.txt")) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
      $0.split(separator: "\t").map(String.init)
    }
  }()

  @Test func everyOneIsUnderstood() throws {
    #expect(Self.commands.count > 10)
    for words in Self.commands {
      let crate = try parseCrate(
        Invocation(arguments: Array(words.dropFirst()), directory: "/home/u/ws"),
        host: "x86_64-unknown-linux-gnu", files: Files())
      let names = crate.outputs.map { String($0.path.split(separator: "/").last ?? "") }.sorted()
      #expect(names.joined(separator: ",") == words[0])
      let key = crate.keyArguments.joined(separator: " ")
      // Where cargo builds is in no key; what it builds with is.
      #expect(!key.contains("/home/u/target"))
      for word in words where word.hasPrefix("metadata=") { #expect(key.contains(word)) }
      #expect(crate.diagnostics.isJSON)
      #expect(
        crate.externs.allSatisfy { extern in
          extern.path?.hasPrefix("/home/u/target/") ?? (extern.name == "proc_macro")
        })
    }
  }
}
