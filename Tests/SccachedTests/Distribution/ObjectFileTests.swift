import Glibc
import Platform
import Testing

@testable import sccached

@Suite struct ObjectFileTests {
  private func object(_ options: [String], _ source: String) throws -> [UInt8] {
    var template = Array("/tmp/sccache-tests-XXXXXX".utf8CString)
    let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer {
      for name in ["a.c", "a.o"] { unlink("\(directory)/\(name)") }
      rmdir(directory)
    }
    let path = directory + "/a.c"
    try Files.write(Array(source.utf8), to: path, temporary: path + ".new", mode: 0o600)
    let result = try Spawn.run(
      "/usr/bin/gcc", options + ["-c", "a.c", "-o", "a.o"],
      environment: [Array("PATH=/usr/bin:/bin".utf8)], directory: directory, timeoutSeconds: 60)
    try #require(result.isSuccess)
    return try Files.read(directory + "/a.o")
  }

  @Test func halfAFileIsNone() throws {
    let whole = try object(["-g"], "int a = 1; int f(int x) { return x + a; }\n")
    #expect(ObjectFile.looksWhole(whole))
    for length in stride(from: 0, to: whole.count, by: 13) {
      #expect(!ObjectFile.looksWhole(Array(whole.prefix(length))))
    }
    #expect(!ObjectFile.looksWhole(Array(whole.dropLast())))
  }

  @Test func otherFormats() {
    #expect(ObjectFile.looksWhole([0x42, 0x43, 0xc0, 0xde, 1]))
    for text in ["", "\u{7f}ELF", "<html>", "!<arch>\n"] {
      #expect(!ObjectFile.looksWhole(Array(text.utf8)))
    }
  }

  @Test func anyHeader() {
    for number in 0..<2000 {
      var bytes: [UInt8] = [
        0x7f, 0x45, 0x4c, 0x46, UInt8(1 + number % 2), UInt8(1 + number / 2 % 2),
      ]
      for index in 0..<(46 + number % 40) {
        bytes.append(UInt8(truncatingIfNeeded: (number &* 2_654_435_761) >> (index % 24)))
      }
      _ = ObjectFile.looksWhole(bytes)
    }
  }
}
