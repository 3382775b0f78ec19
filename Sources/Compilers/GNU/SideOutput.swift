/// A file that a compilation writes beside its main output.
enum SideOutput: String, Sendable {
  case stackUsage
  case callGraph
  case optimisationRecord
  case namedOptimisationRecord
  case timeTrace
  case diagnostics
  case module
}

/// The names that drivers derive for the files they write. Every rule is an observation of gcc 11
/// and 12 and clang 14, 16 and 19; `OutputNamesTests` has them as a table.
struct OutputNames {
  var family: Compiler.Family
  var input: FileName
  /// The value of `-o`.
  var named: String?
  /// What `-o` would have had to say.
  var primary: String

  init(
    family: Compiler.Family, input: String, language: Language, named: String?, suffix: String
  ) {
    self.family = family
    self.input = FileName(input)
    self.named = named
    if let named {
      primary = named
    } else if language.isHeader, suffix != "o" {
      // A precompiled header goes beside its header.
      primary = input + "." + suffix
    } else {
      primary = self.input.stem + "." + suffix
    }
  }

  /// The output with another suffix. gcc keeps a name that is a suffix alone (`.o` → `.o.gcno`),
  /// clang replaces it (`.o` → `.gcno`).
  func auxiliary(_ suffix: String) -> String {
    guard let named else { return input.visibleOrWholeStem(family) + "." + suffix }
    let output = FileName(named)
    let stem = family == .gcc ? output.visibleStem : output.stem
    return output.directory + stem + "." + suffix
  }

  /// The dependency file without `-MF`: both replace even a suffix alone.
  var dependencyFile: String {
    guard let named else { return input.stem + ".d" }
    let output = FileName(named)
    return output.directory + output.stem + ".d"
  }

  /// gcc puts the input's suffix in front (`b.c.opt-record.json.gz`); clang takes two suffixes off
  /// the input's name when there is no `-o`.
  func optimisationRecord(format: String) -> String {
    if family == .gcc {
      let suffix = input.suffix.map { "." + $0 } ?? ""
      let stem: String
      if let named {
        let output = FileName(named)
        stem = output.directory + output.visibleStem
      } else {
        stem = input.visibleStem
      }
      return stem + suffix + ".opt-record.json.gz"
    }
    guard named == nil else { return auxiliary("opt." + format) }
    return FileName(input.stem).stem + ".opt." + format
  }

  /// clang's `-ftime-trace`; a value that is a directory takes the file's usual name.
  func timeTrace(_ value: String?, files: some FileReading) -> String {
    guard let value, !value.isEmpty else { return auxiliary("json") }
    guard files.isDirectory(value) else { return value }
    let directory = value.utf8.last == UInt8(ascii: "/") ? value : value + "/"
    return directory + FileName(auxiliary("json")).base
  }
}

extension FileName {
  fileprivate func visibleOrWholeStem(_ family: Compiler.Family) -> String {
    family == .gcc ? visibleStem : stem
  }
}
