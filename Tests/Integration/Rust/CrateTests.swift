import Platform
import Testing

/// One call of rustc at a time.
@Suite struct CrateTests {
  private static let source = """
    pub fn f(x: u32) -> u32 { x + 1 }
    pub fn place() -> &'static str { concat!(file!(), line!()) }

    """

  @Test func sameAsTheCompiler() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("src/lib.rs", Self.source)
    try sandbox.agrees(try sandbox.rustc("a", "src/lib.rs"))
    try sandbox.agrees(
      try sandbox.rustc("a", "src/lib.rs", emit: "dep-info,metadata", out: "check"))
    try sandbox.write("src/main.rs", Self.source + "fn main() {}\n")
    try sandbox.agrees(
      try sandbox.rustc("a", "src/main.rs", types: "bin", emit: "dep-info,metadata", out: "bin"))
  }

  /// Messages come again as they were, and the notices name the files of this call.
  @Test func whatIsPrinted() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("w.rs", "pub fn f() { let unused = 1; }\n")
    try sandbox.agrees(try sandbox.rustc("w", "w.rs"))
    let elsewhere = try sandbox.compile(
      try sandbox.rustc("w", "w.rs", out: "other/place"), .hit)
    #expect(elsewhere.errorText.contains("\(sandbox.path("other/place"))/libw-0123abcd.rlib"))
    #expect(!elsewhere.errorText.contains(sandbox.path("out")))
    #expect(elsewhere.errorText.contains("unused variable"))
    #expect(try sandbox.text("other/place/w-0123abcd.d").hasPrefix(sandbox.path("other/place")))
    // As a person reads them.
    let plain =
      ["rustc", "--crate-name", "w", "w.rs", "--crate-type", "lib"]
      + ["--emit=dep-info,link", "--out-dir", "."]
    try sandbox.agrees(plain)
  }

  @Test func errorsAreTheCompilers() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("e.rs", "pub fn f() -> u32 { nothing }\n")
    let words = try sandbox.rustc("e", "e.rs")
    let plainly = try sandbox.plain(words)
    for _ in 0..<2 {
      let result = try sandbox.compile(words, .failure)
      #expect(result.exitCode == plainly.exitCode)
      #expect(result.errorText == plainly.errorText)
    }
    #expect(try sandbox.statistics().count("compile_fails") == 2)
  }

  /// Everything that rustc's list names.
  @Test func inputs() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write(
      "lib.rs", "mod m;\npub const T: &str = include_str!(\"t.txt\");\npub use m::N;\n")
    try sandbox.write("m.rs", "pub const N: Option<&str> = option_env!(\"COLOUR\");\n")
    try sandbox.write("t.txt", "one")
    let words = try sandbox.rustc("i", "lib.rs")
    let output = "out/libi-0123abcd.rlib"
    try sandbox.isRight(words, .miss, output: output)
    try sandbox.isRight(words, .hit, output: output)
    try sandbox.write("t.txt", "two")
    try sandbox.isRight(words, .miss, output: output)
    try sandbox.isRight(words, .miss, output: output, with: ["COLOUR": "red"])
    try sandbox.isRight(words, .miss, output: output, with: ["COLOUR": "blue"])
    try sandbox.isRight(words, .hit, output: output, with: ["COLOUR": "red"])
    try sandbox.write("m.rs", "pub const N: Option<&str> = None;\n")
    try sandbox.isRight(words, .miss, output: output)
    // What no source asks for does not matter.
    try sandbox.isRight(
      words, .hit, output: output, with: ["COLOUR": "green", "CARGO_PKG_NAME": "x"])
  }

  /// Crates are known by what they are, wherever they lie.
  @Test func externs() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("b.rs", "pub fn b() -> u32 { 1 }\n")
    try sandbox.write("a.rs", "pub fn a() -> u32 { b::b() }\n")
    func build(_ out: String, _ expected: Sandbox.Expectation) throws {
      try sandbox.compile(try sandbox.rustc("b", "b.rs", out: out), .any)
      let path = sandbox.path("\(out)/libb-0123abcd.rmeta")
      try sandbox.isRight(
        try sandbox.rustc("a", "a.rs", out: out, ["--extern", "b=\(path)"]), expected,
        output: "\(out)/liba-0123abcd.rlib")
    }
    try build("one", .miss)
    try build("two", .hit)
    try sandbox.write("b.rs", "pub fn b() -> u32 { 2 }\n")
    try build("one", .miss)
  }

  /// The metadata names the directory of the sources.
  @Test func anotherDirectory() throws {
    let sandbox = try RustInstallation.sandbox()
    for place in ["one", "two"] { try sandbox.write("\(place)/lib.rs", Self.source) }
    let words = try sandbox.rustc("d", "lib.rs")
    let output = sandbox.path("out/libd-0123abcd.rmeta")
    try sandbox.isRight(words, .miss, output: output, in: "one")
    try sandbox.isRight(words, .miss, output: output, in: "two")
    try sandbox.isRight(words, .hit, output: output, in: "one")
    // Not when it is mapped to something else.
    let bases = ["SCCACHE_BASEDIRS": "\(sandbox.path("one")):\(sandbox.path("two"))"]
    func mapped(_ place: String) -> [String] {
      words + ["--remap-path-prefix", "\(sandbox.path(place))=/src"]
    }
    try sandbox.isRight(mapped("one"), .miss, output: output, in: "one", with: bases)
    try sandbox.isRight(mapped("two"), .hit, output: output, in: "two", with: bases)
  }

  @Test func whatIsNotCached() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("lib.rs", Self.source)
    try sandbox.compile(
      try sandbox.rustc("n", "lib.rs", ["-C", "incremental=\(sandbox.path("inc"))"]), .declined)
    try sandbox.compile(["rustc", "-vV"], .declined)
    try sandbox.compile(["rustc", "--print", "cfg"], .declined)
    #expect(try sandbox.statistics().json["stats"]["not_cached"]["incremental"].total == 1)
    #expect(try sandbox.statistics().count("requests_not_compile") == 2)
  }

  /// cargo compiles what needs a crate's metadata while the crate itself is still being compiled.
  @Test func noticesComeAtOnce() throws {
    let sandbox = try RustInstallation.sandbox()
    // Says that its metadata is there, and waits to be told to go on.
    try sandbox.script(
      "bin/rustc",
      """
      case "$*" in *--emit*) ;; *) exec "\(try RustInstallation.binaries())/rustc" "$@";; esac
      echo '{"$message_type":"artifact","artifact":"x.rmeta","emit":"metadata"}' >&2
      for number in $(seq 600); do [ -e go ] && break; sleep 0.1; done
      [ -e go ] || exit 3
      exec "\(try RustInstallation.binaries())/rustc" "$@"
      """)
    try sandbox.write("lib.rs", Self.source)
    let words = try sandbox.rustc("p", "lib.rs").dropFirst()
    let line =
      "\"$SCCACHE\" '\(sandbox.path("bin/rustc"))' \(words.joined(separator: " ")) 2>&1 | "
      + "while read -r line; do case $line in *x.rmeta*) : > go;; esac; done"
    #expect(try sandbox.shell("set -e; \(line)").isSuccess)
    #expect(sandbox.exists("go"))
    #expect(sandbox.exists("out/libp-0123abcd.rlib"))
  }

  /// A static library has all crates in it that it is made of, also those that no argument names.
  @Test func staticLibraries() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("deep.rs", "pub fn deep() -> u32 { 1 }\n")
    try sandbox.write("mid.rs", "pub fn mid() -> u32 { deep::deep() }\n")
    try sandbox.write("top.rs", "#[no_mangle] pub extern \"C\" fn top() -> u32 { mid::mid() }\n")
    func build(_ name: String, _ types: String, _ extern: String?) throws -> [String] {
      let path = extern.map { sandbox.path("out/lib\($0)-0123abcd.rlib") } ?? ""
      return try sandbox.rustc(
        name, "\(name).rs", types: types, extern.map { ["--extern", "\($0)=\(path)"] } ?? [])
    }
    try sandbox.compile(try build("deep", "lib", nil), .miss)
    try sandbox.compile(try build("mid", "lib", "deep"), .miss)
    let top = try build("top", "staticlib", "mid")
    try sandbox.isRight(top, .miss, output: "out/libtop-0123abcd.a")
    try sandbox.isRight(top, .hit, output: "out/libtop-0123abcd.a")
    try sandbox.write("deep.rs", "pub fn deep() -> u32 { 2 }\n")
    try sandbox.compile(try build("deep", "lib", nil), .miss)
    try sandbox.compile(try build("mid", "lib", "deep"), .miss)
    try sandbox.isRight(top, .miss, output: "out/libtop-0123abcd.a")
  }

  /// An attribute of the source takes a library in, which no list of rustc's names.
  @Test func libraryOfTheSource() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("n.c", "int n(void) { return 1; }\n")
    try sandbox.shell("cc -c n.c && mkdir lib && ar crsD lib/libn.a n.o")
    try sandbox.write(
      "lib.rs", "#[link(name = \"n\", kind = \"static\")] extern \"C\" { pub fn n() -> i32; }\n")
    let words = try sandbox.rustc("l", "lib.rs", ["-L", "native=\(sandbox.path("lib"))"])
    try sandbox.isRight(words, .unstored, output: "out/libl-0123abcd.rlib")
    let named = words + ["-l", "static=n"]
    try sandbox.isRight(named, .miss, output: "out/libl-0123abcd.rlib")
    try sandbox.isRight(named, .hit, output: "out/libl-0123abcd.rlib")
    try sandbox.write("n.c", "int n(void) { return 2; }\n")
    try sandbox.shell("cc -c n.c && rm lib/libn.a && ar crsD lib/libn.a n.o")
    try sandbox.isRight(named, .miss, output: "out/libl-0123abcd.rlib")
  }

  /// What a person says that macros read.
  @Test func extraInputs() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("p/lib.rs", Self.source)
    try sandbox.write("p/templates/a/b/x.html", "one")
    let words = try sandbox.rustc("web", "lib.rs")
    var given = [
      "CARGO_MANIFEST_DIR": sandbox.path("p"),
      "SCCACHE_RUST_EXTRA_INPUTS": "w?b=templates/**/*.html;web=env:STYLE;other=$HOME/none",
    ]
    func build(_ expected: Sandbox.Expectation, location: SourceLocation = #_sourceLocation) throws
    {
      try sandbox.compile(words, expected, in: "p", with: given, location: location)
    }
    try build(.miss)
    try build(.hit)
    try sandbox.write("p/templates/a/b/x.html", "two")
    try build(.miss)
    try sandbox.write("p/templates/y.html", "new")
    try build(.miss)
    given["STYLE"] = "dark"
    try build(.miss)
    try build(.hit)
    try sandbox.write("p/templates/y.txt", "another kind")
    given["UNRELATED"] = "1"
    try build(.hit)
    sandbox.remove("p/templates/y.html")
    given["STYLE"] = nil
    try sandbox.write("p/templates/a/b/x.html", "one")
    try build(.hit)
  }

  /// A crate that is found in a directory, which no list of rustc's names.
  @Test func crateOfTheSource() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("x.rs", "pub fn x() -> u32 { 1 }\n")
    try sandbox.write("lib.rs", "extern crate x;\npub const X: fn() -> u32 = x::x;\n")
    try sandbox.compile(try sandbox.rustc("x", "x.rs"), .miss)
    let words = try sandbox.rustc("s", "lib.rs", ["-L", sandbox.path("out")])
    let output = "out/libs-0123abcd.rlib"
    try sandbox.isRight(words, .unstored, output: output)
    let named = words + ["--extern", "x=\(sandbox.path("out/libx-0123abcd.rlib"))"]
    try sandbox.isRight(named, .miss, output: output)
    try sandbox.isRight(named, .hit, output: output)
  }

  /// A module must be one file.
  @Test func moduleTwice() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("lib.rs", "pub mod one;\npub mod two;\n")
    try sandbox.write("one.rs", "pub mod deep;\n")
    try sandbox.write("one/deep.rs", "\n")
    try sandbox.write("two/mod.rs", "\n")
    let words = try sandbox.rustc("m", "lib.rs")
    for newcomer in ["one/mod.rs", "two.rs", "one/deep/mod.rs"] {
      try sandbox.compile(words, .any)
      try sandbox.compile(words, .hit)
      try sandbox.write(newcomer, "\n")
      try sandbox.compile(words, .failure)
      sandbox.remove(newcomer)
    }
  }

  /// What a link leads to.
  @Test func linkedSources() throws {
    let sandbox = try RustInstallation.sandbox()
    try sandbox.write("lib.rs", "mod m;\npub use m::N;\n")
    for (name, value) in [("one", 1), ("two", 2)] {
      try sandbox.write("\(name)/m.rs", "pub const N: u32 = \(value);\n")
    }
    let words = try sandbox.rustc("l", "lib.rs")
    for target in ["one", "two"] {
      sandbox.remove("m.rs")
      sandbox.link("\(target)/m.rs", at: "m.rs")
      pause(milliseconds: 15)
      try sandbox.isRight(words, .miss, output: "out/libl-0123abcd.rmeta")
      try sandbox.isRight(words, .hit, output: "out/libl-0123abcd.rmeta")
    }
    // A change that neither the size nor the time shows.
    let before = try sandbox.shell("stat -c %y two/m.rs").outputText
    try sandbox.shell("sed -i 's/= 2/= 3/' two/m.rs && touch -d '\(before)' two/m.rs")
    pause(milliseconds: 15)
    try sandbox.isRight(words, .miss, output: "out/libl-0123abcd.rmeta")
  }
}
