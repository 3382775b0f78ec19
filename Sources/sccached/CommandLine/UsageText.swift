/// The line that shows how to call us. After an error it repeats what the caller already had right.
struct Usage: Sendable, Equatable {
  /// No option was understood: any may be given.
  var isEmpty = true
  /// `--stats-format` is on the command line.
  var namesFormat = false

  init() {}

  init(namesFormat: Bool) {
    isEmpty = false
    self.namesFormat = namesFormat
  }

  var line: String {
    let options =
      isEmpty ? "[OPTIONS] " : namesFormat ? StatisticsFormatOption.display + " " : ""
    return "Usage: sccache " + options + Usage.modes
  }

  /// In the order of the original.
  static let modes: String = {
    let options: [ModeOption] = [
      .distAuth, .debugPreprocessorCache, .distStatus, .showStats, .showAdvancedStats,
      .startServer, .stopServer, .zeroStats, .packageToolchain, .showConfig,
    ]
    return "<" + options.map(\.display).joined(separator: "|") + "|CMD>"
  }()
}

/// The text of `--help`, with its final newline. `enabledFeatures` is what this build can do, in
/// the order of printing.
func helpText(enabledFeatures: [(name: String, isEnabled: Bool)]) -> String {
  func row(_ left: String, _ right: String) -> String {
    left + String(repeating: " ", count: max(2, 39 - left.count)) + right
  }
  func row(_ option: ModeOption) -> String {
    let short = option.short.map { "-\($0), " } ?? "    "
    return row("  " + short + option.display, option.summary)
  }
  let additional: [ModeOption] = [.showConfig]
  let information: [ModeOption] = [.help, .version]
  let original = ModeOption.allCases.filter { !additional.contains($0) && !$0.isInformation }
  let format = row(
    "      " + StatisticsFormatOption.display,
    "form of the statistics, text unless said otherwise\n"
      + String(repeating: " ", count: 39) + StatisticsFormatOption.possibleValues)

  var lines = [Usage().line, ""]
  lines += [
    "Runs the compiler CMD, or puts back what the same compilation produced before.", "",
    "Arguments:", "  [CMD]...  a compiler and its arguments; all words from here on are theirs", "",
    "Options:",
  ]
  lines += original.map(row) + [format] + information.map(row)
  lines += ["", "Additional:"] + additional.map(row)
  lines += ["", "Enabled features:"]
  let width = (enabledFeatures.map { $0.name.count }.max() ?? 0) + 2
  for (name, isEnabled) in enabledFeatures {
    let padding = String(repeating: " ", count: width - name.count - 1)
    lines.append("    \(name):\(padding)\(isEnabled)")
  }
  return lines.joined(separator: "\n") + "\n"
}
