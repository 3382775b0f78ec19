import Testing

@testable import sccached

@Suite struct HelpTextTests {
  let text = helpText(enabledFeatures: [
    ("S3", true), ("Redis", false), ("Memcached", true),
  ])

  /// Scripts look at the end of the help for what a build can do.
  @Test func endsWithTheFeatures() {
    #expect(
      text.hasSuffix(
        "\nEnabled features:\n    S3:        true\n    Redis:     false\n    Memcached: true\n"))
    #expect(helpText(enabledFeatures: []).hasSuffix("\nEnabled features:\n"))
  }

  @Test func namesEveryOptionOnce() {
    let lines = text.split(separator: "\n").dropFirst()
    for option in ModeOption.allCases.map(\.display) + [StatisticsFormatOption.display] {
      #expect(lines.count { $0.dropFirst(6).hasPrefix(option + " ") } == 1, "\(option)")
    }
    #expect(lines.allSatisfy { $0.count <= 100 })
  }

  @Test func versionLine() { #expect(versionText == "sccache 0.16.0\n") }
}
