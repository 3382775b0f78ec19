import Glibc
import Platform
import TestSupport
import Testing

/// `--dist-auth`, with a browser that needs nobody. One at a time: the ports are fixed.
@Suite(.blockingForFarms, .serialized) struct DistAuthTests {
  private struct Ending {
    var exitCode: Int32?
    var said: String
    /// What the person saw in the browser.
    var page: String
  }

  private func configure(
    _ box: Sandbox, _ authority: Authority, isImplicit: Bool, farm: TestFarm? = nil
  ) throws {
    let dist =
      farm.map {
        """
        [dist]
        scheduler_url = "\($0.schedulerURL)"
        cache_dir = "\(PackedToolchains.directory(of: .ours))"

        """
      } ?? ""
    let kind = isImplicit ? "oauth2_implicit" : "oauth2_code_grant_pkce"
    let token = isImplicit ? "" : "token_url = \"\(authority.url)/token\""
    try write(
      box,
      dist + """
        [dist.auth]
        type = "\(kind)"
        client_id = "client"
        auth_url = "\(authority.url)/authorize"
        \(token)
        """)
  }

  private func write(_ box: Sandbox, _ text: String) throws {
    let path = box.root + "/client.toml"
    try Files.write(Array(text.utf8), to: path, temporary: path + ".new", mode: 0o600)
    box.environment["SCCACHE_CONF"] = path
    box.environment["SCCACHE_CACHED_CONF"] = box.root + "/kept/tokens"
  }

  private func tokens(_ box: Sandbox) -> String? {
    (try? Files.read(box.root + "/kept/tokens")).map { String(decoding: $0, as: UTF8.self) }
  }

  private func signIn(_ box: Sandbox) throws -> Ending {
    let running = try BackgroundProcess(
      Programs.wrapper, ["--dist-auth"], environment: box.environment,
      log: box.root + "/auth-\(Clock.monotonic).log")
    let opening = "sccache: Please visit "
    for _ in 0..<2000 where running.isRunning && !running.said.contains(" in your browser\n") {
      pause(milliseconds: 10)
    }
    let line = running.said.split(separator: "\n").first { $0.hasPrefix(opening) }
    let words = line?.dropFirst(opening.count).split(separator: " ")
    let address = try #require(words?.first.map(String.init), "\(running.said)")
    let page = try ScriptedBrowser.visit(address)
    for _ in 0..<2000 where running.isRunning { pause(milliseconds: 10) }
    return Ending(exitCode: running.exitCode, said: running.said, page: page)
  }

  @Test(arguments: [false, true])
  func aTokenIsKept(isImplicit: Bool) throws {
    let box = try Sandbox()
    let authority = try Authority(box, answers: isImplicit ? "implicit" : "code")
    try configure(box, authority, isImplicit: isImplicit)
    // What was kept before stays.
    mkdir(box.root + "/kept", 0o755)
    let kept = box.root + "/kept/tokens"
    try Files.write(
      Array("[dist.auth_tokens]\n\"http://other\" = \"x\"\n".utf8), to: kept,
      temporary: kept + ".new", mode: 0o644)
    let ending = try signIn(box)
    #expect(ending.exitCode == 0, "\(ending.said)")
    #expect(ending.said.contains("\nSaved token\n"))
    #expect(ending.said.contains("warning") == isImplicit)
    #expect(!ending.said.contains("the-token"))
    #expect(ending.page.contains("this page can be closed"))
    #expect(
      tokens(box) == """
        [dist.auth_tokens]
        "\(authority.url)/authorize" = "the-token"
        "http://other" = "x"

        """)
    var status = stat()
    #expect(stat(kept, &status) == 0 && status.st_mode & 0o7777 == 0o600)
    #expect(Files.names(in: box.root + "/kept") == ["tokens"])
  }

  /// The directory is made, and an authority that knows forms only is asked with one.
  @Test(arguments: ["code", "form"])
  func itsDirectoryIsMade(answers: String) throws {
    let box = try Sandbox()
    let authority = try Authority(box, answers: answers)
    try configure(box, authority, isImplicit: false)
    #expect(try signIn(box).exitCode == 0)
    #expect(tokens(box)?.contains("\(authority.url)/authorize\" = \"the-token\"") == true)
  }

  /// From a farm that nobody has signed in to, through `--dist-auth`, to a compilation there: the same
  /// daemon throughout.
  @Test(.timeLimit(.minutes(20)))
  func theFarmTakesTheToken() throws {
    let farm = try TestFarm()
    let box = try Sandbox()
    let authority = try Authority(box, answers: "code", token: farm.clientToken)
    try configure(box, authority, isImplicit: false, farm: farm)
    let only = ["SCCACHE_DIST_REMOTE_ONLY": "1"]
    try box.write("a.cc", "int a;\n")
    let refused = try box.sccache(["g++", "-c", "a.cc"], with: only)
    #expect(refused.exitCode == 2)
    #expect(refused.errorText.contains("nobody has signed in: run sccache --dist-auth"))
    let status = try box.sccache(["--dist-status"]).outputText
    #expect(status.contains("enabled, auth not configured"), "\(status)")
    let daemon = box.daemonPID
    #expect(try signIn(box).exitCode == 0)
    #expect(try box.sccache(["--dist-status"]).outputText.hasPrefix("{\"SchedulerStatus\":["))
    #expect(try box.sccache(["g++", "-c", "a.cc"], with: only).isSuccess)
    #expect(try box.statistics().count("dist_compiles") == 1)
    #expect(box.daemonPID == daemon)
  }

  private static let refusals = [
    ("denied", "The authority refused: access_denied: not today"),
    ("wrong-state", "The browser came back with a wrong state"),
    ("no-code", "The browser came back without a code"),
    ("bad-code", "Failed to convert oauth2 code into a token"),
    ("mac", "The authority gave a token of type \"mac\""),
    ("implicit-denied", "The authority refused: access_denied"),
  ]

  @Test(arguments: refusals)
  func noTokenIsKept(answers: String, message: String) throws {
    let box = try Sandbox()
    let authority = try Authority(box, answers: answers)
    try configure(box, authority, isImplicit: answers.hasPrefix("implicit"))
    let ending = try signIn(box)
    #expect(ending.exitCode == 2)
    let lines = ending.said.split(separator: "\n")
    #expect(lines.count == 2 && lines[1].hasPrefix("sccache: error: \(message)"), "\(ending.said)")
    #expect(ending.page.contains(message))
    #expect(tokens(box) == nil)
  }

  @Test func nothingToDoForTokens() throws {
    let box = try Sandbox()
    for text in ["", "[dist.auth]\ntype = \"token\"\ntoken = \"t\"\n"] {
      try write(box, text)
      let result = try box.sccache(["--dist-auth"])
      #expect(result.exitCode == 0)
      #expect(result.outputText == "")
      #expect(result.errorText == "sccache: No authentication needed for type 'token'\n")
    }
    #expect(tokens(box) == nil)
  }

  /// Before a person is sent anywhere.
  @Test func aFileOfTokensThatCannotBeKept() throws {
    let box = try Sandbox()
    try configure(box, try Authority(box, answers: "code"), isImplicit: false)
    mkdir(box.root + "/kept", 0o755)
    let kept = box.root + "/kept/tokens"
    try Files.write(Array("nonsense".utf8), to: kept, temporary: kept + ".new", mode: 0o600)
    let result = try box.sccache(["--dist-auth"])
    #expect(result.exitCode == 2 && result.outputText == "")
    #expect(result.errorText.contains("The token can't be saved in \(kept)"), "\(result.errorText)")
    #expect(tokens(box) == "nonsense")
  }

  @Test func nobodyComes() throws {
    let box = try Sandbox()
    try configure(box, try Authority(box, answers: "code"), isImplicit: false)
    let result = try box.sccache(["--dist-auth"], with: ["SCCACHE_DIST_AUTH_TIMEOUT": "1"])
    #expect(result.exitCode == 2)
    #expect(
      result.errorText.hasPrefix("sccache: error: Nobody signed in within 1 seconds"),
      "\(result.errorText)")
  }

  @Test(arguments: ["0", "-1", "soon"])
  func limitsThatAreNone(text: String) throws {
    let box = try Sandbox()
    let authority = try Authority(box, answers: "code")
    try configure(box, authority, isImplicit: false)
    let result = try box.sccache(["--dist-auth"], with: ["SCCACHE_DIST_AUTH_TIMEOUT": text])
    #expect(result.exitCode == 2 && result.outputText == "")
    let message = "sccache: error: SCCACHE_DIST_AUTH_TIMEOUT value is invalid: \"\(text)\""
    #expect(result.errorText.hasPrefix(message), "\(result.errorText)")
  }

  /// On a desktop the browser is opened; here it is a script.
  @Test func theDesktopsBrowserIsOpened() throws {
    let box = try Sandbox()
    let authority = try Authority(box, answers: "code")
    try configure(box, authority, isImplicit: false)
    try box.makeDirectory("bin")
    try box.script("bin/xdg-open", "exec curl -sL -o \(box.path("page")) \"$1\"")
    let result = try box.sccache(
      ["--dist-auth"],
      with: ["DISPLAY": ":0", "PATH": box.path("bin") + ":" + Programs.searchPath])
    #expect(result.exitCode == 0, "\(result.errorText)")
    #expect(tokens(box)?.contains("\(authority.url)/authorize\" = \"the-token\"") == true)
  }
}
