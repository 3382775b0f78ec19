import Platform
import Testing

/// The table of rustc's options against what rustc itself says of them.
@Suite struct RustOptionTests {
  /// Each option of `--help -v`, and whether it takes a value.
  private func documented() throws -> [(words: [String], hasValue: Bool)] {
    let rustc = try RustInstallation.binaries() + "/rustc"
    let text = try Spawn.run(rustc, ["--help", "-v"], environment: [], directory: "/").outputText
    var found: [(words: [String], hasValue: Bool)] = []
    for line in text.split(separator: "\n").prefix(while: { !$0.hasPrefix("Additional help") }) {
      // `    -A, --allow <LINT>  Set lint allowed`
      let words = line.prefix(80).split(separator: " ")
      guard line.hasPrefix("    -") || line.hasPrefix("        --"), let first = words.first,
        first.hasPrefix("-")
      else { continue }
      let names = words.prefix { $0.hasPrefix("-") }.map { word in
        word.hasSuffix(",") ? String(word.dropLast()) : String(word)
      }
      let next = words.dropFirst(names.count).first ?? ""
      found.append((names, next.hasPrefix("<") || next.hasPrefix("[")))
    }
    return found
  }

  /// A word that stands where a value belongs is not taken for the input, and the other way round.
  @Test func everyOptionIsKnown() throws {
    let options = try documented()
    #expect(options.count > 25)
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("lib.rs", "pub fn f() {}\n")
    for option in options {
      for word in option.words {
        let before = try sandbox.statistics()
        // With a second input such a call has a reason of its own.
        try sandbox.sccache(
          ["rustc", "--crate-name", "x", "--emit=link", "--out-dir", ".", word]
            + (option.hasValue ? ["value"] : []) + ["lib.rs", "second.rs", "--crate-type", "lib"])
        let reasons = try sandbox.statistics().reasons(since: before)
        let isOther =
          try sandbox.statistics().count("requests_not_compile")
          > before.count("requests_not_compile")
        let accepted: Set<String> = [
          "multiple input files", "-o", "--sysroot", "more than one --emit", "crate-type",
          "-C value", "-v", "unsupported --emit", "-Z value",
        ]
        #expect(isOther || accepted.contains(reasons), "\(word): \(reasons)")
      }
    }
  }

  /// `-C help` names no option that is refused for being unknown.
  @Test func everyCodegenOptionIsKnown() throws {
    let rustc = try RustInstallation.binaries() + "/rustc"
    let text = try Spawn.run(rustc, ["-C", "help"], environment: [], directory: "/").outputText
    let sandbox = try RustInstallation.sandbox()
    var names: [String] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 1, words[0] == "-C" else { continue }
      names.append(String(words[1].prefix { $0 != "=" }))
    }
    #expect(names.count > 35)
    let special: Set<String> = ["help", "incremental", "save-temps", "remark", "split-debuginfo"]
    for name in names where !special.contains(name) {
      let before = try sandbox.statistics()
      try sandbox.sccache(
        [
          "rustc", "--crate-name", "x", "--emit=link", "--out-dir", ".", "a.rs", "b.rs", "-C",
          "\(name)=1",
        ])
      #expect(try sandbox.statistics().reasons(since: before) == "multiple input files", "\(name)")
    }
  }
}
