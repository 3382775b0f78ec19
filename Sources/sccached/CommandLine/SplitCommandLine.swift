/// The command line, cut where the compiler's own words begin.
///
/// This comes before any parsing: nothing behind the compiler's name may be looked at, be it
/// `--help` or an option that the parsing library keeps for itself.
struct SplitCommandLine: Sendable, Equatable {
  /// Our options, but for the values of `--package-toolchain`.
  private(set) var options: [String] = []
  /// The values given to each `--package-toolchain`, at most two.
  private(set) var toolchainValues: [[String]] = []
  /// The compiler and its arguments.
  private(set) var command: [String] = []

  init(_ arguments: [String]) {
    var rest = arguments[...]
    while let word = rest.first {
      rest = rest.dropFirst()
      if word == "--" {
        command = Array(rest)
        return
      }
      guard SplitCommandLine.isOption(word) else {
        command = [word] + rest
        return
      }
      let packaging = ModeOption.packageToolchain.long
      if word == packaging || word.hasPrefix(packaging + "=") {
        takeToolchain(word.dropFirst(packaging.count + 1), hasValue: word != packaging, &rest)
      } else {
        options.append(word)
        if word == StatisticsFormatOption.long, let value = rest.first,
          !SplitCommandLine.isOption(value)
        {
          options.append(value)
          rest = rest.dropFirst()
        }
      }
    }
  }

  /// A value glued on with `=` is the only one: no other follows it.
  private mutating func takeToolchain(
    _ glued: Substring, hasValue: Bool, _ rest: inout ArraySlice<String>
  ) {
    options.append(ModeOption.packageToolchain.long)
    guard !hasValue else { return toolchainValues.append([String(glued)]) }
    let values = rest.prefix(2).prefix { !SplitCommandLine.isOption($0) }
    toolchainValues.append(Array(values))
    rest = rest.dropFirst(values.count)
  }

  /// A lone `-` is a value, an empty word too; `--` ends the options and is no value either.
  static func isOption(_ word: String) -> Bool { word.hasPrefix("-") && word != "-" }
}
