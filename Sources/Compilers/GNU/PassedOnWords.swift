/// Words that the driver hands to one of its programs: `-Wp,`, `-Wa,`, `-Xclang`.
extension CompilationBuilder {
  mutating func takePassedOnWords() throws(Rejection) {
    try takePreprocessorWords()
    try takeAssemblerWords()
    try takeFrontEndWords()
  }

  /// Of `-Wp,` and `-Xpreprocessor` only what is understood is accepted: macros, include
  /// directories, warnings and the dependency file.
  private mutating func takePreprocessorWords() throws(Rejection) {
    guard !preprocessorWords.isEmpty else { return }
    var scanner = ArgumentScanner(
      try expandedDependencyWords(), table: table, family: compiler.family)
    while let argument = try scanner.next() {
      guard case .option(let option) = argument.kind else { throw .cannotCache("-Wp,") }
      switch option.role {
      case .dependency(let kind):
        try dependencies.take(kind, argument.value ?? "")
      case .include, .warning:
        try takeWrapped(argument, option, by: "-Xpreprocessor")
      case .key where ["-D", "-U", "-A"].contains(option.name):
        try takeWrapped(argument, option, by: "-Xpreprocessor")
      default: throw .cannotCache("-Wp,")
      }
    }
  }

  /// The preprocessor's `-MD` takes the file's name as its value, the driver's does not.
  private mutating func expandedDependencyWords() throws(Rejection) -> [String] {
    var result: [String] = []
    var rest = preprocessorWords[...]
    while let word = rest.popFirst() {
      result.append(word)
      guard word == "-MD" || word == "-MMD" else { continue }
      guard !dependencies.isWanted, !dependencies.bypassesDriver, let file = rest.popFirst() else {
        throw .cannotCache("-Wp,")
      }
      dependencies.bypassesDriver = true
      result += ["-MF", file]
    }
    return result
  }

  private mutating func takeAssemblerWords() throws(Rejection) {
    for word in assemblerWords {
      let writes = ["-a", "--MD", "-MD", "-o", "--statistics", "@", "--listing", "-v", "--verbose"]
      guard !writes.contains(where: word.begins(with:)) else { throw .cannotCache("-Wa,") }
      if word.begins(with: "-g") || word.begins(with: "--g") { assemblesDebug = true }
      key += ["-Xassembler", word]
    }
  }

  private mutating func takeFrontEndWords() throws(Rejection) {
    var scanner = ArgumentScanner(frontEnd, table: table, family: compiler.family)
    var followsPluginArgument = false
    while let argument = try scanner.next() {
      defer { followsPluginArgument = argument.name.begins(with: "-plugin-arg-") }
      switch argument.kind {
      case .input where followsPluginArgument: key += ["-Xclang", argument.name]
      case .input: throw .cannotCache("Can't handle Raw arguments with -Xclang")
      case .unknown: throw .cannotCache("Can't handle UnknownFlag arguments with -Xclang")
      case .option(let option): try takeFrontEnd(argument, option)
      }
    }
  }

  private mutating func takeFrontEnd(_ argument: Argument, _ option: Option) throws(Rejection) {
    switch option.role {
    case .key where option.name == "-std": throw .cannotCache("-std")
    case .key where option.name == "-emit-pch": emitsPrecompiledHeader = true
    case .key where option.name == "-fno-pch-timestamp": ignoresInputTimes = true
    case .key, .include, .extraInput, .moduleFile, .warning, .sensitive, .debug,
      .compilationDirectory:
      break
    default: throw .cannotCache(option.name)
    }
    try takeWrapped(argument, option, by: "-Xclang")
  }

  /// Takes the argument as the driver's own and puts `wrapper` in front of each of its words.
  private mutating func takeWrapped(
    _ argument: Argument, _ option: Option, by wrapper: String
  ) throws(Rejection) {
    let keyEnd = key.count
    let preprocessingEnd = preprocessing.count
    try takeKept(argument, option, argument.value ?? "")
    key = Array(key[..<keyEnd]) + key[keyEnd...].flatMap { [wrapper, $0] }
    preprocessing =
      Array(preprocessing[..<preprocessingEnd])
      + preprocessing[preprocessingEnd...].flatMap { [wrapper, $0] }
  }
}
