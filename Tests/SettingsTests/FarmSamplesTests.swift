import Foundation
import Platform
import Testing

@testable import Settings

/// The samples of the farm in `config/`, and the pages in `docs/`, know what the code knows.
@Suite struct FarmSamplesTests {
  private static func text(_ path: String) throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  /// With every setting made one.
  private static func uncommented(_ path: String) throws -> String {
    try text(path).split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let next = line.dropFirst().first
      return line.first == "#" && next?.isLetter ?? false ? String(line.dropFirst()) : String(line)
    }.joined(separator: "\n")
  }

  private static func scheduler(_ text: String) throws(SettingsError) -> SchedulerSettings {
    try SchedulerSettings(path: "scheduler.toml", text: text)
  }

  private static func server(_ text: String) throws(SettingsError) -> BuildServerSettings {
    try BuildServerSettings(path: "server.toml", text: text)
  }

  @Test func scheduler() throws {
    let sample = try Self.scheduler(Self.text("config/scheduler.toml"))
    #expect("\(sample.publicAddress)" == "10.0.0.1:10600")
    #expect(sample.tls == nil)
    #expect(sample.trustedProxies == [])
    let full = try Self.scheduler(Self.uncommented("config/scheduler.toml"))
    #expect(full.tls?.certificate == "/etc/sccache-dist/scheduler.pem")
    #expect(full.trustedProxies.map(\.description) == ["10.0.0.9"])
  }

  /// What is shown as a default is one.
  @Test func server() throws {
    let sample = try Self.server(Self.text("config/server.toml"))
    #expect(sample.cacheDirectory == FarmFiles.cacheDirectory)
    #expect(sample.buildDirectory == FarmFiles.buildDirectory)
    #expect(sample.bubblewrap == FarmFiles.bubblewrap)
    var full = try Self.server(Self.uncommented("config/server.toml"))
    #expect("\(full.bindAddress)" == "0.0.0.0:10501")
    #expect(full.slots == 10)
    #expect(full.jobMemory == 4 << 30)
    full.bindAddress = sample.bindAddress
    full.slots = nil
    full.jobMemory = nil
    #expect(full == sample)
  }

  /// The code itself lists what it knows when it meets an unknown key.
  private static func knownKeys(of path: String, in section: String) throws -> [String] {
    let file = try text(path)
    let spoiled =
      section.isEmpty
      ? "zzz = 1\n" + file : file.replacingOccurrences(of: section, with: section + "\nzzz = 1")
    do throws(SettingsError) {
      if path.contains("scheduler") { _ = try scheduler(spoiled) } else { _ = try server(spoiled) }
    } catch {
      let last = error.causes.last ?? ""
      return (last.components(separatedBy: "known here are ").last ?? "")
        .components(separatedBy: ", ")
    }
    Issue.record("an unknown key was accepted in \(path) \(section)")
    return []
  }

  @Test(arguments: [
    ("config/scheduler.toml", ""), ("config/scheduler.toml", "[client_auth]"),
    ("config/scheduler.toml", "[server_auth]"), ("config/server.toml", ""),
    ("config/server.toml", "[builder]"), ("config/server.toml", "[scheduler_auth]"),
  ])
  func everyKeyIsWrittenDown(_ path: String, _ section: String) throws {
    let sample = try Self.text(path)
    let page = try Self.text("docs/configuration.md")
    let keys = try Self.knownKeys(of: path, in: section)
    #expect(keys.count > 1)
    for key in keys {
      #expect(page.contains("`\(key)`"), "\(section) \(key) in docs/configuration.md")
      let isSetting = sample.split(separator: "\n").contains { line in
        line.hasPrefix("\(key) =") || line.hasPrefix("#\(key) =") || line == "[\(key)]"
      }
      #expect(isSetting, "\(section) \(key) in \(path)")
    }
  }

  /// Keys of the kinds of authentication that the samples only mention.
  @Test(arguments: ["audience", "issuer", "jwks_url", "url", "cache_secs", "secret_key", "token"])
  func otherKinds(_ key: String) throws {
    #expect(try Self.text("config/scheduler.toml").contains(key))
    #expect(try Self.text("docs/configuration.md").contains("`\(key)`"))
  }

  @Test(arguments: ["scheduler", "server"])
  func unit(_ name: String) throws {
    let unit = try Self.text("config/systemd/sccache-dist-\(name).service")
    let lines = unit.components(separatedBy: "\n")
    #expect(unit.contains("ExecStart=/usr/local/bin/sccache-dist \(name) --config "))
    #expect(unit.contains("/etc/sccache-dist/\(name).toml"))
    for hardening in ["NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes"] {
      #expect(lines.contains(hardening))
    }
    #expect(lines.contains("DynamicUser=yes") == (name == "scheduler"))
    #expect(unit.contains("CapabilityBoundingSet="))
  }
}
