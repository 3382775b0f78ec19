/// A command line that asks for nothing we can do: what to print where, and how to exit.
struct CommandLineFailure: Error, Sendable, Equatable {
  enum Stream: Sendable { case standardOutput, standardError }

  /// With its final newline.
  var text: String
  var stream: Stream
  var exitCode: Int32
}

/// The messages, each in the words that the original's users know and its scripts match.
extension CommandLineFailure {
  static let serverWithMode = CommandLineFailure(
    text: "sccache: `SCCACHE_START_SERVER=1` can't be used with other commands\n",
    stream: .standardOutput, exitCode: 1)

  static func missingMode(_ usage: Usage) -> CommandLineFailure {
    self.usage("the following required arguments were not provided:\n  \(Usage.modes)", usage)
  }

  static func repeated(_ option: String) -> CommandLineFailure {
    usage("the argument '\(option)' cannot be used multiple times", Usage())
  }

  static func conflict(
    _ option: String, with others: ArraySlice<String>, _ usage: Usage
  ) -> CommandLineFailure {
    let list =
      others.count == 1
      ? " '\(others.joined())'" : ":" + others.map { "\n  " + $0 }.joined()
    return self.usage("the argument '\(option)' cannot be used with\(list)", usage)
  }

  /// An option that we do not have. A similar one that we have is named, and then counts as used.
  static func unexpected(_ word: String, _ usage: Usage) -> CommandLineFailure {
    var usage = usage
    var message = "unexpected argument '\(word)' found\n"
    let options = ModeOption.allCases.map(\.long) + [StatisticsFormatOption.long]
    if word.hasPrefix("--"),
      let similar = mostSimilar(word.dropFirst(2), among: options.map { String($0.dropFirst(2)) })
    {
      message += "\n  tip: a similar argument exists: '--\(similar)'"
      usage.use(ModeOption(rawValue: "--" + similar))
    }
    message += "\n  tip: to pass '\(word)' as a value, use '-- \(word)'"
    return self.usage(message, usage)
  }

  static func unexpectedValue(
    _ value: String, of option: ModeOption
  ) -> CommandLineFailure {
    var usage = Usage()
    usage.use(option)
    return self.usage(
      "unexpected value '\(value)' for '\(option.long)' found; no more were expected", usage)
  }

  static func missingValue(_ option: String) -> CommandLineFailure {
    usage("a value is required for '\(option)' but none was supplied", nil)
  }

  static let missingFormat = usage(
    "a value is required for '\(StatisticsFormatOption.display)' but none was supplied\n  "
      + StatisticsFormatOption.possibleValues, nil)

  static func missingSecondValue(_ option: String) -> CommandLineFailure {
    usage("2 values required for '\(option)' but 1 was provided", Usage())
  }

  static func invalidFormat(_ value: String) -> CommandLineFailure {
    guard !value.isEmpty else { return missingFormat }
    var message = "invalid value '\(value)' for '\(StatisticsFormatOption.display)'\n  "
    message += StatisticsFormatOption.possibleValues
    if let similar = mostSimilar(value[...], among: StatisticsFormat.allCases.map(\.rawValue)) {
      message += "\n\n  tip: a similar value exists: '\(similar)'"
    }
    return usage(message, nil)
  }

  static func invalidAge(_ value: String) -> CommandLineFailure {
    usage(
      "invalid value '\(value)' for '\(ModeOption.evictOlderThan.display)': a whole number and one of "
        + "s, m, h, d, w (30d is thirty days)", nil)
  }

  static func usage(_ message: String, _ usage: Usage?) -> CommandLineFailure {
    let line = usage.map { $0.line + "\n\n" } ?? ""
    return CommandLineFailure(
      text: "error: \(message)\n\n\(line)For more information, try '--help'.\n",
      stream: .standardError, exitCode: 2)
  }
}
