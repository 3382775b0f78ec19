/// How the run that compiles can be made to tell which files it read.
///
/// What was measured with gcc 11 and 12 and clang 14, 16 and 19:
/// - `-MD -MF F -MT x`, when the caller has no dependency options, changes neither object,
///   diagnostics nor gcc's recorded producer; it does change what clang's `-frecord-command-line`,
///   `-grecord-command-line` record.
/// - gcc's `-H` leaves the caller's `-MMD` file alone, but stands in `DW_AT_producer` and in
///   `.GCC.command.line`.
/// - clang's `-H`, `-sys-header-deps` and `CC_PRINT_HEADERS` put the system headers into the caller's
///   `-MMD` file, and `-header-include-file` without them leaves system headers out; its
///   `-dependency-dot` loses the first slash of absolute names. So a call with `-MMD` gets a run of
///   its own that only preprocesses.
///
/// - Parameter temporaryFile: absolute name of a file that doesn't exist yet.
/// - Returns: nil when there is no way to learn the files.
package func dependencyCapture(
  for compilation: Compilation, compiler: Compiler, temporaryFile: String
) -> DependencyCapture? {
  guard !compilation.language.isPreprocessed else {
    return DependencyCapture(addedArguments: [], report: .none)
  }
  let recordsArguments = compilation.sensitivity.contains(.commandLine)
  switch (compilation.dependencyFile?.omitsSystemHeaders, compiler.family) {
  case (false, _):
    guard let path = compilation.dependencyFile?.path else { return nil }
    return DependencyCapture(addedArguments: [], report: .makeFile(path))
  case (nil, _) where !recordsArguments:
    return DependencyCapture(
      addedArguments: ["-MD", "-MF", temporaryFile, "-MT", "x"], report: .makeFile(temporaryFile))
  case (true, .gcc) where !recordsArguments && !compilation.sensitivity.contains(.producer):
    return DependencyCapture(addedArguments: ["-H"], report: .standardErrorTrace)
  default:
    return DependencyCapture(
      addedArguments: [], report: .makeFile(temporaryFile),
      separateRun: dependencyRun(for: compilation, writing: temporaryFile))
  }
}

/// A call that only preprocesses and writes every header, system ones too, into a make file.
private func dependencyRun(for compilation: Compilation, writing file: String) -> [String] {
  var arguments = compilation.preprocessorArguments
  if let language = compilation.explicitLanguage { arguments += ["-x", language.driverName] }
  return arguments + ["-M", "-MF", file, "-MT", "x", compilation.input]
}
