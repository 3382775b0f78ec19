import Glibc
import TestSupport
import Testing

@testable import Platform

@Suite struct FilesTests {
  private let directory = TemporaryDirectory()

  @Test(arguments: [0, 1, 4_095, 4_096, 65_536, 200_000])
  func readsAndDigests(count: Int) throws {
    var random = SeededGenerator(seed: UInt64(count))
    let bytes = random.bytes(count)
    let path = try directory.write("file", bytes)
    #expect(try Files.read(path) == bytes)
    #expect(try Files.read(path, limit: 100) == Array(bytes.prefix(100)))
    #expect(try Files.digest(of: path) == Digest.of(bytes))
    let file = try Descriptor.open(path, O_RDONLY)
    #expect(try file.read(at: 0, count: count, path: path) == bytes)
    #expect(try file.read(at: count / 2, count: count, path: path) == Array(bytes[(count / 2)...]))
    #expect(try file.read(at: count + 5, count: 10, path: path).isEmpty)
  }

  /// One byte anywhere makes another one, and so does a byte less.
  @Test(arguments: [1, 240, 4_096, 262_144, 262_145, 600_000])
  func fingerprints(count: Int) throws {
    var random = SeededGenerator(seed: UInt64(count))
    var bytes = random.bytes(count)
    let path = try directory.write("file", bytes)
    let first = try Files.fingerprint(of: path)
    #expect(try Files.fingerprint(of: path) == first)
    var seen: Set<Digest> = [first]
    for index in [0, count / 2, count - 1] {
      bytes[index] ^= 1
      let other = try Files.fingerprint(of: try directory.write("file", bytes))
      let isNew = seen.insert(other).inserted || count == 1
      #expect(isNew)
      bytes[index] ^= 1
    }
    let shorter = try Files.fingerprint(of: try directory.write("file", Array(bytes.dropLast())))
    let isNew = seen.insert(shorter).inserted
    #expect(isNew)
    #expect(throws: SystemError.self) { try Files.fingerprint(of: "/dev/null") }
  }

  /// XXH3 of nothing with 128 bits, as its reference has it; pieces give what the whole gives.
  @Test func wideChecksum() throws {
    let empty = WideChecksum()
    let nothing = empty.value().map { String($0, radix: 16) }.joined(separator: " ")
    #expect(nothing == "99 aa 6 d3 1 47 98 d8 60 1 c3 24 46 8d 49 7f")
    var whole = WideChecksum()
    var pieces = WideChecksum()
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    bytes.withUnsafeBytes { whole.update($0) }
    for start in stride(from: 0, to: bytes.count, by: 97) {
      bytes[start..<min(start + 97, bytes.count)].withUnsafeBytes { pieces.update($0) }
    }
    let left = whole.value()
    let right = pieces.value()
    #expect(left == right)
  }

  /// The kernel's tables have no size and come in pieces.
  @Test func readsFilesOfProcToTheirEnd() throws {
    let expected = try Descriptor.open("/proc/self/maps", O_RDONLY)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(expected.number, &buffer, buffer.count)
      if count <= 0 { break }
      bytes += buffer[..<count]
    }
    let found = try Files.read("/proc/self/maps")
    // Other threads map and unmap meanwhile; half of it is no accident.
    #expect(found.count * 10 > bytes.count * 9)
    #expect(found.last == UInt8(ascii: "\n"))
  }

  @Test func errorsNameThings() throws {
    let path = directory("missing")
    let error = #expect(throws: SystemError.self) { try Files.read(path) }
    #expect(error?.code == ENOENT)
    #expect(error?.description == "can't open \(path): No such file or directory (os error 2)")
    #expect(throws: SystemError.self) { try Files.read(directory.path) }
    #expect(throws: SystemError.self) { try Files.digest(of: directory.path) }
  }

  @Test func writesByRename() throws {
    let path = directory("target")
    try Files.write([1, 2, 3], to: path, temporary: directory("new"), mode: 0o600)
    #expect(try Files.read(path) == [1, 2, 3])
    #expect(FileStamp(path: path)?.permissions == 0o600)
    try Files.write([4], to: path, temporary: directory("new"), mode: 0o600)
    #expect(try Files.read(path) == [4])
    #expect(Files.names(in: directory.path) == ["target"])
  }

  @Test func aFailedWriteLeavesNothing() throws {
    #expect(throws: SystemError.self) {
      try Files.write([1], to: directory("no/target"), temporary: directory("new"), mode: 0o600)
    }
    #expect(Files.names(in: directory.path) == [])
    // A link in place of the temporary file is not followed.
    try directory.write("victim", "v")
    symlink("victim", directory("new"))
    #expect(throws: SystemError.self) {
      try Files.write([1], to: directory("target"), temporary: directory("new"), mode: 0o600)
    }
    #expect(try Files.read(directory("victim")) == Array("v".utf8))
  }

  @Test func makesDirectories() throws {
    let path = directory("a/b/c")
    try Files.makeDirectories(path, mode: 0o755)
    #expect(FileStamp(path: path)?.isDirectory == true)
    try Files.makeDirectories(path, mode: 0o755)
    try Files.makeDirectories(directory("d/e/"), mode: 0o755)
    #expect(FileStamp(path: directory("d/e"))?.isDirectory == true)
    try directory.write("file", "x")
    #expect(throws: SystemError.self) {
      try Files.makeDirectories(directory("file/x"), mode: 0o755)
    }
  }

  @Test func names() throws {
    for name in ["a", ".hidden", "ä", "with space"] { try directory.write(name, "") }
    #expect(Files.names(in: directory.path)?.sorted() == [".hidden", "a", "with space", "ä"])
    #expect(Files.names(in: directory("a")) == nil)
    #expect(Files.names(in: directory("missing")) == nil)
  }

  @Test(arguments: [(0, 0), (1, 0), (70_000, 0), (70_000, 4_096), (70_000, 100), (3_000_000, 1)])
  func copies(count: Int, offset: Int) throws {
    var random = SeededGenerator(seed: UInt64(count + offset))
    let bytes = random.bytes(count + offset)
    let source = try Descriptor.open(try directory.write("source", bytes), O_RDONLY)
    let target = try Descriptor.open(directory("target"), O_RDWR | O_CREAT, mode: 0o600)
    try Files.copy(from: source, at: offset, count: count, to: target, path: "target")
    #expect(try Files.read(directory("target")) == Array(bytes[offset...]))
  }

  /// Bytes go where the target's position is, as cache entries need it.
  @Test func copiesToTheTargetsPosition() throws {
    var random = SeededGenerator(seed: 11)
    let bytes = random.bytes(131_072)
    let source = try Descriptor.open(try directory.write("source", bytes), O_RDONLY)
    let target = try Descriptor.open(directory("target"), O_RDWR | O_CREAT, mode: 0o600)
    try target.write(Array("head".utf8), path: "target")
    lseek(target.number, 4_096, SEEK_SET)
    try Files.copy(from: source, at: 0, count: bytes.count, to: target, path: "target")
    let found = try Files.read(directory("target"))
    #expect(found.prefix(4) == Array("head".utf8)[...])
    #expect(Array(found.dropFirst(4_096)) == bytes)
  }

  @Test func aShortSourceIsAnError() throws {
    let source = try Descriptor.open(try directory.write("source", "abc"), O_RDONLY)
    let target = try Descriptor.open(directory("target"), O_RDWR | O_CREAT, mode: 0o600)
    let error = #expect(throws: SystemError.self) {
      try Files.copy(from: source, at: 0, count: 100, to: target, path: "target")
    }
    #expect(error?.code == EIO)
  }

  @Test func descriptorsAreClosed() throws {
    let path = try directory.write("file", "x")
    let growth = try descriptorGrowth {
      for _ in 0..<50 {
        _ = try Files.read(path)
        _ = try Files.digest(of: path)
        _ = Files.names(in: directory.path)
        _ = try? Files.read(directory("missing"))
      }
    }
    #expect(growth < 50)
  }

  @Test func aReleasedDescriptorStaysOpen() throws {
    let number = try Descriptor.open("/dev/null", O_RDONLY).release()
    #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
    close(number)
  }

  // MARK: paths

  @Test(arguments: [
    ("a", "/d", "/d/a"), ("/a", "/d", "/a"), ("a", "/", "/a"), ("", "/d", "/d/"),
    ("../a", "/d", "/d/../a"), ("./a", "/d/", "/d/./a"),
  ])
  func absolute(path: String, directory: String, expected: String) {
    #expect(Path.absolute(path, in: directory) == expected)
  }

  @Test(arguments: [
    ("a", ".", "a"), ("/a", "/", "a"), ("a/b", "a", "b"), ("/a/b", "/a", "b"), ("a/", "a", ""),
    ("/", "/", ""), ("a//b", "a/", "b"), ("", ".", ""), ("./a", ".", "a"),
    // A slash with an accent upon it is a slash.
    ("a/\u{301}b", "a", "\u{301}b"),
  ])
  func partsOfPaths(path: String, directory: String, name: String) {
    #expect(Array(Path.directory(of: path).utf8) == Array(directory.utf8))
    #expect(Array(Path.name(of: path).utf8) == Array(name.utf8))
  }

  @Test(arguments: [
    ("", "a", "a"), (".", "a", "a"), ("d", "a", "d/a"), ("d/", "a", "d/a"), ("/", "a", "/a"),
  ])
  func join(directory: String, name: String, expected: String) {
    #expect(Path.join(directory, name) == expected)
  }
}
