import CacheKey
import Compilers
import Logging
import Platform
import Settings
import Wire

extension CompilePipeline {
  /// The names by which cargo calls compilers of Rust.
  static func isRustCompiler(_ program: String) -> Bool {
    let name = Path.name(of: program)
    return name == "rustc" || name.hasPrefix("rustc-") || name.hasPrefix("rustc_")
      || name == "clippy-driver"
  }

  /// Serves a call of rustc to its end.
  func handleCrate(_ call: Call, _ program: String, started: Int64) {
    // cargo asks for versions and file names, too.
    guard call.arguments.contains(where: { $0.hasPrefix("--emit") || $0.hasPrefix("@") }) else {
      refuse(call, program, .notCompilation)
      return
    }
    let files = CallerFiles(directory: call.directory)
    guard let native = rust.toolchain(RustQuestion(program, target: nil, call), call) else {
      statistics.record { $0.unsupportedCompiler() }
      decline(call, program)
      return
    }
    let crate: CacheableCrate
    do throws(Rejection) {
      let compilation = try parseCrate(
        Invocation(arguments: call.arguments, directory: call.directory), host: native.host,
        files: files)
      crate = try cacheable(call, program, compilation, native: native)
    } catch {
      refuse(call, program, error)
      return
    }
    statistics.record { $0.executed() }
    if call.settings.noCache {
      answerUncached(runCrate(crate, added: [], isRecorded: false), to: call)
    } else {
      lookUpCrate(crate, started: started)
    }
  }

  private func lookUpCrate(_ crate: CacheableCrate, started: Int64) {
    let key = crate.inputs.manifestKey
    if crate.call.settings.recache {
      statistics.record { $0.forcedRecache() }
    } else if serveDirect(crate, key, started: started) {
      return
    }
    fly(crate, flight: key, again: { self.serveDirect(crate, key, started: Clock.monotonic) }) {
      self.compileAndStoreCrate(crate, key)
    }
  }

  // MARK: what selects the result

  /// - Parameter native: the toolchain for the machine itself, where it was looked up for this call already.
  func cacheable(
    _ call: Call, _ program: String, _ compilation: CrateCompilation,
    native known: RustToolchain? = nil
  ) throws(Rejection) -> CacheableCrate {
    let isClippy = Path.name(of: program) == "clippy-driver"
    // Such lints read Cargo.toml, which no list names.
    if isClippy, call.environment.value("CLIPPY_ARGS")?.contains("clippy::cargo") ?? false {
      throw .cannotCache("clippy::cargo")
    }
    var compilation = compilation
    let remaps =
      call.settings.remapsBaseDirectories
      ? compilation.remap(call.settings.baseDirectories, in: call.directory) : []
    let native = compilation.target == nil ? known : nil
    guard
      let toolchain = native
        ?? rust.toolchain(RustQuestion(program, target: compilation.target, call), call)
    else { throw .cannotCache("compiler can't be identified with these options") }
    let linker =
      compilation.isLinked ? try self.linker(compilation, program, toolchain, call) : nil
    var processor: Digest?
    if compilation.usesNativeProcessor {
      processor = rust.nativeProcessor(toolchain, program, target: compilation.target, call)
      guard processor != nil else { throw .cannotCache("target-cpu=native") }
    }
    let outDirectories = call.environment.value("OUT_DIR").map { [$0] } ?? []
    let artifacts =
      [compilation.outDirectory] + compilation.crateDirectories + compilation.nativeDirectories
    let places = Places(
      directory: call.directory,
      baseDirectories: (call.settings.baseDirectories + outDirectories + artifacts)
        .filter { $0.hasPrefix("/") },
      paths: [compilation.input] + artifacts + outDirectories + compilation.keyArguments)
    var inputs = CrateKeyInputs(
      compiler: toolchain.digest, compilation: compilation, nativeProcessor: processor,
      environment: [], externs: try externs(compilation, call),
      libraries: try staticLibraries(compilation, call), places: places)
    inputs.environment = crateEnvironment(call, compilation, isClippy: isClippy)
    inputs.externs += try extraFiles(compilation, call)
    let extra = ExtraInputs(call)
    inputs.externs += try extra.contents(
      ExtraInputs.items(call.settings.rustExtraInputs, for: compilation.crateName)
    ) { content($0, call) }
    if let linker { inputs.libraries.append(("linker", linker.digest)) }
    return CacheableCrate(
      call: call, program: program, toolchain: toolchain, compilation: compilation, inputs: inputs,
      presentation: crateDiagnostics(call, compilation), isClippy: isClippy, linker: linker,
      remaps: remaps,
      sourceDirectories: Set(
        (outDirectories + call.settings.baseDirectories).map {
          $0.last == "/" ? String($0.dropLast()) : $0
        }))
  }

  private func content(_ path: String, _ call: Call) -> Digest? {
    let absolute = Path.absolute(path, in: call.directory)
    guard let stamp = FileStamp(path: absolute), stamp.isRegular else { return nil }
    return files.contentDigest(absolute, stamp)
  }

  private func externs(
    _ compilation: CrateCompilation, _ call: Call
  ) throws(Rejection) -> [(name: String, content: Digest)] {
    var found: [(name: String, content: Digest)] = []
    for crate in compilation.externs {
      guard let path = crate.path else {
        // The compiler's own: `proc_macro`. Any other one would be looked for.
        let name = crate.name.split(separator: ":").last.map(String.init) ?? crate.name
        guard ["proc_macro", "std", "core", "alloc", "test"].contains(name) else {
          throw .cannotCache("extern without a path")
        }
        found.append((crate.name, Digest.of([])))
        continue
      }
      guard let content = content(path, call) else { throw .cannotCache("missing extern") }
      // rustc takes a name's ending for the file's kind.
      let kind = path.split(separator: ".").last.map(String.init) ?? ""
      found.append(("\(crate.name).\(kind)", content))
    }
    return found
  }

  private func staticLibraries(
    _ compilation: CrateCompilation, _ call: Call
  ) throws(Rejection) -> [(name: String, content: Digest)] {
    var found: [(name: String, content: Digest)] = []
    for library in compilation.staticLibraries {
      guard
        let content = compilation.places(of: library).lazy
          .compactMap({ self.content($0, call) }).first
      else { throw .cannotCache("missing static library") }
      found.append((library.name, content))
    }
    return found
  }

  /// Files that count without standing in rustc's list.
  func extraPaths(_ compilation: CrateCompilation, _ call: Call) -> [String] {
    let specification = TargetSpecifications.file(of: compilation.target, call).map { [$0] } ?? []
    return compilation.extraInputs + specification + call.settings.extraFiles
  }

  private func extraFiles(
    _ compilation: CrateCompilation, _ call: Call
  ) throws(Rejection) -> [(name: String, content: Digest)] {
    var found: [(name: String, content: Digest)] = []
    for (index, path) in extraPaths(compilation, call).enumerated() {
      guard let content = content(path, call) else { throw .cannotCache("missing extra file") }
      found.append(("extra \(index)", content))
    }
    return found
  }

  /// Variables that can reach an output without showing in rustc's list: procedural macros read the
  /// environment as they please, and clippy its own.
  func crateEnvironment(
    _ call: Call, _ compilation: CrateCompilation, isClippy: Bool
  ) -> [String] {
    var names = [
      "LD_PRELOAD", "RUSTC_BOOTSTRAP", "RUST_TARGET_PATH", "RUSTC_FORCE_RUSTC_VERSION",
      "RUSTC_OVERRIDE_VERSION_STRING", "SDKROOT", "MACOSX_DEPLOYMENT_TARGET",
      "IPHONEOS_DEPLOYMENT_TARGET", "TVOS_DEPLOYMENT_TARGET", "WATCHOS_DEPLOYMENT_TARGET",
    ]
    if compilation.isLinked { names += LinkerRegistry.variables.filter { $0 != "PATH" } }
    if isClippy { names += ["CLIPPY_ARGS", "CLIPPY_CONF_DIR", "CLIPPY_DISABLE_DOCS_LINKS"] }
    var variables: [[UInt8]] = []
    // A macro can come from behind any crate: serde has those of serde_derive.
    let runsMacros = compilation.externs.contains { $0.path != nil }
    if runsMacros {
      names += [
        "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_MANIFEST_LINKS", "CARGO_CRATE_NAME",
        "CARGO_BIN_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR",
      ]
      variables += call.environment.variables(withPrefix: "CARGO_PKG_")
      variables += call.environment.variables(withPrefix: "CARGO_BIN_EXE_")
    } else if isClippy {
      names.append("CARGO_MANIFEST_DIR")
    }
    var found = variables.map { String(decoding: $0, as: UTF8.self) }
    for name in names {
      if let value = call.environment.bytes(name) {
        found.append("\(name)=\(String(decoding: value, as: UTF8.self))")
      }
    }
    return found.sorted()
  }

  /// To whom a message looks the same: rustc knows no languages.
  private func crateDiagnostics(_ call: Call, _ compilation: CrateCompilation) -> Presentation {
    let diagnostics = compilation.diagnostics
    var hash = SHA256()
    hash.field(diagnostics.width ?? "")
    let isColoured =
      switch diagnostics.colour {
      case .always: true
      case .never: false
      case .automatic:
        !diagnostics.isJSON && call.errorsGoToTerminal
          && call.environment.value("TERM").map { $0 != "dumb" } ?? false
      }
    return Presentation(locale: hash.finish(), isColoured: isColoured)
  }
}
