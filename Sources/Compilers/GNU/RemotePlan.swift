/// How a compilation is split in two: a run here that resolves its includes, and one on another machine
/// that compiles the text.
///
/// Macros stay as they are in the text (gcc's `-fdirectives-only`, clang's `-frewrite-includes`), so
/// that diagnostics and columns are those of the source. Measured with gcc 11 and 12 and clang 14 and
/// 19: without `-g` the objects have the same bytes as those of a local compilation.
package struct RemotePlan: Sendable, Equatable {
  /// Arguments of the run here, without the dependency options; the text goes to standard output.
  package var preprocessor: [String]
  /// Arguments of the run there, `-x`, input and `-o` included.
  package var compiler: [String]
  /// The outputs that come back.
  package var outputs: [Output]
}

/// The plan for a compilation; nil when it has to stay here: it needs more than its text, writes more
/// than the usual files, or depends on this very machine.
package func remotePlan(for compilation: Compilation, compiler: Compiler) -> RemotePlan? {
  let stays =
    compilation.product != .object || compilation.language.isPreprocessed
    || compilation.language.isHeader || compilation.language.isAssembler
    || !compilation.extraInputs.isEmpty || !compilation.nativeArguments.isEmpty
    || compilation.language == .cxxModule
    || !compilation.sensitivity.isDisjoint(with: [.commandLine, .inputTimes, .comments])
    || compilation.outputs.contains { !["obj", "dwo"].contains($0.name) }
    || compilation.keyArguments.contains(where: needsThisMachine)
  guard !stays, let words = wordsOfTheSecondRun(compilation, compiler) else { return nil }
  let language = compilation.explicitLanguage.map { ["-x", $0.driverName] } ?? []
  let names = ["-c", compilation.input, "-o", compilation.primaryOutput]
  let there = ["-x", compilation.language.driverName] + names + words
  switch compiler.family {
  case .gcc:
    return RemotePlan(
      preprocessor: compilation.preprocessorArguments + language
        + ["-E", "-fdirectives-only", compilation.input],
      compiler: there + ["-fpreprocessed", "-fdirectives-only"], outputs: compilation.outputs)
  case .clang:
    return RemotePlan(
      preprocessor: compilation.preprocessorArguments + language
        + ["-E", "-frewrite-includes", compilation.input],
      // Its own markers are no extension that the person used. Older ones say nothing about them, and
      // don't know the option.
      compiler: there + (compiler.majorVersion >= 16 ? ["-Wno-gnu-line-marker"] : []),
      outputs: compilation.outputs)
  }
}

/// Options that name files or programs of this machine, or go past the driver.
private func needsThisMachine(_ argument: String) -> Bool {
  [
    "-B", "-specs", "--specs", "--sysroot", "-isysroot", "-X", "-Wp,", "-Wa,", "-fplugin",
    "-fpass-plugin",
    "-wrapper", "-fmodule", "-fprofile", "-fauto-profile", "-fbranch-probabilities", "-fsanitize",
    "-fdump-", "-save-temps", "--save-temps", "-include-pch", "--config", "-load", "-traditional",
    // What the first run has turned into UTF-8 would be turned again.
    "-finput-charset",
    // The second run's words would be written into the object.
    "-frecord-gcc-switches", "-frecord-command-line", "-grecord-command-line",
    "-gsplit-dwarf=single", "-no-canonical-prefixes", "--gcc-toolchain", "-resource-dir",
  ].contains(where: argument.begins)
}

/// The words but for those about includes, which the text has no more; nil when they can't be read again.
private func wordsOfTheSecondRun(_ compilation: Compilation, _ compiler: Compiler) -> [String]? {
  var scanner = ArgumentScanner(
    compilation.preprocessorArguments, table: compiler.family == .gcc ? .gcc : .clang,
    family: compiler.family)
  var words: [String] = []
  while true {
    do throws(Rejection) {
      guard let argument = try scanner.next() else { return words }
      if case .option(let option) = argument.kind, case .include = option.role { continue }
      words += argument.words
    } catch {
      return nil
    }
  }
}
