import Testing

@testable import sccached

@Suite struct ParseCommandLineTests {
  func parse(_ arguments: [String], isServer: Bool = false) -> Result<Mode, CommandLineFailure> {
    parseCommandLine(arguments) { $0 == "SCCACHE_START_SERVER" && isServer ? "1" : nil }
  }

  static let modes: [([String], Mode)] = [
    (["-s"], .showStats(advanced: false, format: .text)),
    (["--show-stats"], .showStats(advanced: false, format: .text)),
    (["--show-adv-stats"], .showStats(advanced: true, format: .text)),
    (["-s", "--stats-format", "json"], .showStats(advanced: false, format: .json)),
    (["--stats-format=json", "--show-adv-stats"], .showStats(advanced: true, format: .json)),
    (["-s", "--"], .showStats(advanced: false, format: .text)),
    (["-z"], .zeroStats),
    (["--zero-stats", "--stats-format", "text"], .zeroStats),
    (["--start-server"], .startServer),
    (["--stop-server"], .stopServer),
    (["--dist-status"], .distStatus),
    (["--dist-auth"], .distAuth),
    (["--debug-preprocessor-cache"], .debugPreprocessorCache),
    (["--show-config"], .showConfig),
    (["--ping-storage"], .pingStorage),
    (["--clear"], .clear),
    (["--evict-older-than", "30d"], .evict(unusedForSeconds: 2_592_000)),
    (["--evict-older-than=90s"], .evict(unusedForSeconds: 90)),
    (["--evict-older-than", "0s"], .evict(unusedForSeconds: 0)),
    (
      ["--package-toolchain", "gcc", "out.tar"],
      .packageToolchain(executable: "gcc", output: "out.tar")
    ),
    (["--package-toolchain", "gcc", "-"], .packageToolchain(executable: "gcc", output: "-")),
    (["-h"], .help), (["--help"], .help), (["-V"], .version), (["--version"], .version),
    (["-s", "-h"], .help), (["-V", "-h"], .version), (["-s", "-z", "-V"], .version),
    (["-hs"], .help), (["-V", "--bogus"], .version), (["-V", "gcc"], .version),
  ]

  @Test(arguments: modes)
  func recognises(arguments: [String], mode: Mode) {
    #expect(parse(arguments) == .success(mode))
  }

  /// Behind the compiler's name nothing is ours, however much it looks like it.
  @Test(
    arguments: [
      (["gcc"], 0), (["gcc", "-s"], 0), (["gcc", "-h", "--version", "--", "-z"], 0),
      (["--", "gcc", "-c"], 1), (["--", "-s"], 1), (["--", "--"], 1), (["--", "--help"], 1),
      (["--stats-format", "json", "gcc", "--bogus"], 2), (["--stats-format=text", "--", "cc"], 2),
      ([""], 0), (["-"], 0), (["gcc", "--generate-completion-script"], 0),
      (["gcc", "---completion"], 0), (["gcc", "--experimental-dump-help"], 0),
    ] as [([String], Int)])
  func leavesTheCommandAlone(arguments: [String], dropped: Int) {
    #expect(parse(arguments) == .success(.compile(Array(arguments.dropFirst(dropped)))))
  }

  @Test func environmentMakesTheServer() {
    #expect(parse([], isServer: true) == .success(.runServer))
    #expect(parse(["--"], isServer: true) == .success(.runServer))
    #expect(parse(["-V"], isServer: true) == .success(.version))
    for arguments in [["-s"], ["gcc", "-c"], ["--start-server"]] {
      #expect(
        parse(arguments, isServer: true)
          == .failure(
            CommandLineFailure(
              text: "sccache: `SCCACHE_START_SERVER=1` can't be used with other commands\n",
              stream: .standardOutput, exitCode: 1)))
    }
    #expect(parseCommandLine(["-z"]) { _ in "true" } == .success(.zeroStats))
    #expect(parseCommandLine([]) { _ in "0" } == parse([]))
  }

  @Test(
    arguments: [["--generate-completion-script"], ["--experimental-dump-help"], ["---completion"]])
  func optionsOfTheLibraryAreNotOurs(arguments: [String]) {
    guard case .failure(let failure) = parse(arguments) else {
      Issue.record("taken for an option of ours")
      return
    }
    #expect(failure.exitCode == 2)
    #expect(failure.text.hasPrefix("error: unexpected argument '\(arguments[0])' found\n"))
  }

  /// Whatever the words are, the answer is one of the two, and an error says how to go on.
  @Test(arguments: UInt64(1)...4)
  func anyWordsGetAnAnswer(seed: UInt64) {
    var generator = SplitMix(state: seed)
    let words = [
      "-s", "-z", "--zero-stats", "--stats-format", "--stats-format=json", "json", "-", "--", "gcc",
      "--package-toolchain", "--package-toolchain=x", "-V", "-sz", "-sx", "--=", "-=", "--é", "",
      "--show-stats=", "---", "=", "-zs=", "--dist-auth", "\u{301}", "-\u{301}", "--help=1",
    ]
    for _ in 0..<400 {
      let count = Int.random(in: 0...5, using: &generator)
      let arguments = (0..<count).map { _ in words.randomElement(using: &generator) ?? "" }
      switch parse(arguments) {
      case .success(.compile(let command)):
        #expect(!command.isEmpty && arguments.suffix(command.count) == command[...])
      case .success: #expect(!arguments.isEmpty)
      case .failure(let failure):
        #expect(failure.exitCode == 2 && failure.stream == .standardError)
        #expect(failure.text.hasPrefix("error: "))
        #expect(failure.text.hasSuffix("\n\nFor more information, try '--help'.\n"))
      }
    }
  }
}
