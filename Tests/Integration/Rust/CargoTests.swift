import Glibc
import Platform
import Testing

/// Whole workspaces, built by cargo. Without dependencies from elsewhere: tests use no network.
@Suite(.serialized) struct CargoTests {
  /// A program, a library, a procedural macro, a build script that writes a source and one that makes a
  /// static library, a crate without a standard library, a dynamic library, tests.
  private static let files = [
    "Cargo.toml": """
    [workspace]
    members = ["app", "macros", "generated", "native", "bare"]
    resolver = "2"
    [workspace.package]
    version = "1.2.3"
    edition = "2021"
    """,
    "app/Cargo.toml": """
    [package]
    name = "app"
    version.workspace = true
    edition.workspace = true
    [features]
    default = ["loud"]
    loud = []
    [lib]
    crate-type = ["lib", "cdylib"]
    [dependencies]
    macros = { path = "../macros" }
    generated = { path = "../generated" }
    native = { path = "../native" }
    bare = { path = "../bare" }
    """,
    "app/src/lib.rs": """
    #[derive(macros::Named)]
    pub struct Thing;
    pub fn text() -> String {
      let mark = if cfg!(feature = "loud") { "!" } else { "." };
      format!("{} {} {} {} {}{}", Thing::name(), generated::NUMBER, native::answer(), bare::twice(4),
        env!("CARGO_PKG_VERSION"), mark)
    }
    #[cfg(test)]
    mod tests {
      #[test]
      fn text() { assert_eq!(super::text(), "Thing 42 7 8 1.2.3!"); }
    }
    """,
    "app/src/main.rs": "fn main() { println!(\"{}\", app::text()); let unused = 1; }",
    "app/tests/outside.rs":
      "#[test]\nfn outside() { assert!(app::text().starts_with(\"Thing\")); }",
    "macros/Cargo.toml": """
    [package]
    name = "macros"
    version.workspace = true
    edition.workspace = true
    [lib]
    proc-macro = true
    """,
    "macros/src/lib.rs": """
    use proc_macro::{TokenStream, TokenTree};
    #[proc_macro_derive(Named)]
    pub fn named(input: TokenStream) -> TokenStream {
      let name = input.into_iter().filter_map(|tree| match tree {
        TokenTree::Ident(word) => Some(word.to_string()), _ => None,
      }).last().unwrap();
      format!("impl {name} {{ pub fn name() -> &'static str {{ \\"{name}\\" }} }}").parse().unwrap()
    }
    """,
    "generated/Cargo.toml": """
    [package]
    name = "generated"
    version.workspace = true
    edition.workspace = true
    """,
    "generated/build.rs": """
    fn main() {
      let place = std::env::var("OUT_DIR").unwrap();
      std::fs::write(format!("{place}/number.rs"), "pub const NUMBER: u32 = 42;").unwrap();
      println!("cargo:rerun-if-changed=build.rs");
    }
    """,
    "generated/src/lib.rs": "include!(concat!(env!(\"OUT_DIR\"), \"/number.rs\"));",
    "native/Cargo.toml": """
    [package]
    name = "native"
    version.workspace = true
    edition.workspace = true
    links = "native"
    """,
    "native/build.rs": """
    use std::process::Command;
    fn main() {
      let place = std::env::var("OUT_DIR").unwrap();
      let object = format!("{place}/native.o");
      assert!(Command::new("cc").args(["-c", "native.c", "-o", &object]).status().unwrap().success());
      let library = format!("{place}/libnative.a");
      assert!(Command::new("ar").args(["crsD", &library, &object]).status().unwrap().success());
      println!("cargo:rustc-link-search=native={place}");
      println!("cargo:rustc-link-lib=static=native");
      println!("cargo:rerun-if-changed=native.c");
    }
    """,
    "native/native.c": "int native_answer(void) { return 7; }\n",
    "native/src/lib.rs": """
    extern "C" { fn native_answer() -> i32; }
    pub fn answer() -> i32 { unsafe { native_answer() } }
    """,
    "bare/Cargo.toml": """
    [package]
    name = "bare"
    version.workspace = true
    edition.workspace = true
    """,
    "bare/src/lib.rs": "#![no_std]\npub fn twice(x: u32) -> u32 { x * 2 }",
  ]

  /// With a rustc that writes down each compilation.
  private func workspace(at place: String = "ws") throws -> Sandbox {
    let sandbox = try RustInstallation.sandbox()
    try write(to: sandbox, at: place)
    let binaries = try RustInstallation.binaries()
    try sandbox.script(
      "bin/rustc",
      """
      case "$*" in *--emit*)
        echo "$*" >> '\(sandbox.path("compilations"))'
        auth=${CARGO_MAKEFLAGS##*--jobserver-auth=}
        [ -e "/proc/self/fd/${auth%%,*}" ] || [ -p "${auth#fifo:}" ] || echo no >> '\(sandbox.path("no-jobserver"))';;
      esac
      exec '\(binaries)/rustc' "$@"
      """)
    sandbox.environment["RUSTC"] = sandbox.path("bin/rustc")
    sandbox.environment["CARGO_INCREMENTAL"] = "0"
    sandbox.environment["CARGO_HOME"] = sandbox.root + "/home/.cargo"
    return sandbox
  }

  private func write(to sandbox: Sandbox, at place: String) throws {
    for (name, text) in Self.files { try sandbox.write("\(place)/\(name)", text, settle: false) }
    pause(milliseconds: 20)
  }

  private func compilations(_ sandbox: Sandbox) -> Int {
    defer { sandbox.remove("compilations") }
    return (try? sandbox.text("compilations").split(separator: "\n").count) ?? 0
  }

  /// Runs cargo behind the wrapper, in an empty target directory.
  @discardableResult
  private func cargo(
    _ words: String, _ sandbox: Sandbox, in place: String = "ws",
    with extra: [String: String] = [:], location: SourceLocation = #_sourceLocation
  ) throws -> ProcessResult {
    var extra = extra
    extra["RUSTC_WRAPPER"] = Programs.wrapper
    let target = extra["CARGO_TARGET_DIR"] ?? sandbox.path("target")
    let result = try sandbox.shell(
      "rm -rf '\(target)'; CARGO_TARGET_DIR='\(target)' cargo \(words) --offline 2>&1", in: place,
      with: extra)
    let isSuccess = result.isSuccess
    #expect(isSuccess, "\(result.outputText)", sourceLocation: location)
    _ = try sandbox.settled()
    return result
  }

  /// Everything below a directory that is made by rustc, by name.
  private func products(_ sandbox: Sandbox, _ target: String = "target") throws -> [String: [UInt8]]
  {
    let listed = try sandbox.shell(
      "cd '\(target)' && find . -type f \\( -path '*/deps/*' -o -path '*/build/*/build*script*' \\)"
    )
    var found: [String: [UInt8]] = [:]
    for name in listed.outputText.split(separator: "\n") {
      found[String(name)] = try sandbox.read("\(target)/\(name)")
    }
    return found
  }

  private func expectEqual(_ got: [String: [UInt8]], _ wanted: [String: [UInt8]]) {
    #expect(Set(got.keys) == Set(wanted.keys))
    for (name, bytes) in wanted {
      let isSame = got[name] == bytes
      #expect(isSame, "\(name)")
    }
  }

  @Test(.timeLimit(.minutes(20))) func everythingIsCached() throws {
    let sandbox = try workspace()
    try sandbox.shell("CARGO_TARGET_DIR=target cargo build --offline", in: "ws")
    try sandbox.shell("mv ws/target plain; rm -f compilations")
    let target = ["CARGO_TARGET_DIR": sandbox.path("ws/target")]
    try cargo("build", sandbox, with: target)
    #expect(compilations(sandbox) > 0)
    // cargo's jobserver is open to each rustc.
    #expect(!sandbox.exists("no-jobserver"))
    expectEqual(try products(sandbox, "ws/target"), try products(sandbox, "plain"))
    let output = try cargo("build", sandbox, with: target).outputText
    #expect(output.contains("unused variable"))
    #expect(compilations(sandbox) == 0)
    expectEqual(try products(sandbox, "ws/target"), try products(sandbox, "plain"))
    #expect(
      try sandbox.plain([sandbox.path("ws/target/debug/app")]).outputText
        == "Thing 42 7 8 1.2.3!\n")
    let statistics = try sandbox.statistics()
    #expect(statistics.count("not_cached") == 0, "\(statistics.json["stats"]["not_cached"])")
  }

  /// Tests and checks, each twice: rustc runs for the first only.
  @Test(.timeLimit(.minutes(20)), arguments: ["test", "check", "build --release"])
  func secondTime(_ words: String) throws {
    let sandbox = try workspace()
    try cargo(words, sandbox)
    #expect(compilations(sandbox) > 0)
    let second = try cargo(words, sandbox)
    #expect(compilations(sandbox) == 0)
    if words == "test" { #expect(second.outputText.contains("test outside ... ok")) }
  }

  /// What is linked into a program counts, however deep it lies.
  @Test(.timeLimit(.minutes(20))) func nativeCode() throws {
    let sandbox = try workspace()
    try cargo("build", sandbox)
    try sandbox.write("ws/native/native.c", "int native_answer(void) { return 8; }\n")
    try cargo("build", sandbox)
    #expect(
      try sandbox.plain([sandbox.path("target/debug/app")]).outputText
        == "Thing 42 8 8 1.2.3!\n")
    _ = compilations(sandbox)
    try sandbox.write("ws/native/native.c", "int native_answer(void) { return 7; }\n")
    try cargo("build", sandbox)
    #expect(compilations(sandbox) == 0)
    #expect(
      try sandbox.plain([sandbox.path("target/debug/app")]).outputText
        == "Thing 42 7 8 1.2.3!\n")
  }

  @Test(.timeLimit(.minutes(20))) func withoutLinks() throws {
    let sandbox = try workspace()
    let off = ["SCCACHE_RUST_LINKS": "false"]
    try cargo("build", sandbox, with: off)
    let first = compilations(sandbox)
    try cargo("build", sandbox, with: off)
    let second = compilations(sandbox)
    #expect(second > 0 && second < first)
    #expect(try sandbox.statistics().json["stats"]["not_cached"]["crate-type"].total == 2 * second)
  }

  /// cargo puts clippy's driver between the wrapper and rustc's name.
  @Test(.timeLimit(.minutes(20))) func clippy() throws {
    let sandbox = try workspace()
    let first = try cargo("clippy", sandbox)
    let before = try sandbox.settled()
    let second = try cargo("clippy", sandbox)
    let after = try sandbox.settled()
    for result in [first, second] { #expect(result.outputText.contains("unused variable")) }
    #expect(before.misses > 0 && after.misses == before.misses, "\(after.json["stats"])")
    #expect(after.hits - before.hits == before.misses)
    // A configuration appears above the crate.
    try sandbox.write("ws/clippy.toml", "too-many-arguments-threshold = 1\n")
    try cargo("clippy", sandbox)
    #expect(try sandbox.settled().misses > after.misses)
  }

  /// Those of the workspace alone.
  @Test(.timeLimit(.minutes(20))) func workspaceWrapper() throws {
    let sandbox = try workspace()
    let line =
      "rm -rf target; CARGO_TARGET_DIR=target RUSTC_WORKSPACE_WRAPPER='\(Programs.wrapper)' "
      + "cargo build --offline"
    #expect(try sandbox.shell(line, in: "ws").isSuccess)
    let first = try sandbox.settled()
    #expect(try sandbox.shell(line, in: "ws").isSuccess)
    let second = try sandbox.settled()
    #expect(first.misses > 0 && second.misses == first.misses, "\(second.json["stats"])")
    #expect(second.hits - first.hits == first.misses, "\(second.json["stats"])")
  }

  /// The wrapper that a configuration names, and rustdoc, which cargo calls by itself.
  @Test(.timeLimit(.minutes(20))) func configuredWrapper() throws {
    let sandbox = try workspace()
    try sandbox.write(
      "ws/.cargo/config.toml", "[build]\nrustc-wrapper = \"\(Programs.wrapper)\"\n")
    for words in ["build", "doc"] {
      let line = "rm -rf target; CARGO_TARGET_DIR=target cargo \(words) --offline"
      _ = compilations(sandbox)
      var before = try sandbox.settled()
      #expect(try sandbox.shell(line, in: "ws").isSuccess)
      let first = try sandbox.settled()
      #expect(compilations(sandbox) > 0)
      #expect(first.misses > before.misses)
      before = first
      #expect(try sandbox.shell(line, in: "ws").isSuccess)
      let second = try sandbox.settled()
      #expect(compilations(sandbox) == 0)
      #expect(second.misses == first.misses && second.hits > before.hits)
      if words == "doc" { #expect(sandbox.exists("ws/target/doc/app/index.html")) }
    }
  }

  /// What reaches rustc as arguments, whichever way a person says it.
  @Test(.timeLimit(.minutes(20))) func flags() throws {
    let sandbox = try workspace()
    try cargo("build", sandbox)
    _ = compilations(sandbox)
    let more = ["RUSTFLAGS": "--cfg loud -C debuginfo=1"]
    try cargo("build", sandbox, with: more)
    #expect(compilations(sandbox) > 0)
    // The same words, in the other variable.
    let encoded = ["CARGO_ENCODED_RUSTFLAGS": "--cfg\u{1f}loud\u{1f}-C\u{1f}debuginfo=1"]
    try cargo("build", sandbox, with: encoded)
    #expect(compilations(sandbox) == 0)
    try cargo("build --no-default-features", sandbox)
    #expect(
      try sandbox.plain([sandbox.path("target/debug/app")]).outputText
        == "Thing 42 7 8 1.2.3.\n")
  }

  /// A build script that makes something else: a source, a variable, a flag.
  @Test(.timeLimit(.minutes(20))) func generatedSources() throws {
    let sandbox = try workspace()
    try cargo("build", sandbox)
    try sandbox.write(
      "ws/generated/build.rs",
      (Self.files["generated/build.rs"] ?? "").replacing("= 42;", with: "= 43;"))
    try cargo("build", sandbox)
    #expect(
      try sandbox.plain([sandbox.path("target/debug/app")]).outputText
        == "Thing 43 7 8 1.2.3!\n")
    try sandbox.write("ws/generated/build.rs", Self.files["generated/build.rs"] ?? "")
    try cargo("build", sandbox)
    #expect(
      try sandbox.plain([sandbox.path("target/debug/app")]).outputText
        == "Thing 42 7 8 1.2.3!\n")
  }
}
