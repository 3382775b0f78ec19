import CacheKey
import Glibc
import Platform
import TestSupport
import Testing

@testable import sccached

@Suite struct FileRecordTests {
  private let directory = TemporaryDirectory()

  @Test func followsTheFile() throws {
    let path = try directory.write("a.h", "int a;\n")
    let record = FileRecord(path: path, as: .source)
    #expect(record.current()?.exact == Digest.of(Array("int a;\n".utf8)))
    // Changed at once, and as long as before.
    try directory.write("a.h", "int b;\n")
    #expect(record.current()?.exact == Digest.of(Array("int b;\n".utf8)))
    directory.settle()
    let settled = record.current()
    #expect(record.current() === settled)
    try directory.write("a.h", "int c;\n")
    #expect(record.current()?.exact == Digest.of(Array("int c;\n".utf8)))
  }

  @Test func aHundredQuickChangesAreAllSeen() throws {
    let record = FileRecord(path: directory("a.h"), as: .source)
    for number in 100..<200 {
      try directory.write("a.h", "int a\(number);\n")
      #expect(record.current()?.exact == Digest.of(Array("int a\(number);\n".utf8)))
    }
  }

  @Test func whatIsNoFile() throws {
    #expect(FileRecord(path: directory("missing"), as: .source).current() == nil)
    #expect(FileRecord(path: directory.path, as: .source).current() == nil)
    #expect(FileRecord(path: "/dev/null", as: .source).current() == nil)
    mkfifo(directory("fifo"), 0o600)
    #expect(FileRecord(path: directory("fifo"), as: .source).current() == nil)
  }

  @Test func comesAndGoes() throws {
    let record = FileRecord(path: directory("a.h"), as: .source)
    #expect(record.current() == nil)
    try directory.write("a.h", "x")
    #expect(record.current() != nil)
    unlink(directory("a.h"))
    #expect(record.current() == nil)
  }

  @Test func opaqueFilesHaveARecordOfTheirOwn() throws {
    let path = try directory.write("a.s", "# c\nint a; // c\n")
    let records = FileRecords()
    #expect(records.record(path) === records.record(path))
    #expect(records.record(path) !== records.record(path, as: .opaque))
    let opaque = try #require(records.record(path, as: .opaque).current())
    #expect(opaque.sameLines == opaque.exact)
    let source = try #require(records.record(path).current())
    #expect(source.sameLines != source.exact)
  }

  /// Two files whose names are equal to Unicode.
  @Test func canonicallyEqualNamesAreTwoFiles() throws {
    let one = try directory.write("\u{e9}.h", "one")
    let two = try directory.write("e\u{301}.h", "two")
    let records = FileRecords()
    #expect(records.record(one).current()?.exact == Digest.of(Array("one".utf8)))
    #expect(records.record(two).current()?.exact == Digest.of(Array("two".utf8)))
  }
}

@Suite struct DirectoryRecordTests {
  private let directory = TemporaryDirectory()

  @Test func namesComeAndGo() throws {
    let record = DirectoryRecord(path: directory.path)
    #expect(record.presence(of: "a.h") == .absent)
    try directory.write("a.h", "")
    #expect(record.presence(of: "a.h") == .file)
    #expect(record.contains("a.h"))
    directory.settle()
    #expect(record.presence(of: "a.h") == .file)
    unlink(directory("a.h"))
    #expect(record.presence(of: "a.h") == .absent)
    #expect(!record.contains("a.h"))
  }

  /// A directory is no header, and a link that leads nowhere is none yet.
  @Test func kinds() throws {
    try directory.write("inner/x", "")
    symlink("inner", directory("toDirectory"))
    symlink("inner/x", directory("toFile"))
    symlink("nowhere", directory("dangling"))
    let record = DirectoryRecord(path: directory.path)
    let expected: [(String, AbsenceFinder.Presence)] = [
      ("inner", .directory), ("toDirectory", .directory), ("toFile", .file),
      ("dangling", .dangling), ("none", .absent),
    ]
    // The second time from memory.
    for _ in 0..<2 {
      for (name, presence) in expected {
        #expect(record.presence(of: name) == presence, "\(name)")
      }
      directory.settle()
    }
    let names = ["inner", "toDirectory", "toFile", "dangling", "none"]
    #expect(names.filter(record.contains) == ["inner", "toDirectory", "toFile", "dangling"])
    #expect(names.filter(record.hasAsExpected) == ["toFile"])
    #expect(names.filter { record.hasAsExpected($0 + "/") } == ["inner", "toDirectory"])
  }

  @Test func identities() throws {
    try directory.write("inner/x", "")
    symlink("inner", directory("link"))
    let inner = DirectoryRecord(path: directory("inner")).identity()
    #expect(inner != nil)
    #expect(DirectoryRecord(path: directory("link")).identity() == inner)
    #expect(DirectoryRecord(path: directory.path).identity() != inner)
    #expect(DirectoryRecord(path: directory("none")).identity() == nil)
  }

  @Test func manyQuickChanges() throws {
    let record = DirectoryRecord(path: directory.path)
    for number in 0..<100 {
      #expect(record.presence(of: "f\(number)") == .absent)
      try directory.write("f\(number)", "")
      #expect(record.presence(of: "f\(number)") == .file)
    }
  }

  @Test func generations() throws {
    let record = DirectoryRecord(path: directory.path)
    directory.settle()
    let first = record.generation()
    #expect(record.generation() == first)
    try directory.write("x", "")
    #expect(record.generation() > first)
    directory.settle()
    let second = record.generation()
    record.forgetNames()
    #expect(record.generation() == second)
    #expect(record.presence(of: "x") == .file)
  }

  @Test func missingDirectories() throws {
    let record = DirectoryRecord(path: directory("later"))
    #expect(record.presence(of: "x") == .directoryMissing)
    #expect(record.generation() != record.generation())
    try directory.write("later/x", "")
    #expect(record.presence(of: "x") == .file)
    #expect(
      DirectoryRecord(path: try directory.write("file", "")).presence(of: "x") == .directoryMissing)
  }

  @Test func anotherDirectoryInItsPlace() throws {
    try directory.write("one/x", "")
    try directory.write("two/y", "")
    symlink("one", directory("link"))
    directory.settle()
    let record = DirectoryRecord(path: directory("link"))
    #expect(record.presence(of: "x") == .file)
    unlink(directory("link"))
    symlink("two", directory("link"))
    #expect(record.presence(of: "x") == .absent)
    #expect(record.presence(of: "y") == .file)
  }

  @Test func recordsAreShared() {
    let records = DirectoryRecords()
    #expect(records.record("/a") === records.record("/a"))
    #expect(records.record("/a") !== records.record("/b"))
  }
}
