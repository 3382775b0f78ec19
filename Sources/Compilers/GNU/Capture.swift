/// How the run that compiles can be made to tell which files it read.
///
/// What was measured with gcc 11 and 12 and clang 14, 16 and 19:
/// - `-MD -MF F -MT x`, when the caller has no dependency options, changes neither object,
///   diagnostics nor gcc's recorded producer; it does change what clang's `-frecord-command-line`,
///   `-grecord-command-line` record.
/// - gcc's `-H` stands in `DW_AT_producer` and in `.GCC.command.line`, and lists neither
///   `-include` files nor `stdc-predef.h`.
/// - clang's `-H`, `-sys-header-deps` and `CC_PRINT_HEADERS` put the system headers into the caller's
///   `-MMD` file, `-header-include-file` without them leaves system headers out, and
///   `-dependency-dot` loses the first slash of absolute names.
///
/// So for a call with `-MMD`, whose file leaves system headers out, the pipeline works out itself which
/// files can have been read; where their text doesn't tell, there is a run that only preprocesses.
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
  if let file = compilation.dependencyFile, !file.omitsSystemHeaders {
    return DependencyCapture(addedArguments: [], report: .makeFile(file.path))
  }
  if compilation.dependencyFile == nil, !recordsArguments {
    return DependencyCapture(
      addedArguments: ["-MD", "-MF", temporaryFile, "-MT", "x"], report: .makeFile(temporaryFile))
  }
  return DependencyCapture(
    addedArguments: [], report: .makeFile(temporaryFile),
    separateRun: dependencyRun(for: compilation, writing: temporaryFile))
}

/// A call that only preprocesses and writes every header, system ones too, into a make file.
private func dependencyRun(for compilation: Compilation, writing file: String) -> [String] {
  var arguments = compilation.preprocessorArguments
  if let language = compilation.explicitLanguage { arguments += ["-x", language.driverName] }
  return arguments + ["-M", "-MF", file, "-MT", "x", compilation.input]
}
