import Glibc
import Platform
import Testing

/// What a linker makes of crates, and all that it reads for that.
@Suite struct LinkedCrateTests {
  private func sandbox() throws -> Sandbox {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("main.rs", "fn main() { println!(\"{}\", unsafe { n() }); }\n" + Self.extern)
    return sandbox
  }

  private static let extern = "extern \"C\" { fn n() -> i32; }\n"

  private func library(_ sandbox: Sandbox, _ path: String, _ value: Int) throws {
    try sandbox.write("n.c", "int n(void) { return \(value); }\n")
    try sandbox.makeDirectory(Path.directory(of: path))
    let made = try sandbox.shell(
      path.hasSuffix(".so")
        ? "cc -shared -fPIC n.c -o \(path)" : "cc -c n.c && rm -f \(path) && ar crsD \(path) n.o")
    #expect(made.isSuccess)
    pause(milliseconds: 15)
  }

  private func program(_ sandbox: Sandbox, _ more: [String]) throws -> [String] {
    try sandbox.rustc("p", "main.rs", types: "bin", emit: "dep-info,link", more)
  }

  private static let output = "out/p-0123abcd"

  /// A library appears where it is looked for before the one that was found, or beside it.
  @Test(arguments: ["one/libn.so", "one/libn.a", "two/libn.so"])
  func shadowedLibrary(_ newcomer: String) throws {
    let sandbox = try sandbox()
    try library(sandbox, "two/libn.a", 1)
    try sandbox.makeDirectory("one")
    let words = try program(
      sandbox,
      ["-L", "native=\(sandbox.path("one"))", "-L", "native=\(sandbox.path("two"))", "-l", "n"])
    try sandbox.isRight(words, .miss, output: Self.output)
    try sandbox.isRight(words, .hit, output: Self.output)
    try library(sandbox, newcomer, 2)
    try sandbox.isRight(words, .miss, output: Self.output)
  }

  /// The same where the directory itself is new.
  @Test func newDirectory() throws {
    let sandbox = try sandbox()
    try library(sandbox, "two/libn.a", 1)
    let words = try program(
      sandbox,
      ["-L", "native=\(sandbox.path("new/one"))", "-L", "native=\(sandbox.path("two"))", "-l", "n"])
    try sandbox.isRight(words, .miss, output: Self.output)
    try sandbox.isRight(words, .hit, output: Self.output)
    try library(sandbox, "new/one/libn.a", 2)
    try sandbox.isRight(words, .miss, output: Self.output)
  }

  /// The linker's own directories come behind those of the command line, and in an order of their own.
  @Test func directoryOfTheLinker() throws {
    let sandbox = try sandbox()
    for name in ["first", "second"] { try sandbox.makeDirectory(name) }
    try library(sandbox, "second/libn.a", 1)
    let given = ["LIBRARY_PATH": "\(sandbox.path("first")):\(sandbox.path("second"))"]
    let words = try program(sandbox, ["-l", "n"])
    try sandbox.isRight(words, .miss, output: Self.output, with: given)
    try sandbox.isRight(words, .hit, output: Self.output, with: given)
    try library(sandbox, "first/libn.a", 2)
    try sandbox.isRight(words, .miss, output: Self.output, with: given)
  }

  /// Files that the linker reads without listing them, or writes.
  @Test(arguments: [
    "@more", "-Wl,@more", "-specs=more", "-Wl,--retain-symbols-file=more", "-Wl,-Map=map",
  ])
  func unlistedFile(_ argument: String) throws {
    let sandbox = try sandbox()
    try library(sandbox, "lib/libn.a", 1)
    try sandbox.write("more", argument.contains("@") ? "-z now\n" : "")
    let words = try program(
      sandbox,
      ["-L", "native=\(sandbox.path("lib"))", "-l", "n", "-C", "link-arg=\(argument)"])
    try sandbox.compile(words, .declined)
    #expect(try sandbox.statistics().json["stats"]["not_cached"].total == 1)
  }

  /// A script of the linker's is in its list.
  @Test func versionScript() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("lib.rs", "#[no_mangle] pub extern \"C\" fn one() {}\n")
    let words = try sandbox.rustc(
      "v", "lib.rs", types: "cdylib", emit: "dep-info,link",
      ["-C", "link-arg=-Wl,--dynamic-list=\(sandbox.path("list"))"])
    try sandbox.write("list", "{ one; };\n")
    let output = "out/libv-0123abcd.so"
    try sandbox.isRight(words, .miss, output: output)
    try sandbox.isRight(words, .hit, output: output)
    try sandbox.write("list", "{ one; two; };\n")
    try sandbox.isRight(words, .miss, output: output)
  }

  /// Two checkouts, and sections that no search sees through.
  @Test func compressedSections() throws {
    let sandbox = try RustInstallation.sandbox()
    for place in ["one", "two"] { try sandbox.write("\(place)/main.rs", "fn main() {}\n") }
    let words = try sandbox.rustc(
      "c", "main.rs", types: "bin", emit: "dep-info,link",
      ["-C", "link-arg=-Wl,--compress-debug-sections=zlib"])
    let output = sandbox.path("out/c-0123abcd")
    try sandbox.isRight(words, .miss, output: output, in: "one")
    try sandbox.isRight(words, .miss, output: output, in: "two")
    try sandbox.isRight(words, .hit, output: output, in: "one")
  }

  /// The way from the product to its libraries is no path that a search would find.
  @Test func wayToTheLibraries() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("lib.rs", "pub fn f() {}\n")
    try sandbox.write("main.rs", "fn main() { l::f() }\n")
    try sandbox.compile(
      try sandbox.rustc(
        "l", "lib.rs", types: "dylib", emit: "dep-info,link", out: "libs",
        ["-C", "prefer-dynamic"]), .miss)
    func program(_ out: String) throws -> [String] {
      try sandbox.rustc(
        "r", "main.rs", types: "bin", emit: "dep-info,link", out: out,
        [
          "-C", "prefer-dynamic", "-C", "rpath", "--extern",
          "l=\(sandbox.path("libs/libl-0123abcd.so"))",
        ])
    }
    for out in ["a", "a/deep/one"] {
      try sandbox.isRight(try program(out), .miss, output: "\(out)/r-0123abcd")
      try sandbox.isRight(try program(out), .hit, output: "\(out)/r-0123abcd")
    }
  }

  // MARK: targets

  /// The machine's own target by its name.
  @Test func namedTarget() throws {
    let sandbox = try sandbox()
    try library(sandbox, "lib/libn.a", 1)
    let host = try RustInstallation.host()
    let words = try program(
      sandbox, ["-L", "native=\(sandbox.path("lib"))", "-l", "n", "--target", host])
    try sandbox.agrees(words)
  }

  /// A target that a file describes: its content counts.
  @Test func describedTarget() throws {
    let sandbox = try RustInstallation.sandbox(["RUSTC_BOOTSTRAP": "1"])
    let text = try TargetSpecification.ofThisMachine()
    try sandbox.write("mine.json", text)
    try sandbox.write("t.rs", TargetSpecification.source)
    let words = try sandbox.rustc(
      "t", "t.rs", ["--target", sandbox.path("mine.json"), "-Z", "unstable-options"])
    let output = "out/libt-0123abcd.rlib"
    try sandbox.isRight(words, .miss, output: output)
    try sandbox.isRight(words, .hit, output: output)
    try sandbox.write("mine.json", TargetSpecification.changed(text))
    try sandbox.isRight(words, .miss, output: output)
  }

  /// Without `-C linker` the target's description names what links for it.
  @Test func linkerOfTheTarget() throws {
    let sandbox = try RustInstallation.sandbox(["RUSTC_BOOTSTRAP": "1"])
    let compiler = "aarch64-linux-gnu-gcc"
    let given = ["PATH": "\(sandbox.path("bin")):\(sandbox.environment["PATH"] ?? "")"]
    _ = try Programs.find(compiler)
    // rustc's own description of this target names `cc`.
    try sandbox.makeDirectory("bin")
    sandbox.link(try Programs.find(compiler), at: "bin/cc")
    try sandbox.write(
      "t.rs", TargetSpecification.source + "#[no_mangle] pub extern \"C\" fn one() {}\n")
    let words = try sandbox.rustc(
      "t", "t.rs", types: "cdylib", emit: "dep-info,link",
      [
        "--target", "aarch64-unknown-linux-gnu", "-C", "panic=abort", "-C",
        "link-self-contained=-linker", "-Z", "unstable-options", "-C",
        "link-args=-nostdlib -fuse-ld=bfd",
      ])
    let output = "out/libt-0123abcd.so"
    try sandbox.isRight(words, .miss, output: output, with: given)
    try sandbox.isRight(words, .hit, output: output, with: given)
    // Another linker of that name.
    sandbox.remove("bin/cc")
    sandbox.link(try Programs.find("gcc"), at: "bin/cc")
    try sandbox.compile(words, .failure, with: given)
  }
}
