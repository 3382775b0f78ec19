import Glibc
import Platform
import StoreServers
import TestSupport
import Testing

/// Whole programs with a remote store: nginx, started by the test.
@Suite(.blocking) struct RemoteStoreTests {
  private func machine(_ web: TestServer, _ more: [String: String] = [:]) throws -> Sandbox {
    let box = try Sandbox([
      "SCCACHE_WEBDAV_ENDPOINT": "http://127.0.0.1:\(web.port)/",
      "SCCACHE_WEBDAV_KEY_PREFIX": "team",
    ])
    for (name, value) in more { box.environment[name] = value }
    try box.write("h.h", "#include <stddef.h>\n#define H 1\n")
    try box.write("a.c", "#include \"h.h\"\nint a = H;\n")
    return box
  }

  private let chain = ["SCCACHE_MULTILEVEL_CHAIN": "disk,webdav"]

  /// Ends the daemon, which first writes what it has not written yet.
  private func end(_ box: Sandbox) throws { try box.sccache(["--stop-server"]) }

  /// A machine with nothing asks twice, and starts neither compiler nor preprocessor.
  @Test(arguments: [false, true]) func anEmptyMachineHits(hasDisk: Bool) throws {
    let web = try WebDAVServers.nginx()
    let first = try machine(web)
    try first.compile(["gcc", "-c", "a.c"], .miss)
    let object = try first.read("a.o")
    try end(first)
    let count = web.requests.count
    let second = try machine(web, hasDisk ? chain : [:])
    try second.compile(["gcc", "-c", "a.c"], .hit)
    #expect(try second.read("a.o") == object)
    let asked = web.requests.dropFirst(count)
    #expect(asked.count == 2 && asked.allSatisfy { $0.hasPrefix("GET /team/") }, "\(asked)")
    try second.compile(["gcc", "-c", "a.c"], .hit)
    // The disk has it now; without one, the manifest is known.
    #expect(web.requests.count == count + (hasDisk ? 2 : 3))
    #expect(try second.statistics().count("compilations") == 0)
  }

  @Test func theDiskServesWhenTheStoreIsGone() throws {
    let web = try WebDAVServers.nginx()
    let first = try machine(web)
    try first.compile(["gcc", "-c", "a.c"], .miss)
    try end(first)
    let second = try machine(web, chain)
    try second.compile(["gcc", "-c", "a.c"], .hit)
    web.process.stop()
    try second.compile(["gcc", "-c", "a.c"], .hit)
    try second.write("b.c", "int b;\n")
    // One of the two is told of the store.
    for _ in 0..<2 { #expect(try second.sccache(["gcc", "-c", "b.c"]).isSuccess) }
    try second.isRight(["gcc", "-c", "b.c"], .hit, output: "b.o")
  }

  @Test func damagedBlobsAreReplaced() throws {
    let web = try WebDAVServers.nginx()
    let first = try machine(web)
    try first.compile(["gcc", "-c", "a.c"], .miss)
    try end(first)
    for (path, node) in Tree(web.directory("team")).nodes where !node.content.isEmpty {
      guard !path.contains("manifests") else { continue }
      var bytes = node.content
      bytes[bytes.count / 2] ^= 1
      let file = try Descriptor.open(
        web.directory("team/" + path), O_WRONLY | O_TRUNC)
      try file.write(bytes, path: path)
    }
    let second = try machine(web)
    try second.isRight(["gcc", "-c", "a.c"], .miss, output: "a.o")
    try end(second)
    let third = try machine(web)
    try third.isRight(["gcc", "-c", "a.c"], .hit, output: "a.o")
  }

  @Test func readersDontWrite() throws {
    let web = try WebDAVServers.nginx()
    let box = try machine(web, chain.merging(["SCCACHE_WEBDAV_RW_MODE": "READ_ONLY"]) { $1 })
    try box.compile(["gcc", "-c", "a.c"], .miss)
    try end(box)
    #expect(!web.requests.contains { $0.hasPrefix("PUT") })
    #expect(web.requests.contains { $0.hasPrefix("GET") })
  }

  /// Changed headers make a second result, which others find beside the first.
  @Test func resultsOfTwoMachinesStandSideBySide() throws {
    let web = try WebDAVServers.nginx()
    for value in [1, 2, 3] {
      let box = try machine(web)
      try box.write("h.h", "#include <stddef.h>\n#define H \(value)\n")
      try box.compile(["gcc", "-c", "a.c"], .miss)
      try end(box)
    }
    for value in [1, 2, 3] {
      let box = try machine(web)
      try box.write("h.h", "#include <stddef.h>\n#define H \(value)\n")
      try box.isRight(["gcc", "-c", "a.c"], .hit, output: "a.o")
    }
  }

  @Test func signaturesKeepOthersOut() throws {
    let web = try WebDAVServers.nginx()
    func box(_ key: String?) throws -> Sandbox {
      try machine(web, key.map { ["SCCACHE_SIGNING_KEY": $0] } ?? [:])
    }
    let stranger = try box(nil)
    try stranger.compile(["gcc", "-c", "a.c"], .miss)
    try end(stranger)
    let holder = try box("secret one")
    try holder.compile(["gcc", "-c", "a.c"], .miss)
    try end(holder)
    try box("secret one").compile(["gcc", "-c", "a.c"], .hit)
    try box("secret two").compile(["gcc", "-c", "a.c"], .miss)
  }

  @Test func secretsStayOut() throws {
    let web = try WebDAVServers.nginx()
    let secret = "pa55-w0rd-of-the-store"
    let log = web.directory("daemon.log")
    let box = try machine(
      web,
      [
        "SCCACHE_WEBDAV_USERNAME": "me", "SCCACHE_WEBDAV_PASSWORD": secret,
        "SCCACHE_SIGNING_KEY": secret, "SCCACHE_LOG": "trace", "SCCACHE_ERROR_LOG": log,
      ])
    try box.compile(["gcc", "-c", "a.c"], .miss)
    var said = ""
    web.process.stop()
    try box.write("b.c", "int b;\n")
    for command in [
      ["gcc", "-c", "b.c"], ["gcc", "-c", "b.c"], ["--show-stats"], ["--show-config"],
      ["--ping-storage"], ["--show-stats", "--stats-format=json"], ["--stop-server"],
    ] {
      let result = try box.sccache(command)
      said += result.errorText + String(decoding: result.output, as: UTF8.self)
    }
    said += String(decoding: try Files.read(log), as: UTF8.self)
    #expect(said.contains("webdav") && !said.contains(secret))
    #expect(!said.contains(Base64.encode(Array("me:\(secret)".utf8))))
  }

  @Test func modesForPeople() throws {
    let web = try WebDAVServers.nginx()
    let box = try machine(web, chain)
    let good = try box.sccache(["--ping-storage"])
    #expect(good.isSuccess)
    #expect(good.outputText.contains("L0 (disk)") && good.outputText.contains("L1 (webdav)"))
    try box.compile(["gcc", "-c", "a.c"], .miss)
    try end(box)
    let none = try box.sccache(["--evict-older-than", "1h"])
    #expect(none.isSuccess && none.outputText.hasPrefix("removed 0 files"))
    let all = try box.sccache(["--clear"])
    #expect(all.isSuccess && all.outputText.hasPrefix("removed 2 files"))
    // The other level has it still.
    try box.compile(["gcc", "-c", "a.c"], .hit)
    #expect(try box.sccache(["--clear"]).isSuccess)
    try box.compile(["gcc", "-c", "a.c"], .hit)
    web.process.stop()
    let bad = try box.sccache(["--ping-storage"])
    #expect(bad.exitCode == 1)
    #expect(bad.outputText.contains("can't be reached"))
  }
}

extension TestServer {
  /// What nginx was asked so far, `GET /…` each.
  fileprivate var requests: [String] {
    let text = (try? String(contentsOf: directory("access"))) ?? ""
    return text.split(separator: "\n").compactMap { line in
      line.split(separator: "\"").dropFirst().first.map(String.init)
    }
  }
}
