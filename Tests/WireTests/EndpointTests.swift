import Testing
import Wire

@Suite struct EndpointTests {
  /// The endpoint that these variables give, as text that can be compared.
  private func endpoint(_ variables: [String: String], user: UInt32 = 1000) -> String {
    var pointers: [String: UnsafePointer<CChar>] = [:]
    for (name, value) in variables {
      let bytes = value.utf8.map { CChar(bitPattern: $0) } + [0]
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
      copy.initialize(from: bytes, count: bytes.count)
      pointers[name] = UnsafePointer(copy)
    }
    defer { for pointer in pointers.values { pointer.deallocate() } }
    let found = Endpoint.fromEnvironment(user: user) { name in
      pointers[name.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }]
    }
    switch found {
    case .path(let path): return "path " + String(decoding: path, as: UTF8.self)
    case .abstract(let name): return "abstract \(name)"
    case .port(let port): return "port \(port)"
    }
  }

  @Test(arguments: [
    ("/run/s.sock", "path /run/s.sock"),
    ("relative", "path relative"),
    // Less than the prefix, or only the prefix, is a path.
    ("\\x0", "path \\x0"),
    ("\\x00", "path \\x00"),
    ("\\x01name", "path \\x01name"),
    ("\\x00a", "abstract [97]"),
    ("\\x00a\\x41\\x7f", "abstract [97, 65, 127]"),
    ("\\x00\\x00", "abstract [0]"),
    ("\\x00\\xFf", "abstract [255]"),
    // An escape that is none stays as it is.
    ("\\x00\\xg0", "abstract [92, 120, 103, 48]"),
    ("\\x00\\x4", "abstract [92, 120, 52]"),
    ("\\x00a\\", "abstract [97, 92]"),
  ])
  func socketNames(value: String, expected: String) {
    #expect(endpoint(["SCCACHE_SERVER_UDS": value, "SCCACHE_SERVER_PORT": "5"]) == expected)
  }

  @Test(arguments: [("1", 1), ("4226", 4226), ("65535", 65535), ("00080", 80)])
  func ports(value: String, expected: Int) {
    #expect(endpoint(["SCCACHE_SERVER_PORT": value]) == "port \(expected)")
    #expect(
      endpoint(["SCCACHE_SERVER_UDS": "", "SCCACHE_SERVER_PORT": value]) == "port \(expected)")
  }

  @Test(arguments: ["", "0", "65536", "99999", "123456", "-1", "+5", "4226 ", "0x10", "ten"])
  func whatIsNoPortCountsAsUnset(value: String) {
    #expect(endpoint(["SCCACHE_SERVER_PORT": value]) == endpoint([:]))
  }

  @Test func theDefaultIsAPathOfTheUser() {
    let name = endpoint(["HOME": "/home/a"], user: 4_294_967_295)
    #expect(name.hasPrefix("path /tmp/sccache-4294967295/"))
    #expect(name.hasSuffix("-v\(wireVersion)"))
    #expect(endpoint([:], user: 0).hasPrefix("path /tmp/sccache-0/"))
    #expect(Endpoint.runtimeDirectory(user: 10) == Array("/tmp/sccache-10".utf8))
  }

  @Test(arguments: ["SCCACHE_CONF", "SCCACHE_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME"])
  func everySelectorSelects(name: String) {
    let names = [
      endpoint([:]), endpoint([name: ""]), endpoint([name: "/a"]), endpoint([name: "/b"]),
      endpoint([name: "/a/"]),
    ]
    #expect(Set(names).count == names.count)
    #expect(
      endpoint([name: "/a"]) == endpoint([name: "/a", "PATH": "/bin", "SCCACHE_BASEDIRS": "x"]))
  }

  /// A value that moves from one selector to the next is another configuration.
  @Test func selectorsDoNotRunTogether() {
    let names = [
      endpoint(["SCCACHE_CONF": "/a", "SCCACHE_DIR": "/b"]),
      endpoint(["SCCACHE_CONF": "/b", "SCCACHE_DIR": "/a"]),
      endpoint(["SCCACHE_CONF": "/a/b", "SCCACHE_DIR": ""]),
      endpoint(["SCCACHE_CONF": "", "SCCACHE_DIR": "/a/b"]),
      endpoint(["SCCACHE_CONF": "/a/b"]),
      endpoint(["SCCACHE_DIR": "/a/b"]),
    ]
    #expect(Set(names).count == names.count)
  }
}
