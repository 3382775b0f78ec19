import Platform
import Testing

/// Debug information that is not in the outputs themselves.
@Suite struct SplitDebugTests {
  private func library(_ sandbox: Sandbox) throws {
    try sandbox.write("l.rs", "pub fn l(x: u32) -> u32 { x + 1 }\n")
    try sandbox.write("main.rs", "fn main() { println!(\"{}\", l::l(1)); }\n")
  }

  private func program(_ sandbox: Sandbox, _ kind: String) throws -> [String] {
    try sandbox.rustc(
      "p", "main.rs", types: "bin", emit: "dep-info,link",
      ["--extern", "l=\(sandbox.path("out/libl-0123abcd.rlib"))", "-C", "split-debuginfo=\(kind)"])
  }

  /// Every file is the compiler's, those that have names of rustc's own among them.
  @Test(arguments: ["packed", "unpacked"]) func sameAsTheCompiler(_ kind: String) throws {
    let sandbox = try RustInstallation.sandbox()
    try library(sandbox)
    let words = try sandbox.rustc("l", "l.rs", ["-C", "split-debuginfo=\(kind)"])
    try sandbox.agrees(words)
    try sandbox.agrees(try program(sandbox, kind))
    let suffix = kind == "packed" ? "p-0123abcd.dwp" : "p-0123abcd.*.dwo"
    #expect(try sandbox.shell("ls out/\(suffix)").isSuccess)
  }

  /// A package has what the crates have, which came from another source.
  @Test func packagesAreOfTheirCrates() throws {
    let sandbox = try RustInstallation.sandbox()
    try library(sandbox)
    let packed = ["-C", "split-debuginfo=packed"]
    func build(_ expected: Sandbox.Expectation) throws {
      try sandbox.compile(try sandbox.rustc("l", "l.rs", packed), expected)
      try sandbox.isRight(
        try program(sandbox, "packed"), expected, output: "out/p-0123abcd.dwp")
    }
    try build(.miss)
    try build(.hit)
    try sandbox.write("l.rs", "pub fn l(y: u64) -> u64 { y + 2 }\n")
    try build(.miss)
  }

  /// A crate that has its debug information in files that no list names.
  @Test func packageOfLooseFiles() throws {
    let sandbox = try RustInstallation.sandbox()
    try library(sandbox)
    try sandbox.compile(try sandbox.rustc("l", "l.rs"), .miss)
    for _ in 0..<2 { try sandbox.compile(try program(sandbox, "packed"), .unstored) }
    // What an unpacked crate has beside it is in it, too.
    try sandbox.compile(
      try sandbox.rustc("l", "l.rs", ["-C", "split-debuginfo=unpacked"]), .miss)
    try sandbox.compile(try program(sandbox, "packed"), .miss)
    try sandbox.agrees(try program(sandbox, "packed"), .hit)
  }
}
