import TestSupport
import Testing

@testable import Compilers

@Suite struct CrateParserTests {
  private static let host = "x86_64-unknown-linux-gnu"

  private func crate(
    _ line: String, files: Files = Files(), host: String = host
  ) throws(Rejection) -> CrateCompilation {
    try parseCrate(
      Invocation(arguments: words(line), directory: "/w"), host: host, files: files)
  }

  private func reason(_ line: String, files: Files = Files()) -> String? {
    do {
      _ = try crate(line, files: files)
      return nil
    } catch {
      switch error {
      case .notCompilation: return "notCompilation"
      case .cannotCache(let reason): return reason
      }
    }
  }

  private static let library =
    "--crate-name a --edition=2021 a/src/lib.rs --error-format=json --json=artifacts --crate-type lib "
    + "--emit=dep-info,metadata,link -C embed-bitcode=no -C debuginfo=2 -C metadata=8d2e "
    + "-C extra-filename=-8d2e --out-dir /t/debug/deps -L dependency=/t/debug/deps"

  /// As cargo calls it.
  @Test func library() throws {
    let crate = try crate(
      Self.library + " --extern serde=/t/debug/deps/libserde-1.rmeta --extern priv:b=/t/libb.rlib "
        + "--extern proc_macro --cap-lints warn -L native=/t/build/z/out -l static=z")
    #expect(crate.crateName == "a")
    #expect(crate.input == "a/src/lib.rs")
    #expect(
      crate.outputs.map(\.path) == [
        "/t/debug/deps/liba-8d2e.rlib", "/t/debug/deps/liba-8d2e.rmeta", "/t/debug/deps/a-8d2e.d",
      ])
    #expect(crate.outputs.map(\.name) == ["rlib", "rmeta", "d"])
    #expect(crate.externs.map(\.name) == ["serde", "priv:b", "proc_macro"])
    #expect(
      crate.externs.map(\.path) == ["/t/debug/deps/libserde-1.rmeta", "/t/libb.rlib", nil])
    #expect(crate.nativeDirectories == ["/t/build/z/out"])
    #expect(crate.crateDirectories == ["/t/debug/deps"])
    #expect(crate.staticLibraries == [.init(name: "z", isVerbatim: false)])
    #expect(crate.diagnostics.isJSON)
    #expect(!crate.isLinked && !crate.isTest && !crate.hidesPaths)
    // Where things lie says nothing about what they are.
    #expect(!crate.keyArguments.contains { $0.contains("/t/") })
    #expect(crate.keyArguments.contains("codegen=metadata=8d2e"))
  }

  @Test(arguments: [
    ("--crate-type bin", "link", ["/o/n-1"], true),
    ("", "link", ["/o/n-1"], true),
    ("--crate-type proc-macro", "link", ["/o/libn-1.so"], true),
    ("--crate-type cdylib,rlib", "link", ["/o/libn-1.so", "/o/libn-1.rlib"], true),
    ("--crate-type lib --crate-type rlib", "link", ["/o/libn-1.rlib"], false),
    ("--crate-type staticlib", "link", ["/o/libn-1.a"], false),
    ("--crate-type bin", "metadata", ["/o/libn-1.rmeta"], false),
    ("--test", "link,dep-info", ["/o/n-1", "/o/n-1.d"], true),
    ("--crate-type lib --test", "link", ["/o/n-1"], true),
  ])
  func names(types: String, emit: String, outputs: [String], isLinked: Bool) throws {
    let crate = try crate(
      "--crate-name n \(types) --emit \(emit) --out-dir /o -Cextra-filename=-1 n.rs")
    #expect(crate.outputs.map(\.path) == outputs)
    #expect(crate.isLinked == isLinked)
    #expect(crate.outputs.allSatisfy { !$0.isExecutable || isLinked })
  }

  /// The same options, spelt in other ways.
  @Test func spellings() throws {
    let plain = try crate(Self.library + " -O -g -A dead_code -W unused --cfg x")
    let other = try crate(
      Self.library.replacing("-C debuginfo=2", with: "-Cdebuginfo=2")
        .replacing("--edition=2021", with: "--edition 2021")
        + " -Og -Adead_code --warn=unused --cfg=x")
    #expect(plain == other)
    #expect(
      try crate("--codegen=opt_level=3 " + Self.library).keyArguments.contains(
        "codegen=opt-level=3"))
  }

  @Test func wordsOfAFile() throws {
    let files = Files(texts: ["args": Self.library.replacing(" ", with: "\n") + "\n"])
    #expect(try crate("@args", files: files) == crate(Self.library))
    #expect(reason("@missing") == "@")
  }

  /// clippy's driver is given the name of the compiler that it stands for.
  @Test func launcherWord() throws {
    #expect(try crate("/x/bin/rustc " + Self.library) == crate(Self.library))
    #expect(try crate("rustc " + Self.library) == crate(Self.library))
    #expect(reason("other.rs " + Self.library) == "multiple input files")
  }

  @Test(arguments: [
    ("-", "-"), ("-C incremental=/i", "incremental"), ("--sysroot /s", "--sysroot"),
    ("-o x", "-o"), ("--emit=obj", "more than one --emit"), ("-C save-temps", "-C save-temps"),
    ("-Z self-profile", "-Z self-profile"), ("-C nonsense=1", "-C nonsense"),
    ("--nonsense", "--nonsense"), ("-L framework=/f", "-L framework"),
    ("-C split-debuginfo=other", "-C split-debuginfo"),
    ("-C llvm-args=--sample-profile-file=p", "-C llvm-args"),
    ("-C llvm-args=-load=p.so", "-C llvm-args"),
    ("-C llvm-args=-x=/p", "-C llvm-args"), ("--print cfg", "notCompilation"),
    ("--version", "notCompilation"), ("-C help", "notCompilation"), ("-C", "argument parse"),
    ("second.rs", "multiple input files"), ("-Q", "-Q"), ("-v", "-v"),
  ])
  func rejections(word: String, expected: String) {
    #expect(reason("\(Self.library) \(word)") == expected)
  }

  @Test(arguments: [
    ("--crate-name n --emit link --out-dir /o", "missing input"),
    ("--crate-name n --emit link n.rs", "missing output_dir"),
    ("--crate-name n --out-dir /o n.rs", "missing emit"),
    ("--emit link --out-dir /o n.rs", "missing crate_name"),
    ("--crate-name n --emit dep-info --out-dir /o n.rs", "notCompilation"),
    ("--crate-name n --emit link,asm --out-dir /o n.rs", "unsupported --emit"),
    ("--crate-name n --emit link --out-dir /o --crate-type sdylib n.rs", "crate-type"),
    (
      "--crate-name n --emit link --out-dir /o --crate-type bin --target x86_64-pc-windows-msvc n.rs",
      "crate-type"
    ),
  ])
  func incomplete(line: String, expected: String) {
    #expect(reason(line) == expected)
  }

  @Test func targets() throws {
    let files = Files(texts: ["thumb.json": "{}"])
    #expect(reason(Self.library + " --target thumb", files: files) == "target unsure")
    let custom = try crate(Self.library + " --target /t/thumb.json", files: files)
    #expect(custom.extraInputs == ["/t/thumb.json"])
    let windows = try crate(Self.library + " --target x86_64-pc-windows-gnu")
    #expect(windows.outputs.first?.path == "/t/debug/deps/liba-8d2e.rlib")
  }

  /// Files with debug information beside the outputs: with names that are known, or with any.
  @Test func splitDebugInformation() throws {
    let program = "--crate-name n --emit dep-info,link --out-dir /o --crate-type bin n.rs"
    let packed = try crate(program + " -C split-debuginfo=packed -C extra-filename=-1")
    #expect(packed.outputs.map(\.path) == ["/o/n-1", "/o/n-1.d", "/o/n-1.dwp"])
    #expect(packed.outputs.last?.isRequired == false)
    #expect(!packed.isLooseDebugFile("n-1.n.0.rcgu.dwo"))
    let library = try crate(Self.library + " -C split-debuginfo=packed")
    #expect(!library.outputs.contains { $0.path.hasSuffix("dwp") })
    let loose = try crate(program + " -C split-debuginfo=unpacked -C extra-filename=-1")
    #expect(loose.outputs.map(\.path) == ["/o/n-1", "/o/n-1.d"])
    #expect(loose.isLooseDebugFile("n-1.n.0.rcgu.dwo"))
    for name in ["n-1.o", "m-1.n.0.rcgu.dwo", "n-1./../x.dwo", "n-11.dwo", "n-1"] {
      #expect(!loose.isLooseDebugFile(name), "\(name)")
    }
    // Elsewhere these are objects, or databases of a linker.
    let other = " --target x86_64-apple-darwin -C split-debuginfo=unpacked"
    #expect(reason(Self.library + other) == "-C split-debuginfo")
  }

  @Test(arguments: [
    ("-L dependency=/d -L native=/n", false), ("-L /d", true), ("-L crate=/d", true),
    ("-L all=/d", true),
  ])
  func whereCratesAreLookedFor(_ words: String, _ expected: Bool) throws {
    #expect(try crate("\(Self.library) \(words)").looksForCrates == expected)
  }

  @Test func remappedDirectories() throws {
    let mapped = try crate(
      Self.library + " --remap-path-prefix /a=b=/c --remap-path-prefix=/d/=e")
    #expect(mapped.remapped == ["/a=b", "/d/"])
    #expect(mapped.remaps("/a=b") && mapped.remaps("/a=b/x") && mapped.remaps("/d/x"))
    #expect(!mapped.remaps("/a=bc") && !mapped.remaps("/d"))
    let scoped = try crate(
      Self.library + " --remap-path-prefix /a=b --remap-path-scope=macro")
    #expect(!scoped.remaps("/a"))
  }

  @Test func whatHidesPaths() throws {
    let compressed = " -C link-arg=-Wl,--compress-debug-sections=zlib"
    #expect(try crate(Self.library + compressed).packsPaths)
    #expect(try crate(Self.library + " -C rpath").isBoundToPlaces)
    #expect(try crate(Self.library + " -C llvm-args=-inline-threshold=5").hidesPaths)

    #expect(try crate(Self.library + " -C instrument-coverage").hidesPaths)
    #expect(try crate(Self.library.replacing("lib ", with: "proc-macro ")).packsPaths)
    let checked = Self.library.replacing("lib ", with: "proc-macro ").replacing(",link", with: "")
    #expect(try !crate(checked).hidesPaths)
    #expect(try crate(Self.library + " -C target-cpu=native").usesNativeProcessor)
  }
}
