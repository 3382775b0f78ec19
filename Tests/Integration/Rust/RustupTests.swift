import Glibc
import Platform
import Testing

/// rustup's `rustc` starts another one, which a variable or a file chooses.
@Suite struct RustupTests {
  /// A rustup with two toolchains, `one` and `two`, that are told apart by their versions.
  private func sandbox() throws -> Sandbox {
    let sandbox = try RustInstallation.sandbox()
    let real = try RustInstallation.binaries()
    for name in ["one", "two"] {
      try sandbox.script(
        "rustup-home/toolchains/\(name)/bin/rustc",
        """
        case "$*" in
        "--print sysroot") echo '\(sandbox.path("rustup-home/toolchains/\(name)"))';;
        -vV) '\(real)/rustc' -vV; echo 'toolchain: \(name)';;
        *) echo run >> '\(sandbox.path("runs-\(name)"))'; exec '\(real)/rustc' "$@";;
        esac
        """)
    }
    try sandbox.script(
      "cargo-home/bin/rustup",
      """
      name=${RUSTUP_TOOLCHAIN:-}
      directory=$PWD
      while [ -z "$name" ] && [ "$directory" != / ]; do
        [ -e "$directory/rust-toolchain" ] && name=$(cat "$directory/rust-toolchain")
        directory=$(dirname "$directory")
      done
      echo asked >> '\(sandbox.path("asked"))'
      exec '\(sandbox.path("rustup-home/toolchains"))'/${name:-one}/bin/rustc "$@"
      """)
    sandbox.link("rustup", at: "cargo-home/bin/rustc")
    sandbox.environment["RUSTUP_HOME"] = sandbox.path("rustup-home")
    sandbox.environment["PATH"] = sandbox.path("cargo-home/bin") + ":" + Programs.searchPath
    try sandbox.write("lib.rs", "pub fn f() {}\n")
    return sandbox
  }

  private func lines(_ sandbox: Sandbox, _ name: String) -> Int {
    (try? sandbox.text(name).split(separator: "\n").count) ?? 0
  }

  @Test func aVariableChooses() throws {
    let sandbox = try sandbox()
    let words = try sandbox.rustc("a", "lib.rs")
    for name in ["one", "two"] {
      try sandbox.compile(words, .miss, with: ["RUSTUP_TOOLCHAIN": name])
      try sandbox.compile(words, .hit, with: ["RUSTUP_TOOLCHAIN": name])
      #expect(lines(sandbox, "runs-\(name)") == 1)
    }
    // No crate costs a question of rustup.
    let before = lines(sandbox, "asked")
    for _ in 0..<3 { try sandbox.compile(words, .hit, with: ["RUSTUP_TOOLCHAIN": "two"]) }
    #expect(lines(sandbox, "asked") == before)
  }

  @Test func aFileChooses() throws {
    let sandbox = try sandbox()
    let words = try sandbox.rustc("a", "lib.rs")
    try sandbox.compile(words, .miss)
    try sandbox.compile(words, .hit)
    try sandbox.write("rust-toolchain", "two\n")
    try sandbox.compile(words, .miss)
    #expect(lines(sandbox, "runs-two") == 1)
    sandbox.remove("rust-toolchain")
    try sandbox.compile(words, .hit)
  }

  /// An update in place.
  @Test func anotherCompiler() throws {
    let sandbox = try sandbox()
    let words = try sandbox.rustc("a", "lib.rs")
    try sandbox.compile(words, .miss)
    let driver = sandbox.path("rustup-home/toolchains/one/bin/rustc")
    let text = try sandbox.text("rustup-home/toolchains/one/bin/rustc")
    unlink(driver)
    try sandbox.script(
      "rustup-home/toolchains/one/bin/rustc",
      text.split(separator: "\n").dropFirst()
        .joined(separator: "\n") + "\n# newer")
    try sandbox.compile(words, .miss)
  }

  /// With the sources of the standard library rustc writes where they lie: those of two installations are not
  /// each other's, and neither is the result without them.
  @Test func sourcesOfTheStandardLibrary() throws {
    let sandbox = try RustInstallation.sandbox()
    let real = Path.directory(of: try RustInstallation.binaries())
    let host = try RustInstallation.host()
    for name in ["one", "two"] {
      try sandbox.makeDirectory("\(name)/lib/rustlib")
      // The same in both: what it lies in is its installation.
      try sandbox.script(
        "\(name)/bin/rustc",
        "exec '\(real)/bin/rustc' --sysroot \"$(dirname \"$(dirname \"$0\")\")\" \"$@\"")
      sandbox.link("\(real)/lib/rustlib/\(host)", at: "\(name)/lib/rustlib/\(host)")
    }
    try sandbox.write(
      "lib.rs", "pub fn f(v: &[u32]) -> Vec<u32> { v.iter().map(|x| x + 1).collect() }\n")
    func words(_ name: String) throws -> [String] {
      [sandbox.path("\(name)/bin/rustc")] + (try sandbox.rustc("s", "lib.rs")).dropFirst()
    }
    let output = "out/libs-0123abcd.rlib"
    try sandbox.isRight(try words("one"), .miss, output: output)
    try sandbox.isRight(try words("two"), .hit, output: output)
    for name in ["one", "two"] {
      try sandbox.write("\(name)/lib/rustlib/src/rust/library/std/src/lib.rs", "\n")
      try sandbox.isRight(try words(name), .miss, output: output)
      try sandbox.isRight(try words(name), .hit, output: output)
    }
    let text = String(decoding: try sandbox.read(output).filter { $0 < 128 }, as: UTF8.self)
    #expect(text.contains(sandbox.path("two/lib/rustlib/src")))
  }
}
