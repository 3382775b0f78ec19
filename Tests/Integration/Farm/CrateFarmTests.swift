import Platform
import TestSupport
import Testing

/// Libraries of Rust, compiled on a farm of ours.
@Suite(.blockingForFarms, .serialized) struct CrateFarmTests {
  private static let outputs = [
    "libuser-0123abcd.rlib", "libuser-0123abcd.rmeta", "user-0123abcd.d",
  ]

  /// A crate that is used, by its metadata, and one whose user names only that one.
  private func prepare(_ client: Sandbox) throws -> [String] {
    client.environment["PATH"] = "\(try RustInstallation.binaries()):\(Programs.searchPath)"
    try client.write("base.rs", "pub fn three() -> u32 { 3 }\n")
    try client.write(
      "middle.rs", "pub fn four() -> u32 { base::three() + 1 }\npub use base::three;\n")
    try client.write("text.txt", "words")
    try client.write(
      "user.rs",
      """
      pub fn seven() -> u32 { middle::three() + middle::four() }
      pub const MARK: Option<&str> = option_env!("MARK");
      pub const TEXT: &str = include_str!("text.txt");
      fn unused() {}

      """)
    client.environment["MARK"] = "set"
    let out = client.path("out")
    #expect(try client.plain(try client.rustc("base", "base.rs")).isSuccess)
    #expect(
      try client.plain(
        try client.rustc("middle", "middle.rs", ["--extern", "base=\(out)/libbase-0123abcd.rmeta"])
      ).isSuccess)
    return try client.rustc(
      "user", "user.rs", ["--extern", "middle=\(out)/libmiddle-0123abcd.rmeta"])
  }

  private func waitUntilDistributed(_ client: Sandbox) throws {
    let end = Clock.monotonic + 1_500_000_000_000
    var number = 0
    while try client.statistics().count("dist_compiles") == 0, Clock.monotonic < end {
      number += 1
      try client.write("warm\(number).rs", "pub fn number() -> u32 { \(number) }\n")
      let words = try client.rustc("warm\(number)", "warm\(number).rs")
      #expect(try client.sccache(words).isSuccess)
      pause(milliseconds: 200)
    }
    let last = try client.statistics()
    try #require(last.count("dist_compiles") > 0, "\(last.json)")
  }

  @Test(.timeLimit(.minutes(40)), arguments: CombinationTests.Combination.all)
  func theSameAsHere(_ combination: CombinationTests.Combination) throws {
    let farm = try TestFarm(scheduler: combination.scheduler, servers: [combination.server])
    let client = try farm.client(combination.client)
    let words = try prepare(client)
    try waitUntilDistributed(client)
    let before = try client.statistics().count("dist_compiles")
    let files = Self.outputs.map { "out/\($0)" }
    let wanted = try client.outcome(files) { try client.plain(words) }
    let got = try client.outcome(files) { try client.sccache(words) }
    #expect(got.result.isSuccess, "\(got.result.errorText)")
    #expect(wanted.result.errorText.contains("unused"))
    #expect(got.result.errorText == wanted.result.errorText)
    for file in files {
      #expect(wanted.files[file] != nil, "\(file)")
      #expect(got.files[file] == wanted.files[file], "\(file)")
    }
    let compiled = try client.settled()
    #expect(compiled.count("dist_compiles") == before + 1, "\(compiled.json)")
    // And it is in the cache.
    #expect(try client.sccache(words).isSuccess)
    let served = try client.settled()
    #expect(served.count("dist_compiles") == before + 1, "\(served.json)")
    #expect(served.count("dist_errors") == 0, "\(served.json), \(farm.said.suffix(4000))")
  }

  /// What a person says that a crate reads beside the lists is not sent, so the crate stays.
  @Test(.timeLimit(.minutes(20))) func extraInputsStay() throws {
    let farm = try TestFarm(servers: [.ours])
    let client = try farm.client()
    client.environment["SCCACHE_RUST_EXTRA_INPUTS"] = "user=text.txt"
    let words = try prepare(client)
    try waitUntilDistributed(client)
    let before = try client.statistics().count("dist_compiles")
    #expect(try client.sccache(words).isSuccess)
    #expect(try client.statistics().count("dist_compiles") == before)
    #expect(try client.failuresOfTheFarm().contains("such a call is never sent"))
  }
}
