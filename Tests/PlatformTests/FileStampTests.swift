import Glibc
import TestSupport
import Testing

@testable import Platform

@Suite struct FileStampTests {
  private let directory = TemporaryDirectory()

  private func stamp(modified: Int64, changed: Int64) throws -> FileStamp {
    var stamp = try #require(FileStamp(path: "/"))
    stamp.modified = modified
    stamp.changed = changed
    return stamp
  }

  @Test func settledOnlyWhenOlder() throws {
    let second: Int64 = 1_000_000_000
    let at = 100 * second + 500
    #expect(try stamp(modified: at - 1, changed: at - 1).isSettled(at: at))
    #expect(try !stamp(modified: at, changed: at).isSettled(at: at))
    #expect(try !stamp(modified: at + 1, changed: at - 1).isSettled(at: at))
    #expect(try !stamp(modified: 0, changed: at).isSettled(at: at))
  }

  /// A file system of whole seconds hides a second change for as long as one.
  @Test func wholeSecondsTakeTwo() throws {
    let second: Int64 = 1_000_000_000
    let changed = 100 * second
    #expect(try !stamp(modified: changed, changed: changed).isSettled(at: changed + 1))
    #expect(try !stamp(modified: changed, changed: changed).isSettled(at: changed + 2 * second))
    #expect(try stamp(modified: changed, changed: changed).isSettled(at: changed + 2 * second + 1))
  }

  @Test func aNewFileIsNotSettled() throws {
    let path = try directory.write("new", "x")
    let looked = Clock.coarse
    #expect(try !#require(FileStamp(path: path)).isSettled(at: looked - 1_000_000_000))
  }

  @Test func contentAndReplacementShow() throws {
    let path = try directory.write("file", "one")
    let before = try #require(FileStamp(path: path))
    #expect(before == FileStamp(path: path))
    usleep(20_000)
    try directory.write("file", "two")
    let after = try #require(FileStamp(path: path))
    #expect(before != after)
    // A renamed file that is as long and as old.
    try directory.write("other", "two")
    _ = try Spawn.run(
      "/usr/bin/touch", ["-r", path, directory("other")], environment: [], directory: "/")
    try Files.rename(directory("other"), path)
    let renamed = try #require(FileStamp(path: path))
    #expect(renamed.modified == after.modified)
    #expect(renamed != after)
  }

  @Test func kinds() throws {
    let file = try directory.write("file", "x", mode: 0o640)
    symlink("file", directory("link"))
    symlink("nothing", directory("dangling"))
    let found = try #require(FileStamp(path: file))
    #expect(found.isRegular && !found.isDirectory && !found.isExecutable)
    #expect(found.permissions & 0o700 == 0o600)
    #expect(FileStamp(path: directory("link")) == found)
    #expect(try !#require(FileStamp.ofLink(path: directory("link"))).isRegular)
    #expect(FileStamp(path: directory("dangling")) == nil)
    #expect(FileStamp.ofLink(path: directory("dangling")) != nil)
    #expect(FileStamp(path: directory("missing")) == nil)
    #expect(try #require(FileStamp(path: directory.path)).isDirectory)
    #expect(try #require(FileStamp(path: "/bin/sh")).isExecutable)
  }

  @Test func clocks() {
    let coarse = Clock.coarse
    #expect(Clock.now >= coarse)
    let before = Clock.monotonic
    usleep(1_000)
    #expect(Clock.monotonic - before >= 1_000_000)
  }
}
