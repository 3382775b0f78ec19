import Platform
import Testing

/// The same crates in several checkouts.
@Suite(.serialized) struct WorktreeTests {
  /// With the base directories of two checkouts, and rustc told to write nothing of them.
  private func settings(_ sandbox: Sandbox) -> [String: String] {
    [
      "SCCACHE_BASEDIRS": "\(sandbox.path("one")):\(sandbox.path("three"))",
      "SCCACHE_RUST_REMAP_BASEDIRS": "true",
    ]
  }

  private static let checkouts = ["one", "three"]

  private func write(_ sandbox: Sandbox, _ name: String, _ text: String) throws {
    for place in Self.checkouts { try sandbox.write("\(place)/\(name)", text) }
  }

  /// What rustc makes with the remap that the settings stand for.
  private func plainly(
    _ sandbox: Sandbox, _ words: [String], _ place: String, _ output: String,
    with extra: [String: String] = [:]
  ) throws -> [UInt8] {
    sandbox.remove(output)
    let result = try sandbox.plain(
      words + ["--remap-path-prefix=\(sandbox.path(place))=."], in: place, with: extra)
    #expect(result.isSuccess, "\(result.errorText)")
    return try sandbox.read(output)
  }

  /// - Parameter second: how the second checkout is answered.
  private func compare(
    _ sandbox: Sandbox, _ words: (String) throws -> [String], output: String,
    then second: Sandbox.Expectation, with extra: [String: String] = [:]
  ) throws {
    for (place, expected) in zip(Self.checkouts, [.miss, second]) {
      let words = try words(place)
      var given = settings(sandbox).merging(extra) { $1 }
      for (name, value) in given { given[name] = value.replacing("PLACE", with: place) }
      try sandbox.compile(words, expected, in: place, with: given)
      let got = try sandbox.read(output)
      let wanted = try plainly(sandbox, words, place, output, with: given)
      let isSame = got == wanted
      #expect(isSame, "\(place)")
    }
  }

  @Test(arguments: [("lib", ".rlib"), ("bin", ""), ("cdylib", ".so"), ("proc-macro", ".so")])
  func anotherCheckoutHits(_ type: String, _ suffix: String) throws {
    let sandbox = try RustInstallation.sandbox()
    let macro = """
      extern crate proc_macro;
      #[proc_macro] pub fn place(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
        format!("{:?}", file!()).parse().unwrap()
      }

      """
    let library = "pub fn place() -> &'static str { file!() }\n"
    try write(
      sandbox, "lib.rs",
      type == "proc-macro" ? macro : library + (type == "bin" ? "fn main() {}\n" : ""))
    let prefix = type == "bin" ? "" : "lib"
    try compare(
      sandbox,
      { _ in
        try sandbox.rustc("w", "lib.rs", types: type, emit: "dep-info,link")
      }, output: "out/\(prefix)w-0123abcd\(suffix)", then: .hit)
  }

  /// Named by its whole path, as cargo names what is not of the workspace.
  @Test func absoluteInput() throws {
    let sandbox = try RustInstallation.sandbox()
    try write(sandbox, "lib.rs", "pub fn place() -> &'static str { file!() }\n")
    try compare(
      sandbox, { try sandbox.rustc("w", sandbox.path("\($0)/lib.rs")) },
      output: "out/libw-0123abcd.rlib", then: .hit)
    let text = String(
      decoding: try sandbox.read("out/libw-0123abcd.rlib").filter { $0 < 128 }, as: UTF8.self)
    #expect(text.contains("./lib.rs") && !text.contains(sandbox.path("three")))
  }

  /// A path that a source asks for is in the output, or only its length is.
  @Test(arguments: ["&str = env!(\"WHERE\")", "usize = env!(\"WHERE\").len()"])
  func pathsOfTheEnvironment(_ value: String) throws {
    let sandbox = try RustInstallation.sandbox()
    try write(sandbox, "lib.rs", "pub const W: \(value);\n")
    try compare(
      sandbox, { _ in try sandbox.rustc("w", "lib.rs") }, output: "out/libw-0123abcd.rlib",
      then: .miss, with: ["WHERE": sandbox.path("PLACE")])
  }

  /// What a build script made is taken in; where it lies matters to those who ask for more.
  @Test(arguments: [
    ("include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));", Sandbox.Expectation.hit),
    ("include!( concat!(\n  env!(\"OUT_DIR\") , \"/made.rs\"));", .hit),
    ("pub const TEXT: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));", .hit),
    ("pub const W: usize = env!(\"OUT_DIR\").len();", .miss),
    (
      "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\")); pub const N: usize = env!(\"OUT_DIR\").len();",
      .miss
    ),
    ("pub const W: Option<&str> = option_env!(\"OUT_DIR\");", .miss),
  ])
  func outDirectory(_ source: String, _ expected: Sandbox.Expectation) throws {
    let sandbox = try RustInstallation.sandbox()
    try write(sandbox, "lib.rs", source + "\n")
    try write(sandbox, "target/made/made.rs", "pub const MADE: u32 = 1;\n")
    try compare(
      sandbox, { _ in try sandbox.rustc("w", "lib.rs") }, output: "out/libw-0123abcd.rlib",
      then: expected, with: ["OUT_DIR": sandbox.path("PLACE/target/made")])
  }

  /// rustc writes the name that the system has for the directory, not the one that leads through a link.
  @Test func throughALink() throws {
    let sandbox = try RustInstallation.sandbox()
    try write(sandbox, "lib.rs", "pub fn f() {}\n")
    let words = try sandbox.rustc("w", "lib.rs")
    let output = sandbox.path("out/libw-0123abcd.rlib")
    let named = ["PWD": sandbox.path("current")]
    for place in Self.checkouts {
      sandbox.remove("current")
      sandbox.link(place, at: "current")
      try sandbox.isRight(words, .miss, output: output, in: "current", with: named)
      try sandbox.isRight(words, .hit, output: output, in: place)
    }
    // Base directories are found by either name.
    let given = [
      "SCCACHE_BASEDIRS": "\(sandbox.path("current")):\(sandbox.path("one"))",
      "SCCACHE_RUST_REMAP_BASEDIRS": "true",
    ]
    try sandbox.compile(words, .miss, in: "one", with: given)
    try sandbox.compile(words, .hit, in: "current", with: given.merging(named) { $1 })
  }

  /// Without the setting no path is taken away, and none comes from another checkout.
  @Test func nothingUnasked() throws {
    let sandbox = try RustInstallation.sandbox()
    try write(sandbox, "lib.rs", "pub fn f() {}\n")
    let given = ["SCCACHE_BASEDIRS": settings(sandbox)["SCCACHE_BASEDIRS"] ?? ""]
    for place in Self.checkouts {
      try sandbox.isRight(
        try sandbox.rustc("w", "lib.rs"), .miss, output: sandbox.path("out/libw-0123abcd.rlib"),
        in: place, with: given)
    }
  }

  /// The caller's own remap of the same directory is what counts.
  @Test func callersRemap() throws {
    let sandbox = try RustInstallation.sandbox()
    try write(sandbox, "lib.rs", "pub fn f() {}\n")
    for (place, expected) in [("one", Sandbox.Expectation.miss), ("three", .hit)] {
      let words = try sandbox.rustc(
        "w", "lib.rs", ["--remap-path-prefix", "\(sandbox.path(place))=/mine"])
      try sandbox.isRight(
        words, expected, output: sandbox.path("out/libw-0123abcd.rlib"), in: place,
        with: settings(sandbox))
    }
  }

  /// A whole workspace, with a build script, a procedural macro, a program and its test.
  @Test(.timeLimit(.minutes(20))) func workspace() throws {
    let sandbox = try RustInstallation.sandbox()
    sandbox.environment["CARGO_HOME"] = sandbox.root + "/home/.cargo"
    sandbox.environment["CARGO_INCREMENTAL"] = "0"
    sandbox.environment["RUSTC_WRAPPER"] = Programs.wrapper
    let files = [
      "Cargo.toml": "[workspace]\nmembers = [\"app\", \"macros\"]\nresolver = \"2\"\n",
      "app/Cargo.toml":
        "[package]\nname = \"app\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[dependencies]\nmacros = { path = \"../macros\" }\n",
      "app/build.rs":
        "fn main() { std::fs::write(format!(\"{}/n.rs\", std::env::var(\"OUT_DIR\").unwrap()), \"pub const N: u32 = 1;\").unwrap(); }\n",
      "app/src/lib.rs":
        "include!(concat!(env!(\"OUT_DIR\"), \"/n.rs\"));\npub fn one() -> u32 { macros::one!() }\n",
      "app/src/main.rs": "fn main() { println!(\"{} {}\", app::one(), file!()); }\n",
      "app/tests/t.rs": "#[test] fn t() { assert_eq!(app::one(), app::N); }\n",
      "macros/Cargo.toml":
        "[package]\nname = \"macros\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[lib]\nproc-macro = true\n",
      "macros/src/lib.rs":
        "#[proc_macro] pub fn one(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"1\".parse().unwrap() }\n",
    ]
    for (name, text) in files { try write(sandbox, name, text) }
    func build(_ place: String) throws -> Statistics {
      let result = try sandbox.shell(
        "cargo test --offline && cargo run --offline", in: place, with: settings(sandbox))
      #expect(result.isSuccess, "\(result.errorText)")
      #expect(result.outputText.contains("1 app/src/main.rs"))
      return try sandbox.settled()
    }
    let first = try build("one")
    #expect(first.misses > 0)
    let second = try build("three")
    #expect(second.misses == first.misses, "\(second.json["stats"])")
    #expect(second.hits - first.hits == first.misses + first.hits)
    // No path of the first checkout is in the second.
    let found = try sandbox.shell(
      "grep -rlF '\(sandbox.path("one"))/' three/target --include='*.d' --include='*.r*' --include='*.so' --include='app-*' || true"
    )
    #expect(found.outputText == "", "\(found.outputText)")
  }
}
