import Glibc
import Platform
import Testing

/// Results that Mozilla's sccache 0.16.0 gets wrong, shown with its own program, and that they are right here.
/// Each is two calls: the second has another result, and Mozilla's answers it with the first one's.
@Suite struct WrongResultTests {
  private static let output = "out/libw-0123abcd.rlib"

  /// - Parameters:
  ///   - first: what is compiled at first; the same sandbox for whoever caches.
  ///   - second: what changes, and what is compiled then.
  private func expectWrong(
    with extra: [String: String] = [:], ours: [String: String] = [:], output: String = output,
    first: (Sandbox) throws -> [String],
    second: (Sandbox, inout [String: String]) throws -> [String]
  ) throws {
    for maker in Maker.allCases {
      let sandbox = try RustInstallation.sandbox()
      sandbox.program = try maker.program("sccache")
      var given = maker == .ours ? extra.merging(ours) { $1 } : extra
      let before = try first(sandbox)
      let stored = try sandbox.sccache(before, with: given)
      #expect(stored.isSuccess, "\(maker): \(stored.errorText)")
      for _ in 0..<1000 where try sandbox.statistics().writes == 0 { pause(milliseconds: 5) }
      let words = try second(sandbox, &given)
      sandbox.remove(output)
      let answered = try sandbox.sccache(words, with: given)
      #expect(answered.isSuccess, "\(maker): \(answered.errorText)")
      let got = try? sandbox.read(output)
      sandbox.remove(output)
      let plainly = try sandbox.plain(words, with: given)
      #expect(plainly.isSuccess, "\(plainly.errorText)")
      let isRight = got == (try? sandbox.read(output)) && answered.errorText == plainly.errorText
      #expect(isRight == (maker == .ours), "\(maker)")
    }
  }

  private func words(
    _ sandbox: Sandbox, _ input: String = "w.rs", _ more: [String] = []
  ) throws -> [String] { try sandbox.rustc("w", input, more) }

  /// Which crate has which name is not in its key.
  @Test func swappedCrates() throws {
    func build(_ sandbox: Sandbox, _ one: String, _ two: String) throws -> [String] {
      let path = { (name: String) in sandbox.path("out/lib\(name)-0123abcd.rlib") }
      return try words(
        sandbox, "w.rs", ["--extern", "one=\(path(one))", "--extern", "two=\(path(two))"])
    }
    try expectWrong { sandbox in
      for (name, value) in [("x", 1), ("y", 2)] {
        try sandbox.write("\(name).rs", "pub fn f() -> u32 { \(value) }\n")
        try sandbox.plain(try sandbox.rustc(name, "\(name).rs"))
      }
      try sandbox.write("w.rs", "pub fn w() -> u32 { one::f() * 10 + two::f() }\n")
      return try build(sandbox, "x", "y")
    } second: { sandbox, _ in
      try build(sandbox, "y", "x")
    }
  }

  private func library(_ sandbox: Sandbox, _ value: Int) throws {
    try sandbox.write("n.c", "int n(void) { return \(value); }\n")
    try sandbox.shell("cc -c n.c && mkdir -p lib && rm -f lib/libn.a && ar crsD lib/libn.a n.o")
  }

  /// Of static libraries only those count that are named in one of several ways.
  @Test func libraryWithModifiers() throws {
    func build(_ sandbox: Sandbox) throws -> [String] {
      let directory = "native=\(sandbox.path("lib"))"
      return try words(sandbox, "w.rs", ["-L", directory, "-l", "static:+bundle=n"])
    }
    try expectWrong { sandbox in
      try library(sandbox, 1)
      try sandbox.write("w.rs", "extern \"C\" { pub fn n() -> i32; }\n")
      return try build(sandbox)
    } second: { sandbox, _ in
      try library(sandbox, 2)
      return try build(sandbox)
    }
  }

  @Test func libraryOfTheSource() throws {
    func build(_ sandbox: Sandbox) throws -> [String] {
      try words(sandbox, "w.rs", ["-L", "native=\(sandbox.path("lib"))"])
    }
    try expectWrong { sandbox in
      try library(sandbox, 1)
      try sandbox.write(
        "w.rs", "#[link(name = \"n\", kind = \"static\")] extern \"C\" { pub fn n() -> i32; }\n")
      // Ours stores nothing of this kind; something must have been written before the second call.
      try sandbox.write("other.rs", "pub fn other() {}\n")
      try sandbox.sccache(try sandbox.rustc("other", "other.rs"))
      return try build(sandbox)
    } second: { sandbox, _ in
      try library(sandbox, 2)
      return try build(sandbox)
    }
  }

  /// The arguments make one text, without what tells where one of them ends.
  @Test func joinedArguments() throws {
    try expectWrong { sandbox in
      try sandbox.write("w.rs", "pub fn w() -> u32 { 1 }\n")
      return try words(sandbox, "w.rs", ["-C", "metadata=a", "-C", "metadata=b"])
    } second: { sandbox, _ in
      try words(sandbox, "w.rs", ["-C", "metadata=a-Cmetadata=b"])
    }
  }

  /// A compiler counts by what it says of its version and by the libraries of its installation.
  @Test func anotherDriver() throws {
    func driver(_ sandbox: Sandbox, _ more: String) throws -> [String] {
      let real = try RustInstallation.binaries() + "/rustc"
      sandbox.remove("bin/rustc")
      try sandbox.script(
        "bin/rustc",
        "case \"$*\" in *--crate-name*) set -- \"$@\" \(more);; esac\nexec '\(real)' \"$@\"")
      return [sandbox.path("bin/rustc")] + (try words(sandbox)).dropFirst()
    }
    try expectWrong { sandbox in
      try sandbox.write("w.rs", "pub fn w(x: &[u32]) -> u32 { x.iter().sum() }\n")
      return try driver(sandbox, "-C opt-level=0")
    } second: { sandbox, _ in
      try driver(sandbox, "-C opt-level=3")
    }
  }

  /// A target that is described by a file in a directory of `RUST_TARGET_PATH`.
  @Test func targetSpecification() throws {
    let text = try TargetSpecification.ofThisMachine()
    func build(_ sandbox: Sandbox) throws -> [String] {
      try words(sandbox, "w.rs", ["--target", "mine", "-Z", "unstable-options"])
    }
    let given = ["RUSTC_BOOTSTRAP": "1", "RUST_TARGET_PATH": "specs"]
    try expectWrong(with: given) { sandbox in
      try sandbox.write("specs/mine.json", text)
      try sandbox.write("w.rs", TargetSpecification.source)
      return try build(sandbox)
    } second: { sandbox, _ in
      try sandbox.write("specs/mine.json", TargetSpecification.changed(text))
      return try build(sandbox)
    }
  }

  /// What a procedural macro reads without telling. Here a person can say so.
  @Test func whatMacrosRead() throws {
    func build(_ sandbox: Sandbox) throws -> [String] {
      let macros = sandbox.path("out/libmacros-0123abcd.so")
      return try words(sandbox, "w.rs", ["--extern", "macros=\(macros)"])
    }
    try expectWrong(
      with: ["DATABASE": "a"],
      ours: ["SCCACHE_RUST_EXTRA_INPUTS": "w=text.txt;w=env:DATABASE"]
    ) { sandbox in
      try sandbox.write(
        "macros.rs",
        """
        extern crate proc_macro;
        #[proc_macro] pub fn text(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
          let text = std::fs::read_to_string("text.txt").unwrap();
          format!("{:?}", text + &std::env::var("DATABASE").unwrap()).parse().unwrap()
        }
        """)
      let made = try sandbox.plain(
        try sandbox.rustc("macros", "macros.rs", types: "proc-macro", ["--extern", "proc_macro"]))
      #expect(made.isSuccess)
      try sandbox.write("text.txt", "one")
      try sandbox.write("w.rs", "pub const W: &str = macros::text!();\n")
      return try build(sandbox)
    } second: { sandbox, environment in
      try sandbox.write("text.txt", "two")
      environment["DATABASE"] = "b"
      return try build(sandbox)
    }
  }

  /// Debug information in files of its own.
  @Test func splitDebugInformation() throws {
    let pattern = "ls out/*.dwo | wc -l"
    for maker in Maker.allCases {
      let sandbox = try RustInstallation.sandbox()
      sandbox.program = try maker.program("sccache")
      try sandbox.write("w.rs", "pub fn w() -> u32 { 1 }\n")
      let words = try words(sandbox, "w.rs", ["-C", "split-debuginfo=unpacked"])
      try sandbox.sccache(words)
      let made = try sandbox.shell(pattern).outputText
      #expect(made == "1\n")
      for _ in 0..<1000 where try sandbox.statistics().writes == 0 { pause(milliseconds: 5) }
      try sandbox.shell("rm out/*")
      try sandbox.sccache(words)
      #expect(try sandbox.statistics().hits == 1)
      let found = try sandbox.shell(pattern).outputText
      #expect(found == (maker == .ours ? "1\n" : "0\n"), "\(maker)")
    }
  }

  /// Which names of `cfg` are expected shows in what is printed.
  @Test func checkedConfiguration() throws {
    try expectWrong { sandbox in
      try sandbox.write("w.rs", "#[cfg(good)] pub fn w() {}\n")
      return try words(sandbox, "w.rs", ["--check-cfg", "cfg(other)"])
    } second: { sandbox, _ in
      try words(sandbox, "w.rs", ["--check-cfg", "cfg(good)"])
    }
  }

  /// A stable compiler refuses unstable features, unless a variable allows them.
  @Test func unstableFeatures() throws {
    for maker in Maker.allCases {
      let sandbox = try RustInstallation.sandbox()
      sandbox.program = try maker.program("sccache")
      try sandbox.write(
        "w.rs",
        "#![feature(never_type)] pub fn w() -> bool { let x: Option<!> = None; x.is_none() }\n")
      let words = try words(sandbox)
      #expect(try sandbox.sccache(words, with: ["RUSTC_BOOTSTRAP": "1"]).isSuccess)
      for _ in 0..<1000 where try sandbox.statistics().writes == 0 { pause(milliseconds: 5) }
      #expect(try sandbox.sccache(words).isSuccess == (maker == .mozilla), "\(maker)")
    }
  }

  /// A variable of cargo's that says that it compiles incrementally.
  @Test func incremental() throws {
    for maker in Maker.allCases {
      let sandbox = try RustInstallation.sandbox()
      sandbox.program = try maker.program("sccache")
      try sandbox.write("w.rs", "pub fn w() {}\n")
      let result = try sandbox.sccache(
        try words(sandbox, "w.rs", ["-C", "incremental=\(sandbox.path("inc"))"]),
        with: ["CARGO_INCREMENTAL": "1"])
      #expect(result.isSuccess == (maker == .ours), "\(maker)")
    }
  }

  /// Variables of cargo's that reach no output.
  @Test(arguments: ["CARGO_TERM_COLOR", "CARGO_HTTP_TIMEOUT", "CARGO_TARGET_DIR"])
  func noise(_ name: String) throws {
    for maker in Maker.allCases {
      let sandbox = try RustInstallation.sandbox()
      sandbox.program = try maker.program("sccache")
      try sandbox.write("w.rs", "pub fn w() {}\n")
      let words = try words(sandbox)
      try sandbox.sccache(words, with: [name: "1"])
      for _ in 0..<1000 where try sandbox.statistics().writes == 0 { pause(milliseconds: 5) }
      try sandbox.sccache(words, with: [name: "2"])
      #expect(try sandbox.statistics().hits == (maker == .ours ? 1 : 0), "\(maker)")
    }
  }
}

/// A target of one's own that differs from the machine's in its name.
enum TargetSpecification {
  /// A library that needs nothing of the standard one, which such a target has not.
  static let source = """
    #![feature(no_core, lang_items)]
    #![no_core]
    #![allow(internal_features)]
    #[lang = "pointee_sized"] pub trait PointeeSized {}
    #[lang = "meta_sized"] pub trait MetaSized: PointeeSized {}
    #[lang = "sized"] pub trait Sized: MetaSized {}
    #[cfg(target_env = "gnu")] pub const GNU: bool = true;
    #[cfg(not(target_env = "gnu"))] pub const OTHER: bool = true;

    """

  static func ofThisMachine() throws -> String {
    let rustc = try RustInstallation.binaries() + "/rustc"
    return try Spawn.run(
      rustc, ["-Z", "unstable-options", "--print", "target-spec-json"],
      environment: [Array("RUSTC_BOOTSTRAP=1".utf8)], directory: "/"
    ).outputText
  }

  static func changed(_ text: String) -> String {
    text.split(separator: "\n").map { line in
      line.contains("\"env\":") ? "  \"env\": \"other\"," : String(line)
    }.joined(separator: "\n")
  }
}
