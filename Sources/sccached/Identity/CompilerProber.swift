import CacheKey
import Compilers
import Glibc
import Platform

/// Where a compiler looks for headers by itself, and what it includes without being told.
struct BuiltInSearch: Sendable {
  /// In the compiler's order, those that did not exist first: where they belong, it does not say.
  var directories: [String]
  /// Of the directories, those that did not exist.
  var missing: [String] = []
  var implicitIncludes: [String]
}

/// Asks compilers what they are, by running them.
struct CompilerProber: Sendable {
  let files: FileRecords
  /// A private directory for the probe's source file.
  let runtimeDirectory: String

  // MARK: identity

  func identify(
    _ question: CompilerRegistry.Question, directory: String, environment: RequestEnvironment
  ) -> CompilerIdentity? {
    guard let compiler = detect(question, directory: directory, environment: environment) else {
      return nil
    }
    var parts = PartList(files: files)
    guard parts.add(question.program, role: "driver") else { return nil }
    var scripts = ScriptReader(environment: environment, directory: directory)
    let called = scripts.programs(of: question.program)
    for found in called { parts.add(found, role: "script") }
    for variable in scripts.variables { parts.note("\(variable.name)=\(variable.value ?? "")") }
    var variables = scripts.variables
    if let emscripten = Emscripten(
      scripts: [question.program] + called, directory: directory, environment: environment)
    {
      emscripten.add(to: &parts)
      variables += emscripten.variables.map { ($0, environment.value($0)) }
      addStarted(&parts, question, directory: directory, environment: environment)
    }
    watchDirectories(question, &parts, directory: directory, environment: environment)
    let run = { (arguments: [String]) -> String? in
      self.run(question, arguments, directory: directory, environment: environment)
    }
    switch compiler.family {
    case .gcc: addGCC(&parts, run, environment: environment, directory: directory)
    case .clang: addClang(&parts, question, run, environment: environment, directory: directory)
    }
    addSpecs(question, &parts, run, directory: directory)
    parts.note(compiler.version)
    return parts.isComplete
      ? CompilerIdentity(
        compiler: compiler, digest: parts.digest(), parts: parts.parts,
        properParts: parts.properParts, variables: variables,
        isScript: ScriptReader.isScript(question.program)) : nil
  }

  /// The programs that a dry run names: `emcc` starts one clang for C and another for C++, and does
  /// not pass on the question for clang's own path.
  private func addStarted(
    _ parts: inout PartList, _ question: CompilerRegistry.Question, directory: String,
    environment: RequestEnvironment
  ) {
    var scripts = ScriptReader(environment: environment, directory: directory)
    for source in [probePath, "/dev/null"] {
      guard
        let result = runProcess(
          question, ["-v", "-###", "-c", source, "-o", "/dev/null"], directory: directory,
          environment: environment)
      else { continue }
      let text = String(decoding: result.errors, as: UTF8.self)
      for name in Detection.startedPrograms(fromDryRun: text) {
        guard
          let path = ProgramLookup.find(name, directory: directory, environment: environment)
        else { continue }
        parts.add(path, role: "started")
        addLibraries(of: path, to: &parts)
        for found in scripts.programs(of: path) { parts.add(found, role: "script") }
      }
    }
  }

  private var probePath: String { runtimeDirectory + "/probe-\(getpid()).c" }

  /// What the program says it is; nil when it is none of ours.
  func detect(
    _ question: CompilerRegistry.Question, directory: String, environment: RequestEnvironment
  ) -> Compiler? {
    let path = probePath
    guard
      (try? Files.write(
        Array(Detection.probeSource.utf8), to: path, temporary: "\(path).\(Clock.now)", mode: 0o600))
        != nil
    else { return nil }
    guard
      let result = runProcess(
        question, ["-E", path], directory: directory, environment: environment),
      result.isSuccess
    else { return nil }
    return Detection.compiler(fromProbe: String(decoding: result.output, as: UTF8.self))
  }

  /// Directories in which a program of the compiler could newly appear: `-B`, `COMPILER_PATH`,
  /// `GCC_EXEC_PREFIX`.
  private func watchDirectories(
    _ question: CompilerRegistry.Question, _ parts: inout PartList, directory: String,
    environment: RequestEnvironment
  ) {
    var paths: [String] = []
    for (index, argument) in question.identityArguments.enumerated() where argument.hasPrefix("-B")
    {
      let joined = String(argument.dropFirst(2))
      let next =
        index + 1 < question.identityArguments.count ? question.identityArguments[index + 1] : ""
      paths.append(joined.isEmpty ? next : joined)
    }
    for name in ["COMPILER_PATH", "GCC_EXEC_PREFIX"] {
      paths += (environment.value(name) ?? "").split(separator: ":").map(String.init)
    }
    for path in paths {
      let absolute = Path.absolute(path, in: directory)
      parts.watch(absolute)
      // A prefix need not end at a directory: `-Bx/arm-`.
      parts.watch(Path.directory(of: absolute))
    }
  }

  /// Specs files that the command line names; gcc looks for them in its own directories, too.
  private func addSpecs(
    _ question: CompilerRegistry.Question, _ parts: inout PartList, _ run: ([String]) -> String?,
    directory: String
  ) {
    for argument in question.identityArguments {
      guard let equals = argument.firstIndex(of: "="), argument[..<equals].hasSuffix("-specs")
      else {
        continue
      }
      let name = String(argument[argument.index(after: equals)...])
      let own = Path.absolute(name, in: directory)
      if FileStamp(path: own) != nil {
        parts.add(own, role: "named specs")
      } else if let found = run(["-print-file-name=\(name)"]), found.contains("/") {
        parts.add(found, role: "named specs")
      }
    }
  }

  private func addGCC(
    _ parts: inout PartList, _ run: ([String]) -> String?, environment: RequestEnvironment,
    directory: String
  ) {
    for name in ["cc1", "cc1plus", "cc1obj", "cc1objplus", "as"] {
      guard let answer = run(["-print-prog-name=\(name)"]),
        let path = ProgramLookup.find(answer, directory: directory, environment: environment)
      else { continue }
      parts.proper = name == "as" ? nil : name
      let isAdded = parts.add(path, role: name, foundAs: Self.nameInPath(answer))
      if isAdded, name != "as" { addLibraries(of: path, to: &parts) }
    }
    parts.proper = nil
    if let specs = run(["-print-file-name=specs"]), specs.contains("/") {
      parts.add(specs, role: "specs")
    }
    // A specs file put there later must be noticed.
    if let library = run(["-print-libgcc-file-name"]), library.contains("/") {
      parts.watch(Path.directory(of: library))
    }
  }

  /// What a driver says of a program that it does not find among its own: the name alone, for PATH.
  private static func nameInPath(_ answer: String) -> String? {
    answer.contains("/") ? nil : answer
  }

  private func addClang(
    _ parts: inout PartList, _ question: CompilerRegistry.Question, _ run: ([String]) -> String?,
    environment: RequestEnvironment, directory: String
  ) {
    // The path as reported through any wrapper script.
    if let answer = run(["-print-prog-name=clang"]),
      let path = ProgramLookup.find(answer, directory: directory, environment: environment)
    {
      parts.add(path, role: "clang")
      addLibraries(of: path, to: &parts)
    }
    addLibraries(of: question.program, to: &parts)
    if let resources = run(["-print-resource-dir"]) { parts.note(Path.name(of: resources)) }
    if let result = runProcess(
      question, ["-v", "-E", "-x", "c", "/dev/null"], directory: directory, environment: environment
    ) {
      for line in String(decoding: result.errors, as: UTF8.self).split(separator: "\n")
      where line.hasPrefix("Configuration file: ") {
        parts.add(String(line.dropFirst(20)), role: "configuration")
      }
    }
    if let assembler = run(["-print-prog-name=as"]),
      let path = ProgramLookup.find(assembler, directory: directory, environment: environment)
    {
      // clang answers with the path where PATH led it, too.
      let inPath = ProgramLookup.find(
        Path.name(of: path), directory: directory, environment: environment)
      let isFromPath = inPath.map(ExactText.init) == ExactText(path)
      parts.add(path, role: "as", foundAs: isFromPath ? Path.name(of: path) : nil)
    }
  }

  /// The shared libraries of a program, but for those of the C library.
  private func addLibraries(of program: String, to parts: inout PartList) {
    let ordinary = ["libc.", "libm.", "libdl.", "libpthread.", "librt.", "ld-linux", "linux-vdso"]
    parts.addLibraries(of: program) { name in !ordinary.contains(where: name.hasPrefix) }
  }

  // MARK: search path and native options

  /// The arguments that change the built-in directories.
  static func searchArguments(_ arguments: [String]) -> [String] {
    var found: [String] = []
    var takesNext = false
    for argument in arguments {
      if takesNext {
        found.append(argument)
        takesNext = false
        continue
      }
      if argument == "-isysroot" || argument == "--sysroot" || argument == "-target" {
        found.append(argument)
        takesNext = true
      } else if ["-nostdinc", "-nostdinc++", "-nobuiltininc", "-nostdlibinc", "-ansi"].contains(
        argument)
        || argument.hasPrefix("-stdlib") || argument.hasPrefix("-isysroot")
        || argument.hasPrefix("--sysroot=") || argument.hasPrefix("--target=")
        || argument.hasPrefix("-m") || argument.hasPrefix("--gcc-toolchain")
      {
        found.append(argument)
      }
    }
    return found
  }

  func builtInSearch(
    _ question: CompilerRegistry.Question, _ compilation: Compilation, directory: String,
    environment: RequestEnvironment
  ) -> BuiltInSearch? {
    let arguments =
      Self.searchArguments(compilation.keyArguments)
      + ["-v", "-E", "-x", compilation.language.preprocessorName, "/dev/null"]
    guard
      let result = runProcess(
        question, arguments, directory: directory, environment: environment)
    else { return nil }
    let text = String(decoding: result.errors, as: UTF8.self)
    guard let found = Detection.searchDirectories(fromVerbose: text) else { return nil }
    let missing = Detection.missingDirectories(fromVerbose: text)
    return BuiltInSearch(
      directories: missing + found, missing: missing,
      implicitIncludes: Detection.implicitIncludes(
        fromPreprocessed: String(decoding: result.output, as: UTF8.self)))
  }

  func resolveNative(
    _ question: CompilerRegistry.Question, _ compiler: Compiler, _ compilation: Compilation,
    directory: String, environment: RequestEnvironment
  ) -> [String]? {
    let arguments =
      compilation.nativeArguments + ["-###", "-c", "-x", "c", "/dev/null", "-o", "/dev/null"]
    guard
      let result = runProcess(
        question, arguments, directory: directory, environment: environment),
      result.isSuccess
    else { return nil }
    return Detection.resolvedNative(
      fromDryRun: String(decoding: result.errors, as: UTF8.self), family: compiler.family)
  }

  // MARK: running

  /// The first line of what the compiler answers; nil when it fails or answers nothing.
  private func run(
    _ question: CompilerRegistry.Question, _ arguments: [String], directory: String,
    environment: RequestEnvironment
  ) -> String? {
    guard
      let result = runProcess(question, arguments, directory: directory, environment: environment),
      result.isSuccess,
      let line = String(decoding: result.output, as: UTF8.self).split(separator: "\n").first,
      !line.isEmpty
    else { return nil }
    return String(line)
  }

  private func runProcess(
    _ question: CompilerRegistry.Question, _ arguments: [String], directory: String,
    environment: RequestEnvironment
  ) -> ProcessResult? {
    // Include directories of the environment are the pipeline's to add, in their place.
    let dropped = CompilerEnvironment.includeVariables.map { Array("\($0)=".utf8) }
    var variables = environment.variables(running: question.program).filter { variable in
      !dropped.contains(where: { variable.starts(with: $0) })
    }.filter {
      !$0.starts(with: "LC_".utf8) && !$0.starts(with: "LANG".utf8)
        && !$0.starts(with: "DEPENDENCIES_OUTPUT=".utf8)
        && !$0.starts(with: "SUNPRO_DEPENDENCIES=".utf8)
    }
    variables.append(Array("LC_ALL=C".utf8))
    return try? Spawn.run(
      question.program, question.identityArguments + arguments, environment: variables,
      directory: directory, timeoutSeconds: 20, outputLimit: 16 << 20)
  }
}
