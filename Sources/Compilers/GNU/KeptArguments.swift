extension CompilationBuilder {
  /// The options that enter the key and have a further meaning.
  mutating func takeKept(
    _ argument: Argument, _ option: Option, _ value: String
  ) throws(Rejection) {
    switch option.role {
    case .processor where value.begins(with: "native"):
      native += argument.words
      preprocessing += argument.words
      return
    case .processor where compiler.family == .gcc && option.name != "-mtune=":
      // Bare-metal gcc chooses its directories of headers by the processor.
      identity += argument.words
    case .processor: break
    case .identity: identity += argument.words
    case .specs:
      identity += argument.words
      if files.text(of: value) != nil { extraInputs.append(value) }
    case .include(let kind): try takeInclude(kind, argument, value)
    case .extraInput: extraInputs.append(value)
    case .moduleFile: extraInputs.append(value.splitAtFirstEquals()?.right ?? value)
    case .plugin: try takePlugin(value)
    case .prefixMap(let kind):
      return try takePrefixMap(kind, argument, value)
    case .compilationDirectory(let kind): takeCompilationDirectory(kind)
    case .debug: debug.take(argument.words[0])
    case .splitDwarf: debug.split = value == "single" ? .single : .separate
    case .sensitive(let kinds): sensitivity.formUnion(kinds)
    case .coverage(let kind): takeCoverage(kind)
    case .profileUse(let name): takeProfile(argument.value, usually: name)
    case .diagnosticsFormat where value.utf8.reversed().starts(with: "-file".utf8.reversed()):
      throw .cannotCache("-fdiagnostics-format")
    case .optimisationReport:
      guard !value.contains(byte: "=") else { throw .cannotCache("-fopt-info") }
    case .dumpLetters: try takeDumpLetters(value)
    case .recordsCommandLine: recordCommandLine(argument.name)
    case .bitcode: emitsBitcode = true
    case .warning: takeWarning(value)
    default: break
    }
    keep(argument)
  }

  private mutating func takePlugin(_ value: String) throws(Rejection) {
    // A bare name is looked up in the compiler's own directory.
    guard value.contains(byte: "/") else { throw .cannotCache("-fplugin") }
    extraInputs.append(value)
  }

  private mutating func takeCompilationDirectory(_ kind: Option.PrefixMapKind) {
    switch kind {
    case .file: fixedDirectories.formUnion([.debug, .coverage])
    case .debug: fixedDirectories.insert(.debug)
    case .coverage: fixedDirectories.insert(.coverage)
    case .macro: break
    }
  }

  private mutating func takeCoverage(_ kind: Option.CoverageKind) {
    switch kind {
    case .all, .notes:
      notes = true
      sensitivity.formUnion([.directory, .outputName, .columns])
    case .arcs: sensitivity.formUnion([.directory, .outputName, .columns])
    case .mapping:
      coverageMapping = true
      sensitivity.insert(.columns)
    }
  }

  /// The profile is read from the file, or from the directory's file of the usual name.
  private mutating func takeProfile(_ value: String?, usually name: String) {
    guard let value, !value.isEmpty else {
      extraInputs.append(name)
      return
    }
    guard files.isDirectory(value) else {
      extraInputs.append(value)
      return
    }
    extraInputs.append((value.utf8.last == UInt8(ascii: "/") ? value : value + "/") + name)
  }

  /// gcc's `-d` letters: those that only comment the assembly or concern `-E` are harmless, the
  /// rest write dump files.
  private func takeDumpLetters(_ letters: String) throws(Rejection) {
    let harmless = "ADIMNUHp"
    guard letters.utf8.allSatisfy({ harmless.utf8.contains($0) }) else {
      throw .cannotCache("-d")
    }
  }

  private mutating func recordCommandLine(_ name: String) {
    // From gcc 11 on the section holds what the debug information's producer holds: no paths, no
    // dependency options (measured with 11 and 12).
    if compiler.family == .gcc, compiler.majorVersion >= 11 {
      recordsProducer = true
      return
    }
    sensitivity.formUnion([.commandLine, .directory, .outputName])
  }

  /// Warnings about the text of comments. Those about their form (-Wcomment), their bytes
  /// (-Wbidi-chars) and about fall-through marks are no reason: comments that have such count anyway.
  private mutating func takeWarning(_ name: String) {
    let readers = ["everything", "documentation", "error=documentation"]
    if readers.contains(where: { name.begins(with: $0) }) {
      sensitivity.insert(.comments)
    }
  }
}
