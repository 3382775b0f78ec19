/// What a call of rustc, or of clippy's driver, means to the cache. Total: every list of words gives a
/// value or a rejection; the reasons have Mozilla's names where it has one.
///
/// - Parameter host: the machine's own target triple.
package func parseCrate(
  _ invocation: Invocation, host: String, files: some FileReading
) throws(Rejection) -> CrateCompilation {
  var builder = CrateBuilder(host: host, files: files)
  var scanner = RustOptionScanner(
    try builder.expanded(withoutLauncherWord(invocation.arguments)))
  while let option = try scanner.next() { try builder.take(option) }
  return try builder.finish()
}

/// cargo puts the name of the compiler that it would have called in front of the arguments of
/// `RUSTC_WORKSPACE_WRAPPER`: clippy's driver takes it away again.
package func withoutLauncherWord(_ arguments: [String]) -> [String] {
  guard let first = arguments.first, first == "rustc" || first.hasSuffix("/rustc") else {
    return arguments
  }
  return Array(arguments.dropFirst())
}

/// Collects what the options say.
struct CrateBuilder<Files: FileReading> {
  let host: String
  let files: Files

  private var crateName: String?
  private var inputs: [String] = []
  private var outDirectory: String?
  private var products: Set<CrateCompilation.Product>?
  private var crateTypes: [CrateCompilation.CrateType] = []
  private var isTest = false
  private var target: String?
  private var externs: [CrateCompilation.Extern] = []
  private var staticLibraries: [CrateCompilation.StaticLibrary] = []
  private var nativeDirectories: [String] = []
  private var crateDirectories: [String] = []
  private var looksForCrates = false
  private var keyArguments: [String] = []
  private var extraInputs: [String] = []
  private var extraFileName = ""
  private var usesNativeProcessor = false
  private var hidesPaths = false
  private var isBoundToPlaces = false
  private var remapped: [String] = []
  /// Only some of the paths are remapped.
  private var isScoped = false
  private var splitDebugInformation = CrateCompilation.SplitDebugInformation.off
  private var diagnostics = CrateCompilation.Diagnostics()
  private var linking = CrateCompilation.Linking()

  init(host: String, files: Files) {
    self.host = host
    self.files = files
  }

  /// A file of `@file` holds one word a line, and `@` in it is nothing special.
  func expanded(_ words: [String]) throws(Rejection) -> [String] {
    guard words.contains(where: { $0.begins(with: "@") }) else { return words }
    var result: [String] = []
    for word in words {
      guard let path = word.remainder(after: "@") else {
        result.append(word)
        continue
      }
      guard let text = files.text(of: path) else { throw .cannotCache("@") }
      var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        .map { line in
          String(Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
        }
      if lines.last == "" { lines.removeLast() }
      result += lines
    }
    return result
  }

  mutating func take(_ option: RustOption) throws(Rejection) {
    let value = option.value ?? ""
    switch option.name {
    case "":
      if value == "-" { throw .cannotCache("-") }
      inputs.append(value)
    case "help", "version", "print", "explain", "pretty", "unpretty": throw .notCompilation
    case "crate-name": crateName = value
    case "out-dir": outDirectory = value
    case "o": throw .cannotCache("-o")
    case "sysroot": throw .cannotCache("--sysroot")
    case "emit": try takeEmit(value)
    case "crate-type": try takeCrateTypes(value)
    case "test": isTest = true
    case "target":
      // A target's specification beside the input would be read for a name, too.
      if !value.hasSuffix(".json"), files.text(of: value + ".json") != nil {
        throw .cannotCache("target unsure")
      }
      if value.hasSuffix(".json") { extraInputs.append(value) }
      target = value
    case "extern": takeExtern(value)
    case "L": try takeDirectory(value)
    case "l":
      takeLibrary(value)
      keep(option)
    case "codegen": try takeCodegen(value)
    case "Z": try takeUnstable(value)
    case "error-format":
      diagnostics.isJSON = value == "json"
      keep(option)
    case "color":
      switch value {
      case "always": diagnostics.colour = .always
      case "never": diagnostics.colour = .never
      default: diagnostics.colour = .automatic
      }
    case "diagnostic-width": diagnostics.width = value
    case "remap-path-scope":
      isScoped = true
      keep(option)
    case "remap-path-prefix":
      // The last `=` is the one that counts; rustc refuses a value without one.
      if let equals = value.lastIndex(of: "=") { remapped.append(String(value[..<equals])) }
      keep(option)
    case "verbose": throw .cannotCache("-v")
    // `-g` and `-O` among them, and lints, `--cfg`, `--edition` …
    default: keep(option)
    }
  }

  private mutating func keep(_ option: RustOption) {
    keyArguments.append(option.value.map { "\(option.name)=\($0)" } ?? option.name)
  }

  private mutating func takeEmit(_ value: String) throws(Rejection) {
    guard products == nil else { throw .cannotCache("more than one --emit") }
    var found: Set<CrateCompilation.Product> = []
    for word in value.split(separator: ",", omittingEmptySubsequences: false) {
      guard let product = CrateCompilation.Product(rawValue: String(word)) else {
        throw .cannotCache("unsupported --emit")
      }
      found.insert(product)
    }
    products = found
  }

  private mutating func takeCrateTypes(_ value: String) throws(Rejection) {
    for word in value.split(separator: ",", omittingEmptySubsequences: false) {
      guard let type = CrateCompilation.CrateType(rawValue: String(word)) else {
        throw .cannotCache("crate-type")
      }
      if !crateTypes.contains(type) { crateTypes.append(type) }
    }
  }

  private mutating func takeExtern(_ value: String) {
    if let (name, path) = value.splitAtFirstEquals() {
      externs.append(CrateCompilation.Extern(name: name, path: path))
    } else {
      externs.append(CrateCompilation.Extern(name: value, path: nil))
    }
  }

  private mutating func takeDirectory(_ value: String) throws(Rejection) {
    let kinds = ["dependency", "crate", "native", "framework", "all"]
    let parts = value.splitAtFirstEquals()
    let kind = parts.map(\.left).flatMap { kinds.contains($0) ? $0 : nil }
    let path = kind == nil ? value : parts?.right ?? value
    if kind == "framework" { throw .cannotCache("-L framework") }
    if kind != "dependency", kind != "crate" { nativeDirectories.append(path) }
    if kind != "native" { crateDirectories.append(path) }
    if kind != "native", kind != "dependency" { looksForCrates = true }
  }

  /// `[KIND[:MODIFIERS]=]NAME[:RENAME]`
  private mutating func takeLibrary(_ value: String) {
    guard let (kind, name) = value.splitAtFirstEquals() else { return }
    let words = kind.split(separator: ":", maxSplits: 1)
    guard words.first == "static" || words.first == "static-nobundle" else { return }
    let modifiers = words.count > 1 ? words[1].split(separator: ",") : []
    let renamed = name.split(separator: ":", maxSplits: 1).last.map(String.init) ?? name
    staticLibraries.append(
      CrateCompilation.StaticLibrary(name: renamed, isVerbatim: modifiers.contains("+verbatim")))
  }

  private mutating func takeCodegen(_ text: String) throws(Rejection) {
    let parts = text.splitAtFirstEquals()
    // `-C opt_level` is `-C opt-level`.
    let name = String((parts?.left ?? text).map { $0 == "_" ? "-" : $0 })
    let value = parts?.right
    guard Self.codegenOptions.contains(name) else { throw .cannotCache("-C \(name)") }
    switch name {
    case "help": throw .notCompilation
    case "incremental": throw .cannotCache("incremental")
    case "save-temps", "remark": throw .cannotCache("-C \(name)")
    case "extra-filename":
      guard let value else { throw .cannotCache("extra-filename") }
      extraFileName = value
    case "split-debuginfo":
      guard
        let kind = CrateCompilation.SplitDebugInformation(rawValue: value ?? ""),
        kind == .off || CrateFileNames.isELF(target ?? host)
      else { throw .cannotCache("-C split-debuginfo") }
      splitDebugInformation = kind
    case "profile-use":
      if let value { extraInputs.append(value) }
    case "target-cpu":
      usesNativeProcessor = value == "native"
    case "linker": linking.linker = value
    case "linker-flavor": linking.flavor = value
    case "link-arg": linking.arguments.append(value ?? "")
    case "link-args":
      linking.arguments += (value ?? "").split(separator: " ").map(String.init)
    case "llvm-args":
      // Some read profiles, load libraries or write reports.
      let words = (value ?? "").split(separator: " ")
      guard
        !words.contains(where: { $0.contains("/") || $0.contains("file") || $0.contains("load") })
      else { throw .cannotCache("-C llvm-args") }
      hidesPaths = true
    case "instrument-coverage", "profile-generate", "passes": hidesPaths = true
    case "rpath": isBoundToPlaces = true
    default: break
    }
    keyArguments.append("codegen=\(name)" + (value.map { "=\($0)" } ?? ""))
  }

  private mutating func takeUnstable(_ text: String) throws(Rejection) {
    let name = String((text.splitAtFirstEquals()?.left ?? text).map { $0 == "_" ? "-" : $0 })
    if name == "help" || name == "ls" { throw .notCompilation }
    guard Self.unstableOptions.contains(name) else { throw .cannotCache("-Z \(name)") }
    keyArguments.append("Z=\(text)")
  }

  /// `rustc -C help` of 1.63 to 1.97.
  private static var codegenOptions: Set<String> {
    [
      "ar", "code-model", "codegen-units", "collapse-macro-debuginfo", "control-flow-guard",
      "debug-assertions", "debuginfo", "default-linker-libraries", "dlltool", "dwarf-version",
      "embed-bitcode", "extra-filename", "force-frame-pointers", "force-unwind-tables", "help",
      "incremental", "inline-threshold", "instrument-coverage", "jump-tables", "link-arg",
      "link-args", "link-dead-code", "link-self-contained", "linker", "linker-features",
      "linker-flavor", "linker-plugin-lto", "llvm-args", "lto", "metadata",
      "no-prepopulate-passes", "no-redzone", "no-stack-check", "no-vectorize-loops",
      "no-vectorize-slp", "opt-level", "overflow-checks", "panic", "passes", "prefer-dynamic",
      "profile-generate", "profile-use", "relocation-model", "relro-level", "remark", "rpath",
      "save-temps", "soft-float", "split-debuginfo", "strip", "symbol-mangling-version",
      "target-cpu", "target-feature", "unsafe-allow-abi-mismatch",
    ]
  }

  /// Those that write no other file and read none: all others run uncached.
  private static var unstableOptions: Set<String> {
    [
      "allow-features", "always-encode-mir", "annotate-moves", "branch-protection",
      "cf-protection", "crate-attr", "cross-crate-inline-threshold", "dylib-lto", "fewer-names",
      "fmt-debug", "function-sections", "inline-mir", "location-detail", "macro-backtrace",
      "min-function-alignment", "mir-enable-passes", "mir-opt-level", "mutable-noalias",
      "next-solver", "no-embed-metadata", "embed-metadata", "no-jump-tables", "oom",
      "panic-abort-tests", "panic-in-drop", "plt", "polonius", "proc-macro-backtrace",
      "randomize-layout", "relax-elf-relocations", "saturating-float-casts", "share-generics",
      "strict-init-checks", "thinlto", "threads", "tls-model", "trap-unreachable",
      "treat-err-as-bug", "tune-cpu", "ub-checks", "unstable-options", "verify-llvm-ir",
    ]
  }

  // MARK: the whole

  func finish() throws(Rejection) -> CrateCompilation {
    guard let crateName else { throw .cannotCache("missing crate_name") }
    guard inputs.count <= 1 else { throw .cannotCache("multiple input files") }
    guard let input = inputs.first else { throw .cannotCache("missing input") }
    guard let products else { throw .cannotCache("missing emit") }
    guard products.contains(.link) || products.contains(.metadata) else { throw .notCompilation }
    guard let outDirectory else { throw .cannotCache("missing output_dir") }
    let types = crateTypes.isEmpty ? [.bin] : crateTypes
    let names = CrateFileNames(
      crate: crateName, extra: extraFileName, target: target ?? host, directory: outDirectory)
    guard var outputs = names.outputs(products, isTest ? [.bin] : types, isTest: isTest) else {
      throw .cannotCache("crate-type")
    }
    if splitDebugInformation == .packed {
      outputs += outputs.filter(\.isExecutable).map {
        Output(name: $0.name + ".dwp", path: $0.path + ".dwp", isRequired: false)
      }
    }
    // Sections of debug information that are compressed, too.
    let compresses = linking.arguments.contains { $0.contains("compress-debug-sections") }
    // The metadata of dynamic libraries is compressed.
    let isDynamic =
      products.contains(.link) && types.contains { $0 == .dylib || $0 == .procMacro }
    return CrateCompilation(
      crateName: crateName, input: input, outDirectory: outDirectory, products: products,
      crateTypes: types, isTest: isTest, target: target, externs: externs,
      staticLibraries: staticLibraries, nativeDirectories: nativeDirectories,
      crateDirectories: crateDirectories, looksForCrates: looksForCrates, outputs: outputs,
      keyArguments: keyArguments + ["name=\(crateName)"] + types.map { "type=\($0.rawValue)" }
        + products.map { "emit=\($0.rawValue)" }.sorted() + (isTest ? ["test"] : [])
        + (target.map { ["target=\($0)"] } ?? []),
      extraInputs: extraInputs, usesNativeProcessor: usesNativeProcessor,
      hidesPaths: hidesPaths, packsPaths: isDynamic || compresses,
      isBoundToPlaces: isBoundToPlaces,
      remapped: isScoped ? [] : remapped,
      splitDebugInformation: splitDebugInformation, diagnostics: diagnostics, linking: linking)
  }
}
