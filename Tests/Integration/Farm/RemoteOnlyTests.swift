import Glibc
import Platform
import TestSupport
import Testing

/// `remote_only`: an error instead of a compilation here.
@Suite(.blockingForFarms, .serialized) struct RemoteOnlyTests {
  private static let cause = "\nsccache: caused by: remote_only allows no compilation here"

  private func reason(_ client: Sandbox, _ name: String) throws -> Int {
    try client.statistics().json["extra"]["not_on_farm"][name].total
  }

  private func refuses(
    _ client: Sandbox, _ source: String, because reason: String,
    with extra: [String: String] = [:], location: SourceLocation = #_sourceLocation
  ) throws {
    try client.write(source, "int value;\n")
    let result = try client.sccache(["gcc", "-c", source], with: extra)
    #expect(result.exitCode == 2, sourceLocation: location)
    let opening = "sccache: error: \(source) was not compiled: \(reason)"
    #expect(
      result.errorText.hasPrefix(opening) && result.errorText.contains(Self.cause),
      "\(result.errorText)", sourceLocation: location)
    let object = source.dropLast(2) + ".o"
    #expect(!client.exists(String(object)), sourceLocation: location)
  }

  @Test(.timeLimit(.minutes(20)))
  func theFarmCompiles() throws {
    let farm = try TestFarm()
    let client = try farm.client(keys: "remote_only = true")
    // The very first one: it waits until the compiler is packed.
    try client.write("a.c", "int a = 1;\n")
    #expect(try client.sccache(["gcc", "-c", "a.c"]).isSuccess)
    #expect(try client.statistics().count("dist_compiles") == 1)
    // So is what the cache has nothing to do with.
    try client.write("b.c", "int b = 1;\n")
    #expect(try client.sccache(["gcc", "-c", "b.c"], with: ["SCCACHE_NO_CACHE": "1"]).isSuccess)
    #expect(try client.statistics().count("dist_compiles") == 2)
    // What a person did wrong is shown in the words of the compiler here.
    for (name, text) in [
      ("wrong.c", "int wrong = ;\n"), ("missing.c", "#include \"nowhere.h\"\n"),
      ("warning.c", "int warning(void) { int unused; return 0; }\n"),
    ] {
      try client.write(name, text)
      let command = ["gcc", "-Wall", "-c", name, "-o", "out.o"]
      let wanted = try client.plain(command)
      let got = try client.sccache(command)
      #expect(wanted.errorText != "")
      #expect(got.exitCode == wanted.exitCode && got.errorText == wanted.errorText, "\(name)")
    }
    // What no farm gets is done here as ever.
    try client.write("s.s", ".globl s\ns:\n")
    for command in [
      ["gcc", "-c", "s.s"], ["gcc", "-E", "a.c"], ["gcc", "-c", "-march=native", "a.c"],
    ] {
      #expect(try client.sccache(command).isSuccess, "\(command)")
    }
    try client.write("out.c", "int out;\n")
    let opted = try client.sccache(["gcc", "-c", "out.c"], with: ["SCCACHE_NO_DIST_COMPILE": "1"])
    #expect(opted.isSuccess)
    #expect(try client.statistics().count("dist_compiles") == 2)
    #expect(try reason(client, "SCCACHE_NO_DIST_COMPILE is set") == 1)
    #expect(try reason(client, "the compiler had something to say") > 0)
    #expect(try reason(client, "such a call is never sent") > 0)
  }

  @Test(.timeLimit(.minutes(20)))
  func theFarmCannot() throws {
    let farm = try TestFarm(servers: [])
    let client = try farm.client(keys: "allocation_timeout_ms = 300")
    client.environment["SCCACHE_DIST_REMOTE_ONLY"] = "1"
    try refuses(client, "full.c", because: "the farm is full: ")
    #expect(try reason(client, "the farm is full") == 1)
    // One call may do without.
    try client.write("here.c", "int here;\n")
    let here = try client.sccache(["gcc", "-c", "here.c"], with: ["SCCACHE_DIST_REMOTE_ONLY": "0"])
    #expect(here.isSuccess)
    #expect(try reason(client, "the farm is full") == 2)
    farm.scheduler?.stop()
    try refuses(client, "away.c", because: "the scheduler is away: ")
    // It is left alone for a moment now, which is no other reason.
    try refuses(client, "still.c", because: "the scheduler is away: ")
    #expect(try reason(client, "the scheduler is away") == 2)
    let text = try client.sccache(["--show-stats"]).outputText
    #expect(text.contains("\nNot on the farm (the scheduler is away) "), "\(text)")
  }

  @Test func thereIsNoFarm() throws {
    let client = try Sandbox()
    try refuses(
      client, "none.c", because: "no scheduler is configured",
      with: ["SCCACHE_DIST_REMOTE_ONLY": "1"])
  }

  @Test(.timeLimit(.minutes(20)))
  func aWrongToken() throws {
    let farm = try TestFarm(servers: [])
    let client = try farm.client(token: "wrong", keys: "remote_only = true")
    try refuses(client, "token.c", because: "the farm refused the job: ")
  }
}
