import Testing

@testable import Compilers

@Suite struct RustDependencyInfoTests {
  /// As rustc 1.95 wrote it.
  private static let text = """
    /tmp/rt/out/a-abc.d: a.rs t\\ x.txt

    /tmp/rt/out/liba-abc.rlib: a.rs t\\ x.txt

    a.rs:
    t\\ x.txt:

    # env-dep:BAR
    # env-dep:EMPTY=
    # env-dep:FOO=a\\nb\\\\c=d\\r

    """

  @Test func filesAndVariables() throws {
    let info = try #require(RustDependencyInfo(Self.text))
    #expect(info.files == ["a.rs", "t x.txt"])
    #expect(
      info.variables == [
        .init(name: "BAR", value: nil), .init(name: "EMPTY", value: ""),
        .init(name: "FOO", value: "a\nb\\c=d\r"),
      ])
  }

  @Test(arguments: ["", "nothing", "# env-dep:X"]) func noSuchFile(text: String) {
    #expect(RustDependencyInfo(text)?.files.isEmpty ?? true)
  }

  @Test func notices() {
    let notice = #"{"$message_type":"artifact","artifact":"/o/a.d","emit":"dep-info"}"#
    let warning = #"{"$message_type":"diagnostic","message":"unused"}"#
    #expect(ArtifactNotices.isAll(of: []))
    #expect(ArtifactNotices.isAll(of: Array((notice + "\n" + notice + "\n").utf8)))
    #expect(ArtifactNotices.isAll(of: Array(#"{"artifact":"/o/a.d","emit":"link"}"#.utf8)))
    #expect(!ArtifactNotices.isAll(of: Array((notice + "\n" + warning + "\n").utf8)))
    #expect(!ArtifactNotices.isAll(of: Array("warning: unused".utf8)))
  }
}
