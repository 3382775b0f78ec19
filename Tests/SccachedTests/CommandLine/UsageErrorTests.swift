import Testing

@testable import sccached

/// The messages of the original, taken from its mouth, but for our own modes behind the original's.
@Suite struct UsageErrorTests {
  static let modes =
    "<--dist-auth|--debug-preprocessor-cache|--dist-status|--show-stats|--show-adv-stats"
    + "|--start-server|--stop-server|--zero-stats|--package-toolchain <EXE> <OUT>|--show-config|--ping-storage"
    + "|--clear|--evict-older-than <AGE>|CMD>"

  enum UsageLine { case none, open, bare, format, help }

  func text(_ message: String, _ line: UsageLine) -> String {
    let usage =
      switch line {
      case .none: ""
      case .open: "Usage: sccache [OPTIONS] \(Self.modes)\n\n"
      case .bare: "Usage: sccache \(Self.modes)\n\n"
      case .format: "Usage: sccache --stats-format <FMT> \(Self.modes)\n\n"
      case .help: "Usage: sccache --help \(Self.modes)\n\n"
      }
    return "error: \(message)\n\n\(usage)For more information, try '--help'.\n"
  }

  static let missingMode = "the following required arguments were not provided:\n  \(modes)"
  static let formatMissing =
    "a value is required for '--stats-format <FMT>' but none was supplied\n"
    + "  [possible values: text, json]"
  static let toolchainMissing =
    "a value is required for '--package-toolchain <EXE> <OUT>' but none was supplied"
  static let toolchainShort =
    "2 values required for '--package-toolchain <EXE> <OUT>' but 1 was provided"

  static func unexpected(_ word: String, similar: String? = nil) -> String {
    let tip = similar.map { "\n  tip: a similar argument exists: '\($0)'" } ?? ""
    return "unexpected argument '\(word)' found\n\(tip)"
      + "\n  tip: to pass '\(word)' as a value, use '-- \(word)'"
  }

  static let cases: [([String], String, UsageLine)] = [
    ([], missingMode, .bare),
    (["--"], missingMode, .bare),
    (["--stats-format", "json"], missingMode, .format),
    (["--bogus"], unexpected("--bogus"), .open),
    (["--bogus=1", "-V"], unexpected("--bogus"), .open),
    (["-s", "--bogus"], unexpected("--bogus"), .bare),
    (["-s", "--stats-format", "json", "--bogus"], unexpected("--bogus"), .format),
    (["-x"], unexpected("-x"), .open),
    (["-s", "-x"], unexpected("-x"), .open),
    (["-sx"], unexpected("-x"), .open),
    (["-z=1"], unexpected("-="), .open),
    (["--show-stat"], unexpected("--show-stat", similar: "--show-stats"), .bare),
    (["--sho"], unexpected("--sho", similar: "--show-stats"), .bare),
    (["--stop"], unexpected("--stop", similar: "--stop-server"), .bare),
    (["--dist"], unexpected("--dist", similar: "--dist-auth"), .bare),
    (["---"], unexpected("---", similar: "--zero-stats"), .bare),
    (["--hlp"], unexpected("--hlp", similar: "--help"), .help),
    (["--stats-fromat", "json"], unexpected("--stats-fromat", similar: "--stats-format"), .format),
    (
      ["--zero-stats=1"], "unexpected value '1' for '--zero-stats' found; no more were expected",
      .bare
    ),
    (
      ["--zero-stats="], "unexpected value '' for '--zero-stats' found; no more were expected",
      .bare
    ),
    (["--help=1"], "unexpected value '1' for '--help' found; no more were expected", .help),
    (["--stats-format"], formatMissing, .none),
    (["--stats-format", "-s"], formatMissing, .none),
    (["--stats-format=", "-s"], formatMissing, .none),
    (["--stats-format", "", "-s"], formatMissing, .none),
    (
      ["--stats-format", "xml", "-s"],
      "invalid value 'xml' for '--stats-format <FMT>'\n  [possible values: text, json]", .none
    ),
    (
      ["--stats-format", "js"],
      "invalid value 'js' for '--stats-format <FMT>'\n  [possible values: text, json]\n\n"
        + "  tip: a similar value exists: 'json'", .none
    ),
    (["-s", "-s", "-z"], "the argument '--show-stats' cannot be used multiple times", .open),
    (
      ["-s", "--stats-format", "json", "--stats-format", "text"],
      "the argument '--stats-format <FMT>' cannot be used multiple times", .open
    ),
    (["-s", "-z"], "the argument '--show-stats' cannot be used with '--zero-stats'", .bare),
    (["-zs"], "the argument '--zero-stats' cannot be used with '--show-stats'", .bare),
    (["-s", "gcc", "-x"], "the argument '--show-stats' cannot be used with '[CMD]...'", .bare),
    (["-s", "--", "gcc"], "the argument '--show-stats' cannot be used with '[CMD]...'", .bare),
    (
      ["--show-adv-stats", "--dist-status", "--dist-auth", "gcc"],
      "the argument '--show-adv-stats' cannot be used with:\n  --dist-status\n  --dist-auth\n"
        + "  [CMD]...", .bare
    ),
    (
      ["--stats-format", "json", "--zero-stats", "--stop-server"],
      "the argument '--zero-stats' cannot be used with '--stop-server'", .format
    ),
    (["--package-toolchain"], toolchainMissing, .none),
    (["--package-toolchain", "-s", "b"], toolchainMissing, .none),
    (["--package-toolchain", "", "b"], toolchainMissing, .none),
    (["--package-toolchain", "a"], toolchainShort, .open),
    (["--package-toolchain=a", "b"], toolchainShort, .open),
    (["--package-toolchain", "a", "--", "b"], toolchainShort, .open),
    (
      ["--package-toolchain", "a", "b", "c"],
      "the argument '--package-toolchain <EXE> <OUT>' cannot be used with '[CMD]...'", .bare
    ),
    (
      ["-s", "--package-toolchain", "a", "b"],
      "the argument '--show-stats' cannot be used with '--package-toolchain <EXE> <OUT>'", .bare
    ),
  ]

  @Test(arguments: cases)
  func says(arguments: [String], message: String, line: UsageLine) {
    let expected = CommandLineFailure(
      text: text(message, line), stream: .standardError, exitCode: 2)
    #expect(parseCommandLine(arguments) { _ in nil } == .failure(expected))
  }

  @Test(
    arguments: [
      ("martha", "marhta", 0.9444), ("dixon", "dicksonx", 0.7667), ("abc", "xyz", 0),
      ("", "", 1), ("", "a", 0), ("a", "a", 1),
    ] as [(String, String, Double)])
  func similarity(left: String, right: String, expected: Double) {
    #expect(abs(jaroSimilarity(Array(left), Array(right)) - expected) < 0.0001)
  }
}
