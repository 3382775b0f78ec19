import Glibc
import Platform
import TestSupport
import Testing

/// `scripts/farm --netns` with the programs under test.
@Suite(.blockingForFarms, .serialized) struct FarmScriptTests {
  private static let script: String = {
    var root = #filePath
    for _ in 0..<4 { root = Path.directory(of: root) }
    return root + "/scripts/farm"
  }()

  private func farm(_ arguments: [String], _ state: String) throws -> ProcessResult {
    try Spawn.run(
      Self.script, arguments + ["--state", state, "--programs", Programs.directory],
      environment: [Array("PATH=\(Programs.searchPath)".utf8)], directory: "/", timeoutSeconds: 120)
  }

  /// The names in /run/netns and of this machine's network devices that belong to a farm.
  private func network(_ state: String) throws -> (name: String, places: [String]) {
    let text = String(decoding: try Files.read(state + "/network"), as: UTF8.self)
    let name = String(text.prefix { $0 != " " })
    return (name, places(name))
  }

  private func places(_ name: String) -> [String] {
    ["/run/netns", "/sys/class/net"].flatMap { directory in
      (Files.names(in: directory) ?? []).filter { $0 == name || $0.hasPrefix(name + "-") }
        .map { "\(directory)/\($0)" }
    }
  }

  @Test(.timeLimit(.minutes(20)))
  func eachInANamespaceOfItsOwn() throws {
    let box = try Sandbox()
    chmod(box.root, 0o711)
    let state = box.root + "/farm"
    defer { _ = try? farm(["down"], state) }
    let up = try farm(["up", "--netns", "--servers", "2"], state)
    try #require(up.isSuccess, "\(up.errorText)")
    let (name, places) = try network(state)
    // Three namespaces, the bridge, and its three ports.
    #expect(places.count == 7, "\(places)")
    // Again: nothing changes.
    let again = try farm(["up", "--netns", "--servers", "2"], state)
    #expect(again.isSuccess && again.outputText.contains("up already"), "\(again.errorText)")
    #expect(try network(state).places == places)
    // Not the same farm.
    #expect(try !farm(["up", "--servers", "2"], state).isSuccess)
    let status = try farm(["status"], state)
    #expect(status.isSuccess && status.outputText.contains("\"num_servers\":2"))

    box.environment["SCCACHE_CONF"] = state + "/config/client.toml"
    try box.waitUntilDistributed("gcc")
    try FarmBuild(box, 8, .quick).run()
    try box.stopServer()

    let down = try farm(["down"], state)
    #expect(down.isSuccess && down.outputText.contains("ended 3 processes"), "\(down.errorText)")
    #expect(self.places(name) == [])
    #expect(access(state + "/network", F_OK) != 0)
    #expect(try farm(["down"], state).isSuccess)
    #expect(try farm(["status"], state).exitCode == 1)
  }

  /// When `up` fails nothing is left; when a part dies, the next `up` begins anew.
  @Test(.timeLimit(.minutes(20)))
  func failuresLeaveNothing() throws {
    let box = try Sandbox()
    chmod(box.root, 0o711)
    let state = box.root + "/farm"
    defer { _ = try? farm(["down"], state) }
    try #require(try farm(["up", "--netns", "--servers", "1"], state).isSuccess)
    let name = try network(state).name
    let pids = String(decoding: try Files.read(state + "/pids"), as: UTF8.self)
    let pid = try #require(pids.split(separator: "\n").first?.split(separator: " ").first)
    kill(try #require(pid_t(pid)), SIGKILL)
    for _ in 0..<200 where try farm(["status"], state).isSuccess { pause(milliseconds: 50) }
    try #require(try farm(["up", "--netns", "--servers", "1"], state).isSuccess)
    #expect(places(name).count == 5)
    #expect(try farm(["down"], state).isSuccess)
    #expect(places(name) == [])
    // A directory that the slots' users can't enter.
    chmod(box.root, 0o700)
    #expect(try !farm(["up", "--netns", "--servers", "1"], state).isSuccess)
    #expect(places(name) == [])
  }
}
