/// The line that shows how to call us. After an error it repeats what the caller already had right.
struct Usage: Sendable, Equatable {
  /// No option was understood: any may be given.
  private var isOpen = true
  /// Options understood that are no modes.
  private var named: [String] = []

  init() {}

  init(namesFormat: Bool) {
    isOpen = false
    if namesFormat { named = [StatisticsFormatOption.display] }
  }

  /// Takes note of an option on the command line, or of one that was probably meant; nil is
  /// `--stats-format`.
  mutating func use(_ option: ModeOption?) {
    isOpen = false
    let name =
      switch option {
      case nil: StatisticsFormatOption.display
      case let option? where option.isInformation: option.display
      default: ""
      }
    if !name.isEmpty, !named.contains(name) { named.append(name) }
  }

  var line: String {
    let options = isOpen ? ["[OPTIONS]"] : named
    return (["Usage: sccache"] + options + [Usage.modes]).joined(separator: " ")
  }

  /// In the order of the original.
  static let modes: String = {
    let options: [ModeOption] = [
      .distAuth, .debugPreprocessorCache, .distStatus, .showStats, .showAdvancedStats,
      .startServer, .stopServer, .zeroStats, .packageToolchain, .showConfig,
      .pingStorage, .clear, .evictOlderThan,
    ]
    return "<" + options.map(\.display).joined(separator: "|") + "|CMD>"
  }()
}

/// The text of `--help`, with its final newline. `enabledFeatures` is what this build can do, in
/// the order of printing.
func helpText(enabledFeatures: [(name: String, isEnabled: Bool)]) -> String {
  let additional: [ModeOption] = [.showConfig, .pingStorage, .clear, .evictOlderThan]
  let information: [ModeOption] = [.help, .version]
  let original = ModeOption.allCases.filter { !additional.contains($0) && !$0.isInformation }
  let format = helpRow(
    "      " + StatisticsFormatOption.display, "form of the statistics, text unless said otherwise")

  var lines = [Usage().line, ""]
  lines += [
    "Runs the compiler CMD, or puts back what the same compilation produced before.", "",
    "Arguments:", "  [CMD]...  a compiler and its arguments; all words from here on are theirs", "",
  ]
  lines += ["Options:"] + original.map(helpRow)
  lines += [format, helpRow("", StatisticsFormatOption.possibleValues)]
  lines += information.map(helpRow)
  lines += ["", "Additional:"] + additional.map(helpRow)
  lines += ["", "Enabled features:"]
  let width = enabledFeatures.map { $0.name.count }.max() ?? 0
  for (name, isEnabled) in enabledFeatures {
    let padding = String(repeating: " ", count: width - name.count + 1)
    lines.append("    \(name):\(padding)\(isEnabled)")
  }
  return lines.joined(separator: "\n") + "\n"
}

private func helpRow(_ option: ModeOption) -> String {
  let short = option.short.map { "-\($0), " } ?? "    "
  return helpRow("  " + short + option.display, option.summary)
}

private func helpRow(_ left: String, _ right: String) -> String {
  left + String(repeating: " ", count: max(2, 39 - left.count)) + right
}
