/// The command line, cut where the compiler's own words begin.
///
/// This comes before any parsing: nothing behind the compiler's name may be looked at, be it
/// `--help` or an option that the parsing library keeps for itself.
struct SplitCommandLine: Sendable, Equatable {
  /// Our options, but for the values of `--package-toolchain` and `--evict-older-than`.
  private(set) var options: [String] = []
  /// The values given to each `--package-toolchain`, at most two.
  private(set) var toolchainValues: [[String]] = []
  /// The values given to each `--evict-older-than`, one at most.
  private(set) var ages: [[String]] = []
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
      if let values = takeValues(2, of: .packageToolchain, word, &rest) {
        toolchainValues.append(values)
      } else if let values = takeValues(1, of: .evictOlderThan, word, &rest) {
        ages.append(values)
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

  /// The values of an option that `word` begins, at most so many; nil: it is another word. A value glued
  /// on with `=` is the only one: no other follows it.
  private mutating func takeValues(
    _ limit: Int, of option: ModeOption, _ word: String, _ rest: inout ArraySlice<String>
  ) -> [String]? {
    guard word == option.long || word.hasPrefix(option.long + "=") else { return nil }
    options.append(option.long)
    guard word == option.long else { return [String(word.dropFirst(option.long.count + 1))] }
    let values = rest.prefix(limit).prefix { !SplitCommandLine.isOption($0) }
    rest = rest.dropFirst(values.count)
    return Array(values)
  }

  /// A lone `-` is a value, an empty word too; `--` ends the options and is no value either.
  static func isOption(_ word: String) -> Bool { word.hasPrefix("-") && word != "-" }
}
