import CacheKey
import Platform

/// A rustc, or clippy's driver, as it is installed now.
struct RustToolchain: Sendable {
  /// The machine's own target triple.
  let host: String
  /// Of the driver, the libraries that it is made of, and the standard library of the target.
  let digest: Digest
  /// The files behind the digest, and those that choose the toolchain.
  let parts: [CompilerPart]
  let sysroot: String
  /// Where the target's standard library lies.
  let standardLibrary: String

  /// Those whose libraries are behind the digest.
  var directories: [String] { [standardLibrary, sysroot + "/lib"] }

  /// Nothing was replaced since.
  var isInPlace: Bool { parts.allSatisfy(\.isInPlace) }
}

/// What the answer to "which toolchain is this" depends on.
struct RustQuestion: Hashable, Sendable {
  /// Absolute.
  var program: String
  /// `--target`; nil: the machine's own.
  var target: String?
  /// What chooses among rustup's toolchains: `NAME=value` each.
  var environment: [[UInt8]]
  /// Where rustup looks for a file that names a toolchain; nil where nothing is looked for.
  var directory: String?

  static let variables = ["RUSTUP_TOOLCHAIN", "RUSTUP_HOME", "HOME"]

  init(_ program: String, target: String?, _ call: Call) {
    self.program = program
    self.target = target
    let isProxy = Rustup.isProxy(program)
    // Not LD_LIBRARY_PATH: cargo sets it anew for each crate; the driver finds its own libraries beside it.
    environment = isProxy ? call.environment.variables(named: Self.variables) : []
    directory =
      isProxy && call.environment.bytes("RUSTUP_TOOLCHAIN") == nil ? call.directory : nil
  }
}

/// The proxies that rustup puts in PATH: each starts the program of its name of the toolchain that is chosen
/// by `+name`, `RUSTUP_TOOLCHAIN`, `rust-toolchain.toml` and settings, in that order (the rustup book,
/// "Overrides").
enum Rustup {
  /// A link to rustup, symbolic or hard.
  static func isProxy(_ program: String) -> Bool {
    guard let stamp = FileStamp(path: program) else { return false }
    if let resolved = ProgramLookup.realPath(program), Path.name(of: resolved) == "rustup" {
      return true
    }
    let sibling = Path.join(Path.directory(of: program), "rustup")
    return FileStamp(path: sibling).map { $0.device == stamp.device && $0.inode == stamp.inode }
      ?? false
  }

  /// Files whose coming, going or changing can choose another toolchain for a directory.
  static func choosers(
    directory: String?, environment: RequestEnvironment
  ) -> [String] {
    let home =
      environment.value("RUSTUP_HOME")
      ?? environment.value("HOME").map { Path.join($0, ".rustup") } ?? ""
    var found = home.isEmpty ? [] : [Path.join(home, "settings.toml")]
    guard var place = directory else { return found }
    while true {
      found += ["rust-toolchain", "rust-toolchain.toml"].map { Path.join(place, $0) }
      if place == "/" || place.isEmpty { return found }
      place = Path.directory(of: place)
    }
  }
}

/// Asks a rustc what it is, by running it.
struct RustProber: Sendable {
  let files: FileRecords

  func identify(_ question: RustQuestion, _ call: Call) -> RustToolchain? {
    let rustc = compiler(of: question.program)
    guard let version = run(rustc, ["-vV"], call),
      let sysroot = run(rustc, ["--print", "sysroot"], call),
      let host = version.split(separator: "\n").first(where: { $0.hasPrefix("host: ") })?.dropFirst(
        6),
      sysroot.hasPrefix("/")
    else { return nil }
    var parts = PartList(files: files)
    let isProxy = Rustup.isProxy(question.program)
    let driver =
      isProxy ? "\(sysroot)/bin/\(Path.name(of: question.program))" : question.program
    guard parts.add(driver, role: "driver") else { return nil }
    if isProxy {
      parts.watch(question.program)
      for path in Rustup.choosers(directory: question.directory, environment: call.environment) {
        parts.watch(path)
      }
    }
    // rustc is a small program around `librustc_driver`, which has LLVM beside it.
    parts.addLibraries(of: driver) { name in
      ["librustc", "libLLVM", "libstd"].contains(where: name.hasPrefix)
    }
    let target = question.target.map(TargetSpecifications.name) ?? String(host)
    let library = "\(sysroot)/lib/rustlib/\(target)/lib"
    addStandardLibrary(library, to: &parts)
    // The installation may describe a target of its own.
    let description = "\(sysroot)/lib/rustlib/\(target)/target.json"
    parts.watch(description)
    if FileStamp(path: description) != nil { parts.add(description, role: "target") }
    addLinker("\(sysroot)/lib/rustlib/\(host)/bin", to: &parts)
    parts.note(version)
    // With the standard library's sources at hand rustc writes where they lie, else a name that is the same
    // everywhere (`real_rust_source_base_dir` of its session).
    let sources = "\(sysroot)/lib/rustlib/src/rust/library/std/src/lib.rs"
    parts.watch(sources)
    if FileStamp(path: sources) != nil { parts.note("sources: \(sysroot)") }
    guard parts.isComplete else { return nil }
    return RustToolchain(
      host: String(host), digest: parts.digest(), parts: parts.parts,
      sysroot: sysroot, standardLibrary: library)
  }

  /// clippy's driver is asked through the rustc beside it: it takes a question for a compilation.
  private func compiler(of program: String) -> String {
    guard Path.name(of: program).hasPrefix("clippy-driver") else { return program }
    return Path.join(Path.directory(of: program), "rustc")
  }

  private func addStandardLibrary(_ directory: String, to parts: inout PartList) {
    // A target without one is compiled for by crates that have no standard library.
    parts.watch(directory)
    for name in (Files.names(in: directory) ?? []).sorted()
    where [".rlib", ".so", ".rmeta", ".o", ".a"].contains(where: name.hasSuffix) {
      parts.add(Path.join(directory, name), role: name)
    }
  }

  /// rustc brings a linker and what else works on objects.
  private func addLinker(_ directory: String, to parts: inout PartList) {
    for place in [directory, directory + "/gcc-ld"] {
      parts.watch(place)
      for name in (Files.names(in: place) ?? []).sorted() {
        let path = Path.join(place, name)
        if FileStamp(path: path)?.isRegular ?? false { parts.add(path, role: name) }
      }
    }
  }

  /// What the processor is that `native` stands for: its name, and its features.
  func nativeProcessor(_ program: String, target: String?, _ call: Call) -> Digest? {
    let rustc = compiler(of: program)
    let place = target.map { ["--target", $0] } ?? []
    guard
      let features = run(rustc, ["--print", "cfg", "-C", "target-cpu=native"] + place, call),
      let names = run(rustc, ["--print", "target-cpus"] + place, call)
    else { return nil }
    var hash = SHA256()
    hash.field(features)
    hash.field(names.split(separator: "\n").first { $0.contains("native") }.map(String.init) ?? "")
    return hash.finish()
  }

  /// What links for a target. Stable compilers tell only those who allow unstable features.
  func linking(
    _ program: String, target: String, _ call: Call
  ) -> RustRegistry.TargetLinking? {
    let words = ["-Z", "unstable-options", "--print", "target-spec-json", "--target", target]
    guard
      let text = run(compiler(of: program), words, call, adding: [Array("RUSTC_BOOTSTRAP=1".utf8)]),
      let flavor = TargetSpecifications.field("linker-flavor", of: text)
    else { return nil }
    return RustRegistry.TargetLinking(
      linker: TargetSpecifications.field("linker", of: text), flavor: flavor)
  }

  /// Standard output without its last line feed; nil when it fails.
  private func run(
    _ program: String, _ arguments: [String], _ call: Call, adding variables: [[UInt8]] = []
  ) -> String? {
    guard
      let result = try? Spawn.run(
        program, arguments,
        environment: call.environment.variables(running: program, setting: variables),
        directory: call.directory, timeoutSeconds: 60, outputLimit: 1 << 20),
      result.isSuccess, let text = String(validating: result.output, as: UTF8.self)
    else { return nil }
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }
}
