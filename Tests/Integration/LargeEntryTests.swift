import Glibc
import Platform
import StoreServers
import TestSupport
import Testing

/// Objects that are unpacked while their entry comes from a store.
@Suite(.blocking) struct LargeEntryTests {
  private let command = ["gcc", "-c", "a.c"]
  private static let source: String = {
    var state: UInt64 = 7
    let numbers = (0..<400_000).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return String(state >> 40)
    }
    return "unsigned a[] = {\(numbers.joined(separator: ","))};\n"
  }()

  private func machine(_ web: TestServer, _ more: [String: String] = [:]) throws -> Sandbox {
    let box = try Sandbox(["SCCACHE_WEBDAV_ENDPOINT": "http://127.0.0.1:\(web.port)/"])
    for (name, value) in more { box.environment[name] = value }
    for what in ["LOOKUP", "TRANSFER", "FLUSH"] {
      box.environment["SCCACHE_REMOTE_\(what)_TIMEOUT_MS"] = "60000"
    }
    box.environment["SCCACHE_REMOTE_SKIP_SLOW_HITS"] = "false"
    try box.write("a.c", Self.source)
    return box
  }

  private func written(_ web: TestServer) throws -> [UInt8] {
    let box = try machine(web)
    try box.compile(command, .miss)
    let object = try box.read("a.o")
    try box.stopServer()
    return object
  }

  @Test(arguments: [
    [:], ["SCCACHE_MULTILEVEL_CHAIN": "disk,webdav"], ["SCCACHE_HARD_LINKS": "true"],
  ])
  func theyHit(_ more: [String: String]) throws {
    let web = try WebDAVServers.nginx()
    let object = try written(web)
    #expect(object.count > 1 << 20)
    let box = try machine(web, more)
    // What stood there is replaced, with the mode that a compiler gives.
    try box.write("a.o", "old")
    try box.compile(command, .hit)
    #expect(try box.read("a.o") == object)
    #expect(FileStamp(path: box.path("a.o"))?.permissions == 0o644)
    if more["SCCACHE_MULTILEVEL_CHAIN"] != nil {
      web.process.stop()
      box.remove("a.o")
      try box.compile(command, .hit)
      #expect(try box.read("a.o") == object)
    }
    #expect(leftovers(box) == [])
  }

  @Test func damagedOnesAreMissesAndLeaveNothing() throws {
    let web = try WebDAVServers.nginx()
    let object = try written(web)
    let (path, node) = try #require(
      Tree(web.directory.path).nodes.first { $0.value.content.count > 500_000 })
    let whole = node.content
    var bodies = (1...3).map { Array(whole.prefix(whole.count * $0 / 4)) }
    for part in 0..<3 {
      var bytes = whole
      bytes[whole.count * part / 3 + 100] ^= 1
      bodies.append(bytes)
    }
    for (number, body) in bodies.enumerated() {
      do {
        let file = try Descriptor.open(web.directory(path), O_WRONLY | O_TRUNC)
        try file.write(body, path: path)
      }
      let box = try machine(web, ["SCCACHE_WEBDAV_RW_MODE": "READ_ONLY"])
      #expect(try box.sccache(command).isSuccess)
      #expect(try box.read("a.o") == object)
      #expect(try box.statistics().hits == 0, "body \(number)")
      #expect(leftovers(box) == [])
      try box.stopServer()
    }
  }

  private func leftovers(_ box: Sandbox) -> [String] {
    (Files.names(in: box.work) ?? []).filter { $0.hasPrefix(".sccache") }
  }
}
