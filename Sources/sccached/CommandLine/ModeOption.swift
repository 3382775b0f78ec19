import ArgumentParser

/// The options that choose a mode, as data: parser, usage line, help and suggestions are made from
/// this list.
enum ModeOption: String, EnumerableFlag {
  case showStats = "--show-stats"
  case showAdvancedStats = "--show-adv-stats"
  case startServer = "--start-server"
  case debugPreprocessorCache = "--debug-preprocessor-cache"
  case stopServer = "--stop-server"
  case zeroStats = "--zero-stats"
  case distAuth = "--dist-auth"
  case distStatus = "--dist-status"
  /// Its two values are taken off the command line before the flags are parsed.
  case packageToolchain = "--package-toolchain"
  case showConfig = "--show-config"
  case pingStorage = "--ping-storage"
  case clear = "--clear"
  /// Its value is taken off the command line before the flags are parsed.
  case evictOlderThan = "--evict-older-than"
  case help = "--help"
  case version = "--version"

  var long: String { rawValue }

  var short: Character? {
    switch self {
    case .showStats: "s"
    case .zeroStats: "z"
    case .help: "h"
    case .version: "V"
    default: nil
    }
  }

  /// As messages name it.
  var display: String {
    switch self {
    case .packageToolchain: long + " <EXE> <OUT>"
    case .evictOlderThan: long + " <AGE>"
    default: long
    }
  }

  /// Answered whatever else the command line asks for.
  var isInformation: Bool { self == .help || self == .version }

  var summary: String {
    switch self {
    case .showStats: "print what the cache has done"
    case .showAdvancedStats: "the same, by exact language and compiler"
    case .startServer: "start the daemon now instead of at the first compilation"
    case .debugPreprocessorCache: "dump the manifests of direct mode"
    case .stopServer: "stop the daemon and print its statistics"
    case .zeroStats: "set the statistics to zero"
    case .distAuth: "log in to the build farm"
    case .distStatus: "print how the build farm is doing, as JSON"
    case .packageToolchain: "pack the toolchain of compiler EXE into the archive OUT"
    case .showConfig: "print the settings in effect and where they come from"
    case .pingStorage: "try each store with a small entry"
    case .clear: "remove everything from the cache on this disk"
    case .evictOlderThan: "remove what was not used for AGE: 30d, 12h, 45m, 90s"
    case .help: "print this help"
    case .version: "print the version"
    }
  }

  static func name(for option: ModeOption) -> NameSpecification {
    let long = NameSpecification.Element.customLong(String(option.long.dropFirst(2)))
    guard let short = option.short else { return NameSpecification([long]) }
    return NameSpecification([.customShort(short), long])
  }

  /// The option with this short name.
  init?(letter: Character) {
    guard let option = ModeOption.allCases.first(where: { $0.short == letter }) else { return nil }
    self = option
  }
}

/// `--stats-format`, the one option that is no mode.
enum StatisticsFormatOption {
  static let long = "--stats-format"
  static let display = "--stats-format <FMT>"
  static let possibleValues =
    "[possible values: "
    + StatisticsFormat.allCases.map(\.rawValue).joined(separator: ", ") + "]"
}

/// What swift-argument-parser makes of the words before the compiler. Exclusivity and wording are
/// `parseCommandLine`'s: the library can neither tell which of two options came first nor speak
/// like the original.
struct OptionWords: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "sccache", helpNames: [])

  @Flag var modes: [ModeOption] = []
  @Option(name: .customLong(String(StatisticsFormatOption.long.dropFirst(2))))
  var formats: [String] = []
}
