import Platform
import TestSupport
import Testing

@testable import sccached

@Suite struct ArchiveMembersTests {
  private let directory = TemporaryDirectory()

  private func names(_ bytes: [UInt8]) throws -> [String]? {
    try directory.write("a", bytes)
    return ArchiveMembers.names(of: directory("a"))
  }

  private func member(_ name: String, _ content: String) -> String {
    func field(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: width - text.utf8.count)
    }
    return field(name, 16) + field("0", 12) + field("0", 6) + field("0", 6) + field("644", 8)
      + field("\(content.utf8.count)", 10) + "`\n" + content
      + (content.utf8.count.isMultiple(of: 2) ? "" : "\n")
  }

  @Test func forms() throws {
    let table = "a-long-name-that-needs-it.rcgu.o/\nanother-long-name.o/\n"
    let text =
      "!<arch>\n" + member("/", "symbols") + member("//", table) + member("x.o/", "odd")
      + member("/0", "even") + member("/34", "") + member("#1/8", "bsd.o\0\0\0rest")
    #expect(
      try names(Array(text.utf8)) == [
        "x.o", "a-long-name-that-needs-it.rcgu.o", "another-long-name.o", "bsd.o",
      ])
    #expect(try names(Array("!<arch>\n".utf8)) == [])
  }

  @Test func whatIsNone() throws {
    #expect(ArchiveMembers.names(of: directory("missing")) == nil)
    #expect(try names(Array("!<thin>\n".utf8)) == nil)
    #expect(try names([]) == nil)
    #expect(try names(Array(("!<arch>\n" + member("/9", "")).utf8)) == nil)
    let whole = Array(("!<arch>\n" + member("x.o/", "content")).utf8)
    var wrong = whole
    wrong[8 + 48] = UInt8(ascii: "9")
    wrong[8 + 49] = UInt8(ascii: "9")
    #expect(try names(wrong) == nil)
    wrong[8 + 48] = UInt8(ascii: "-")
    #expect(try names(wrong) == nil)
  }

  /// Nothing in such a file brings the daemon down.
  @Test func everyByteChanged() throws {
    let whole = Array(
      ("!<arch>\n" + member("//", "long-name-of-a-member.o/\n") + member("/0", "x")
        + member("#1/4", "ab.oz")).utf8)
    for index in whole.indices {
      for value in [0, UInt8(ascii: "9"), UInt8(ascii: "-"), 0xff] as [UInt8] {
        var changed = whole
        changed[index] = value
        _ = try names(changed)
      }
      _ = try names(Array(whole[..<index]))
    }
  }
}
