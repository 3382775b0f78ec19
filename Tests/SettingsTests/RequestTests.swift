import Testing

@testable import Settings

@Suite struct RequestTests {
  private func request(
    _ environment: [String: String], _ defaults: Settings? = nil
  ) throws -> RequestSettings {
    RequestSettings(environmentLookup: { environment[$0] }, defaults: try defaults ?? load())
  }

  @Test func nothingSet() throws {
    let settings = try request([:], load(["SCCACHE_BASEDIRS": "/d"]))
    #expect(settings.useDirectMode)
    #expect(!settings.recache)
    #expect(!settings.noCache)
    #expect(settings.baseDirectories == ["/d/"])
    #expect(settings.extraFiles == [])
    #expect(settings.warnings == [])
  }

  private static let directModes: [(String, Bool, Bool)] = [
    ("0", true, false), ("off", true, false), ("FALSE", true, false), ("1", false, true),
    ("on", false, true), ("", true, true), ("", false, false), ("maybe", true, true),
    ("maybe", false, false),
  ]

  @Test(arguments: directModes)
  func directMode(text: String, daemon: Bool, expected: Bool) throws {
    let settings = try request(
      ["SCCACHE_DIRECT": text], load(["SCCACHE_DIRECT": daemon ? "1" : "0"]))
    #expect(settings.useDirectMode == expected)
    #expect(settings.warnings.count == (text == "maybe" ? 1 : 0))
  }

  @Test func remoteOnly() throws {
    let daemon = try load(["SCCACHE_DIST_REMOTE_ONLY": "1"])
    #expect(try request([:], daemon).remoteOnly)
    #expect(try !request(["SCCACHE_DIST_REMOTE_ONLY": "0"], daemon).remoteOnly)
    #expect(try request(["SCCACHE_DIST_REMOTE_ONLY": "1"]).remoteOnly)
    let wrong = try request(["SCCACHE_DIST_REMOTE_ONLY": "yes"])
    #expect(!wrong.remoteOnly && wrong.warnings.count == 1)
  }

  @Test func rust() throws {
    #expect(try request([:]).cachesRustLinks)
    #expect(try request([:]).rustExtraInputs == [])
    let daemon = try load(
      file: "[rust]\ncache_links = false\nextra_inputs = [\"a=*.html\", \"b=env:X\"]")
    #expect(try !request([:], daemon).cachesRustLinks)
    let own = ["SCCACHE_RUST_LINKS": "on", "SCCACHE_RUST_EXTRA_INPUTS": "c=d;e=env:F"]
    let settings = try request(own, daemon)
    #expect(settings.cachesRustLinks)
    #expect(settings.rustExtraInputs == ["a=*.html", "b=env:X", "c=d", "e=env:F"])
    #expect(try !request([:]).remapsBaseDirectories)
    let remapping = try load(file: "[rust]\nremap_basedirs = true")
    #expect(try request([:], remapping).remapsBaseDirectories)
    #expect(try !request(["SCCACHE_RUST_REMAP_BASEDIRS": "off"], remapping).remapsBaseDirectories)
    #expect(
      failure(file: "[rust]\nextra_inputs = [\"templates\"]").causes.joined().contains(
        "'templates' must be CRATE=PATTERN"))
    #expect(failure(file: "[rust]\nlinks = true").causes.joined().contains("links"))
  }

  @Test(arguments: ["", "0", "1"])
  func presence(value: String) throws {
    #expect(try request(["SCCACHE_RECACHE": value]).recache)
    #expect(try request(["SCCACHE_NO_CACHE": value]).noCache)
  }

  @Test func baseDirectories() throws {
    let daemon = try load(["SCCACHE_BASEDIRS": "/d"])
    #expect(
      try request(["SCCACHE_BASEDIRS": "/a/../b:/c"], daemon).baseDirectories == ["/b/", "/c/"])
    #expect(try request(["SCCACHE_BASEDIRS": ""], daemon).baseDirectories == [])
    let wrong = try request(["SCCACHE_BASEDIRS": "/a:rel"], daemon)
    #expect(wrong.baseDirectories == ["/d/"])
    #expect(wrong.warnings.count == 1)
    #expect(wrong.warnings.first?.contains("\"rel\"") == true)
  }

  @Test func extraFiles() throws {
    #expect(try request(["SCCACHE_EXTRAFILES": "a:/b::c d:"]).extraFiles == ["a", "/b", "c d"])
    #expect(try request(["SCCACHE_EXTRAFILES": ""]).extraFiles == [])
  }
}

@Suite struct StartupVariablesTests {
  private func differences(
    _ start: [String: String], _ request: [String: String]
  ) -> [String] {
    StartupVariables(start).differences(from: request.map { Array("\($0)=\($1)".utf8) })
  }

  @Test func differences() {
    let start = ["SCCACHE_CACHE_SIZE": "5G", "SCCACHE_DIR": "/d", "SCCACHE_LOG": ""]
    #expect(differences(start, start) == [])
    #expect(differences(start, [:]) == [])
    #expect(differences(start, ["SCCACHE_CACHE_SIZE": ""]) == [])
    #expect(differences(start, ["SCCACHE_CACHE_SIZE": "6G"]) == ["SCCACHE_CACHE_SIZE"])
    #expect(
      differences(start, ["SCCACHE_LOG": "debug", "SCCACHE_DIR": "/e", "SCCACHE_BUCKET": "b"])
        == ["SCCACHE_BUCKET", "SCCACHE_DIR", "SCCACHE_LOG"])
  }

  /// What a call decides for itself is no difference, nor is what nobody knows.
  @Test(arguments: [
    "SCCACHE_DIRECT", "SCCACHE_BASEDIRS", "SCCACHE_RECACHE", "SCCACHE_NO_CACHE",
    "SCCACHE_EXTRAFILES", "SCCACHE_UNKNOWN", "PATH", "SCCACHE_", "SCCACH", "S", "",
    "XSCCACHE_CACHE_SIZE", "SCCACHE_CACHE_SIZ", "SCCACHE_CACHE_SIZES",
  ])
  func notWatched(name: String) {
    #expect(differences([:], [name: "x"]) == [])
  }

  @Test func oddVariables() {
    let variables = StartupVariables(["SCCACHE_DIR": "/d"])
    let odd: [[UInt8]] = [[], Array("SCCACHE_DIR".utf8), Array("=".utf8), [0xff, 0x3d]]
    #expect(variables.differences(from: odd) == [])
    #expect(
      variables.differences(from: [Array("SCCACHE_DIR=".utf8) + [0xff]]) == ["SCCACHE_DIR"])
    #expect(variables.differences(from: [Array("SCCACHE_DIR=/d=/d".utf8)]) == ["SCCACHE_DIR"])
  }

  @Test func values() throws {
    let settings = try load(["SCCACHE_CACHE_SIZE": "5G", "SCCACHE_LOG": "", "PATH": "/bin"])
    #expect(settings.startupVariables["SCCACHE_CACHE_SIZE"] == "5G")
    #expect(settings.startupVariables["SCCACHE_LOG"] == nil)
    #expect(settings.startupVariables["PATH"] == nil)
  }
}
