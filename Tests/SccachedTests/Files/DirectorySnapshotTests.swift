import CacheKey
import Glibc
import Platform
import Testing

@testable import sccached

@Suite struct DirectorySnapshotTests {
  /// A directory with a snapshot of it and then a change.
  private final class Scene {
    let root: String
    var snapshot: DirectorySnapshot?

    init() throws {
      var template = Array("/tmp/snapshot-XXXXXX".utf8CString)
      let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
      root = String(cString: try #require(made))
      for name in ["dir", "dir/sub", "unwatched"] { mkdir("\(root)/\(name)", 0o755) }
      for name in ["dir/old", "dir/sub/old", "unwatched/old", "aside"] { try write(name) }
    }

    deinit {
      _ = try? Spawn.run("/bin/rm", ["-rf", root], environment: [], directory: "/")
    }

    func write(_ name: String) throws {
      let path = "\(root)/\(name)"
      let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
      try file.write([UInt8(ascii: "x")], path: path)
    }

    func run(_ line: String) throws {
      let result = try Spawn.run(
        "/bin/sh", ["-c", line], environment: [Array("PATH=/usr/bin:/bin".utf8)], directory: root)
      #expect(result.isSuccess)
    }

    /// Looks, with everything before being older for certain.
    func look() {
      usleep(30_000)
      var snapshot = DirectorySnapshot(startStamp: Clock.coarse, records: DirectoryRecords())
      let isThere = snapshot.watch("\(root)/dir")
      snapshot.watchParents(of: "./sub/x.h", in: "\(root)/dir")
      snapshot.watchParents(of: "none/x.h", in: "\(root)/dir")
      let isMissing = !snapshot.watch("\(root)/missing")
      #expect(isThere && isMissing)
      self.snapshot = snapshot
      usleep(30_000)
    }

    func confirms(absent: [String] = [], present: [String] = [], in directory: String) -> Bool {
      snapshot?.confirms(
        ExpectedNames(directory: directory, absent: absent, present: present),
        in: "\(root)/\(directory)") ?? false
    }
  }

  @Test func nothingHappened() throws {
    let scene = try Scene()
    scene.look()
    for directory in ["dir", "dir/sub", "unwatched", "dir/.", "./dir"] {
      #expect(scene.confirms(absent: ["new"], present: ["old"], in: directory))
    }
    #expect(scene.confirms(absent: ["new"], in: "missing"))
    #expect(scene.confirms(present: ["sub/old"], in: "dir"))
  }

  /// Names are compared in what is watched, and nothing is believed of the rest.
  @Test func otherNamesCameAndWent() throws {
    let scene = try Scene()
    try scene.run("touch dir/goes dir/sub/goes unwatched/goes")
    scene.look()
    try scene.run(
      "rm dir/goes dir/sub/goes unwatched/goes; touch dir/new.o dir/sub/new.o unwatched/new.o")
    for directory in ["dir", "dir/sub"] {
      #expect(scene.confirms(absent: ["other"], present: ["old"], in: directory))
      #expect(!scene.confirms(absent: ["goes"], in: directory))
      #expect(!scene.confirms(present: ["new.o"], in: directory))
    }
    #expect(scene.confirms(present: ["old"], in: "unwatched"))
    #expect(!scene.confirms(absent: ["other"], in: "unwatched"))
    #expect(!scene.confirms(present: ["new.o"], in: "unwatched"))
    #expect(scene.confirms(present: ["sub/old"], in: "dir"))
  }

  /// Each puts something at a place where it was not, without a file that is new.
  @Test(arguments: [
    ("ln aside dir/new", "dir", "new"), ("ln -s ../aside dir/new", "dir", "new"),
    ("mv aside dir/new", "dir", "new"), ("mv dir gone; mv unwatched dir", "dir", "old"),
    ("mv unwatched missing", "missing", "old"), ("mv unwatched dir/new", "dir", "new/old"),
    ("rm -r dir/sub; mv unwatched dir/sub", "dir/sub", "old"),
    ("mv unwatched dir/sub/new", "dir", "sub/new/old"),
    ("mv unwatched elsewhere", "elsewhere", "old"),
    ("ln -s sub dir/new", "dir", "new/old"),
  ])
  func movedThere(line: String, directory: String, name: String) throws {
    let scene = try Scene()
    scene.look()
    try scene.run(line)
    #expect(!scene.confirms(present: [name], in: directory))
  }

  @Test func writtenAnewIsPresent() throws {
    let scene = try Scene()
    scene.look()
    try scene.write("dir/old")
    try scene.write("unwatched/old")
    #expect(scene.confirms(present: ["old"], in: "dir"))
    #expect(!scene.confirms(present: ["old"], in: "unwatched"))
  }

  @Test func replacedAndRemovedDirectories() throws {
    let scene = try Scene()
    scene.look()
    try scene.run("mv dir gone; mkdir dir missing")
    #expect(!scene.confirms(absent: ["new"], in: "dir"))
    #expect(scene.confirms(absent: ["new"], in: "missing"))
    try scene.run("rmdir dir")
    #expect(!scene.confirms(absent: ["new"], in: "dir"))
  }
}
