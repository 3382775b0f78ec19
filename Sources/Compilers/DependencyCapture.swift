/// How a compilation itself is made to tell which files it read, so that nothing is preprocessed
/// twice: arguments added to the run, and where the answer then stands.
package struct DependencyCapture: Sendable, Equatable {
  package enum Report: Sendable, Equatable {
    /// A make dependency file with every header, system ones too, at this path (the caller's own
    /// `-MF` file or the temporary one).
    case makeFile(String)
    /// The language has no includes (`.s`, `.i`).
    case none
  }
  /// To stand in front of the caller's words: behind clang's `--` they would be inputs.
  package var addedArguments: [String]
  package var report: Report
  /// The arguments of one more call of the same compiler, in the same directory and environment,
  /// that compiles nothing and writes the reported file: for the few calls whose own arguments must
  /// stay as they are. Its standard output and error are thrown away; if it fails, the
  /// compilation can't be stored.
  package var separateRun: [String]?
  package init(addedArguments: [String], report: Report, separateRun: [String]? = nil) {
    self.addedArguments = addedArguments
    self.report = report
    self.separateRun = separateRun
  }
}
