import ArgumentParser

/// Reads the arguments of `sccache` (its own name not among them): exactly one mode, or the text
/// that says what is wrong, worded and coded like the original's. Prints nothing.
func parseCommandLine(
  _ arguments: [String], environment: (String) -> String?
) -> Result<Mode, CommandLineFailure> {
  do throws(CommandLineFailure) {
    let request = try CommandLineRequest(SplitCommandLine(arguments))
    let isServer = environment("SCCACHE_START_SERVER") == "1"
    switch try request.mode() {
    case .help?: return .success(.help)
    case .version?: return .success(.version)
    case nil where isServer: return .success(.runServer)
    case nil: throw .missingMode(Usage(namesFormat: request.format != nil))
    case _? where isServer: throw .serverWithMode
    case let mode?: return .success(mode)
    }
  } catch {
    return .failure(error)
  }
}

/// The words of a command line after parsing, before anyone asked whether they go together.
private struct CommandLineRequest {
  /// In the order of the command line.
  var modes: [ModeOption]
  var format: StatisticsFormat?
  var toolchainValues: [String]
  var ages: [String]
  var command: [String]

  init(_ split: SplitCommandLine) throws(CommandLineFailure) {
    guard let words = split.parsedOptions() else {
      modes = [try informationOption(beforeErrorIn: split.options)]
      (format, toolchainValues, ages, command) = (nil, [], [], [])
      return
    }
    modes = words.modes
    for (index, mode) in modes.enumerated() where !mode.isInformation {
      guard !modes[..<index].contains(mode) else { throw .repeated(mode.display) }
    }
    guard words.formats.count < 2 else { throw .repeated(StatisticsFormatOption.display) }
    if let name = words.formats.first {
      format = StatisticsFormat(rawValue: name)
      guard format != nil else { throw .invalidFormat(name) }
    }
    toolchainValues = split.toolchainValues.first ?? []
    ages = split.ages.first ?? []
    command = split.command
  }

  /// The one mode asked for; nil when there is none.
  func mode() throws(CommandLineFailure) -> Mode? {
    if let information = modes.first(where: \.isInformation) {
      return information == .help ? .help : .version
    }
    if modes.contains(.packageToolchain) { try checkToolchainValues() }
    var names = modes.map(\.display)
    if !command.isEmpty { names.append("[CMD]...") }
    guard names.count < 2 else {
      throw .conflict(names[0], with: names.dropFirst(), Usage(namesFormat: format != nil))
    }
    if !command.isEmpty { return .compile(command) }
    guard let mode = modes.first else { return nil }
    return try self.mode(of: mode)
  }

  private func checkToolchainValues() throws(CommandLineFailure) {
    let display = ModeOption.packageToolchain.display
    switch toolchainValues.count {
    case 0: throw .missingValue(display)
    case 1: throw .missingSecondValue(display)
    default: if toolchainValues.contains("") { throw .missingValue(display) }
    }
  }

  /// Seconds.
  private func age() throws(CommandLineFailure) -> Int {
    guard let text = ages.first, !text.isEmpty else {
      throw .missingValue(ModeOption.evictOlderThan.display)
    }
    let units = ["s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800]
    guard let unit = units[String(text.suffix(1))], let count = Int(text.dropLast()),
      0...1_000_000 ~= count
    else { throw .invalidAge(text) }
    return count * unit
  }

  private func mode(of option: ModeOption) throws(CommandLineFailure) -> Mode {
    switch option {
    case .showStats: .showStats(advanced: false, format: format ?? .text)
    case .showAdvancedStats: .showStats(advanced: true, format: format ?? .text)
    case .startServer: .startServer
    case .debugPreprocessorCache: .debugPreprocessorCache
    case .stopServer: .stopServer
    case .zeroStats: .zeroStats
    case .distAuth: .distAuth
    case .distStatus: .distStatus
    case .packageToolchain:
      .packageToolchain(executable: toolchainValues[0], output: toolchainValues[1])
    case .showConfig: .showConfig
    case .pingStorage: .pingStorage
    case .clear: .clear
    case .evictOlderThan: .evict(unusedForSeconds: try age())
    case .help: .help
    case .version: .version
    }
  }
}

extension SplitCommandLine {
  /// What the parsing library makes of the options; nil when it objects. It would let `--flag=` with
  /// nothing behind pass as `--flag`, so that is asked first.
  fileprivate func parsedOptions() -> OptionWords? {
    let hasEmptyValue = options.contains { word in
      word.hasPrefix("--") && word.hasSuffix("=") && word.count { $0 == "=" } == 1
    }
    return hasEmptyValue ? nil : try? OptionWords.parse(options)
  }
}

/// Finds what the parsing library objected to, and throws it in the original's words. `--help` or
/// `--version` before that place is still an answer, and is returned.
private func informationOption(
  beforeErrorIn words: [String]
) throws(CommandLineFailure) -> ModeOption {
  var words = words[...]
  var used = Usage()
  while let word = words.popFirst() {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    if name == StatisticsFormatOption.long {
      used.use(nil)
      let value = parts.count == 2 ? String(parts[1]) : words.popFirst()
      guard let value, !value.isEmpty, parts.count == 2 || !SplitCommandLine.isOption(value)
      else { throw .missingFormat }
    } else if word.hasPrefix("--") {
      guard let option = ModeOption(rawValue: name) else { throw .unexpected(name, used) }
      if parts.count == 2 { throw .unexpectedValue(String(parts[1]), of: option) }
      if option.isInformation { return option }
      used.use(option)
    } else {
      for letter in word.dropFirst() {
        guard let option = ModeOption(letter: letter) else {
          throw .unexpected("-\(letter)", Usage())
        }
        if option.isInformation { return option }
        used.use(option)
      }
    }
  }
  throw .missingMode(used)
}
