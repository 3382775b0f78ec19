/// What the arguments mean together.
extension CompilationBuilder {
  var table: OptionTable {
    switch compiler.family {
    case .gcc: .gcc
    case .clang: .clang
    }
  }

  mutating func finish() throws(Rejection) -> Compilation {
    guard compiles || precompiles, !asksOnly else { throw .notCompilation }
    if let refusal { throw refusal }
    try takePassedOnWords()
    guard !dependencies.isDangling(compiler.family) else { throw .cannotCache("-MF") }
    guard Set(architectures).count <= 1 else {
      throw .cannotCache("multiple different -arch, and SCCACHE_CACHE_MULTIARCH not set")
    }
    guard inputs.count < 2 else { throw .cannotCache("multiple input files") }
    guard let input = inputs.first, !input.path.isEmpty else {
      throw .cannotCache("no input file")
    }
    // Possible behind clang's `--`, but clang 14 and 19 themselves trip over it.
    guard !input.path.begins(with: "-") else { throw .cannotCache("--") }
    let language = try language(of: input)
    let product = product(of: language)
    let names = OutputNames(
      family: compiler.family, input: input.path, language: language, named: namedOutput,
      suffix: try suffix(of: product))
    addSensitivities(language: language, product: product)
    placeDirectories()
    return Compilation(
      language: language, product: product, input: input.path, primaryOutput: names.primary,
      outputs: outputs(names, language: language),
      // Neither compiler writes one for a language without headers.
      dependencyFile: language.isPreprocessed
        ? nil : dependencies.file(names: names, family: compiler.family),
      keyArguments: key, extraInputs: extraInputs,
      search: try search.finished(isCXX: language.isCXX), identityArguments: identity,
      nativeArguments: native, sensitivity: sensitivity, prefixMaps: prefixMaps, colour: colour,
      preprocessorArguments: preprocessing, explicitLanguage: input.language)
  }

  private func language(of input: (path: String, language: Language?)) throws(Rejection) -> Language
  {
    if let language = input.language { return language }
    guard let language = Language(path: input.path, treatsCAsCXX: compiler.treatsCAsCXX) else {
      throw .cannotCache("unknown source language")
    }
    return language
  }

  private func product(of language: Language) -> Compilation.Product {
    if precompiles { return .moduleInterface }
    return language.isHeader || emitsPrecompiledHeader ? .precompiledHeader : .object
  }

  private func suffix(of product: Compilation.Product) throws(Rejection) -> String {
    switch product {
    case .object: return emitsBitcode ? "bc" : "o"
    case .moduleInterface: return "pcm"
    case .precompiledHeader:
      guard compiler.family == .clang, namedOutput == nil else { return "gch" }
      // .gch up to 16, .pch in 19; when it changed was not measured.
      switch compiler.majorVersion {
      case ...16: return "gch"
      case 19...: return "pch"
      default: throw .cannotCache("-o")
      }
    }
  }

  private var prefixMaps: [Compilation.PrefixMap] {
    maps.filter { $0.kind == .file || $0.kind == .debug }.map(\.map)
  }

  private mutating func addSensitivities(language: Language, product: Compilation.Product) {
    // gcc before 11 takes -gsplit-dwarf for -g; later ones write the file all the same.
    let isOn = debug.isOn || (compiler.family == .gcc && debug.split != .none)
    if isOn || assemblesDebug {
      sensitivity.insert(.columns)
      if compiler.family == .gcc { sensitivity.insert(.producer) }
      if debug.split != .none { sensitivity.insert(.outputName) }
      let trustsMaps = !language.isAssembler && !assemblesDebug
      if !trustsMaps || holdsDirectory(.debug) { sensitivity.insert(.directory) }
    }
    if recordsProducer { sensitivity.insert(.producer) }
    if coverageMapping, holdsDirectory(.coverage) { sensitivity.insert(.directory) }
    guard product != .object else { return }
    // Both write absolute names of headers and directories; clang the headers' times as well.
    sensitivity.formUnion([.directory, .outputName, .columns])
    if compiler.family == .clang, !ignoresInputTimes { sensitivity.insert(.inputTimes) }
  }

  private func outputs(_ names: OutputNames, language: Language) -> [Output] {
    var result = [Output(name: "obj", path: names.primary, isRequired: true)]
    // clang writes the file only with debug information, gcc 11 and 12 always.
    let writesDebug = compiler.family == .gcc ? !language.isHeader : debug.isOn
    if debug.split == .separate, writesDebug {
      result.append(
        Output(name: "dwo", path: names.auxiliary("dwo"), isRequired: !language.isAssembler))
    }
    if notes {
      result.append(
        Output(name: "gcno", path: names.auxiliary("gcno"), isRequired: !language.isAssembler))
    }
    return result + sideOutputs.map { sideOutput($0.kind, value: $0.value, names) }
  }

  private func sideOutput(_ kind: SideOutput, value: String?, _ names: OutputNames) -> Output {
    switch kind {
    // clang writes no .su for a file without functions.
    case .stackUsage: return Output(name: "su", path: names.auxiliary("su"), isRequired: false)
    case .callGraph: return Output(name: "ci", path: names.auxiliary("ci"), isRequired: false)
    case .optimisationRecord:
      let path = names.optimisationRecord(format: value ?? "yaml")
      return Output(name: "opt", path: path, isRequired: false)
    case .namedOptimisationRecord:
      return Output(name: "opt", path: value ?? "", isRequired: false)
    case .timeTrace:
      return Output(
        name: "json", path: names.timeTrace(value, files: files), isRequired: false)
    case .diagnostics: return Output(name: "dia", path: value ?? "", isRequired: false)
    case .module:
      return Output(name: "module", path: value ?? names.auxiliary("pcm"), isRequired: true)
    }
  }
}
