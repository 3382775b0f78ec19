import TestSupport
import Testing

@testable import CacheKey

@Suite struct PlacesTests {
  private func places(
    _ directory: String, _ bases: [String], _ paths: [String] = []
  ) -> Places { Places(directory: directory, baseDirectories: bases, paths: paths) }

  @Test(arguments: ["/a/x.h", "/b/x.h", "x.h", "../x.h", "/", "/ab/x.h"])
  func withoutBasesNothingIsMarked(path: String) {
    let places = places("/a", [])
    #expect(places.stored(path) == path)
    #expect(places.used(path) == path)
    #expect(places.storedArgument("-I\(path)") == "-I\(path)")
  }

  @Test(arguments: [
    ("/a/b/x.h", "\u{1}0/x.h"), ("/a/b", "\u{1}0"), ("/a/b/", "\u{1}0/"),
    // Only the beginning of a name, another directory, a relative name.
    ("/a/bc/x.h", "/a/bc/x.h"), ("/a/x.h", "/a/x.h"), ("x.h", "x.h"), ("", ""),
    // Names that combine with the slash.
    ("/a/b/\u{301}x", "\u{1}0/\u{301}x"),
  ])
  func paths(path: String, stored: String) {
    let places = places("/a/b", ["/a/b/"])
    #expect(Array(places.stored(path).utf8) == Array(stored.utf8))
    #expect(places.used(stored).map { Array($0.utf8) } == Array(path.utf8))
  }

  @Test func theInnermostBaseIsMarked() {
    let places = places("/w", ["/a", "/a/b", "/a/b/c"], ["/a/b/x", "/a/x"])
    #expect(places.bases == ["/a/b", "/a"])
    #expect(places.stored("/a/b/x") == "\u{1}0/x")
    #expect(places.stored("/a/x") == "\u{1}1/x")
    #expect(places.storedArgument("-I/a/b/x") == "-I\u{1}0/x")
    #expect(places.storedArgument("-ffile-prefix-map=/a/b=/a") == "-ffile-prefix-map=\u{1}0=\u{1}1")
  }

  /// Two checkouts number their bases by use, whatever order the configuration has.
  @Test func twoCheckoutsAreAlike() {
    let bases = ["/home/one", "/var/two", "/lib/shared"]
    let one = places("/home/one/build", bases, ["/home/one/a.c", "/lib/shared/x"])
    let two = places("/var/two/build", bases.reversed(), ["/var/two/a.c", "/lib/shared/x"])
    #expect(one.stored("/home/one/a.h") == two.stored("/var/two/a.h"))
    #expect(one.stored("/lib/shared/a.h") == two.stored("/lib/shared/a.h"))
    #expect(one.storedArgument("-I/home/one/inc") == two.storedArgument("-I/var/two/inc"))
    #expect(one.stored(one.directory) == two.stored(two.directory))
    #expect(one.digest != two.digest)
    #expect(two.used(one.stored("/home/one/a.h")) == "/var/two/a.h")
  }

  @Test(arguments: [
    "\u{1}", "\u{1}9/x", "\u{1}x", "\u{1}-1/x", "\u{1}99999999999999999999/x", "\u{1}/x",
  ])
  func marksThatNobodyHasAreRefused(path: String) {
    #expect(places("/a", ["/a"]).used(path) == nil)
  }

  @Test(arguments: ["/", "//", "", "/nowhere"])
  func basesThatHoldNothing(base: String) {
    #expect(places("/a/b", [base], ["/a/b/x"]).bases == [])
  }

  @Test(arguments: [
    ("-I/a/b", "-I\u{1}0"), ("-I/a/b/inc", "-I\u{1}0/inc"), ("/a/b/inc", "\u{1}0/inc"),
    ("--sysroot=/a/b/root", "--sysroot=\u{1}0/root"),
    ("-fdebug-prefix-map=/a/b=.", "-fdebug-prefix-map=\u{1}0=."),
    ("-I/a/bc", "-I/a/bc"), ("-DX=/a/b/y", "-DX=\u{1}0/y"), ("-O2", "-O2"),
  ])
  func arguments(argument: String, stored: String) {
    #expect(places("/a/b", ["/a/b"]).storedArgument(argument) == stored)
  }

  /// A base directory in the middle of another path is none: else `/x/work` of one checkout and
  /// `/x/src` of another become one argument.
  @Test(arguments: ["-I/home/work/inc", "-I../work/inc", "-Iinc/work", "-DX=a/work/b"])
  func theMiddleOfAPathIsNoBase(argument: String) {
    let places = places("/work", ["/work"])
    #expect(places.storedArgument(argument) == argument)
  }

  @Test func digestsTellPlacesApart() {
    let digests = [
      places("/a", []), places("/b", []), places("/a", ["/a"]), places("/a", ["/b"], ["/b/x"]),
    ].map(\.digest)
    #expect(Set(digests).count == digests.count)
    #expect(places("/a", ["/zzz"]).digest == places("/a", []).digest)
  }

  @Test func tellTales() {
    let places = places("/a/b/c", ["/a/b"])
    #expect(places.tellTales(includingDirectory: true) == ["/a/b/c", "/a/b"])
    #expect(places.tellTales(includingDirectory: false) == ["/a/b"])
  }

  @Test func randomPathsComeBack() {
    var random = SeededGenerator(seed: 5)
    let parts = ["a", "b", "ab", "\u{e4}", "..", "."]
    for _ in 0..<2_000 {
      func path() -> String {
        (0...Int.random(in: 0...3, using: &random)).map { _ in
          "/" + (parts.randomElement(using: &random) ?? "a")
        }
        .joined()
      }
      let places = places(path(), [path(), path(), path()], [path(), path()])
      let path = path()
      #expect(places.used(places.stored(path)) == path)
    }
  }

  /// Dependency files and rustc's notices, line by line.
  @Test func texts() throws {
    let here = places("/w/a", ["/w/a", "/t"], ["/w/a", "/t/x"])
    let text = "/t/liba.rlib: src/lib.rs /w/a/gen.rs\n{\"artifact\":\"/t/liba.rlib\"}\n/tt /x/t\n"
    let stored = try #require(here.storedText(text))
    #expect(stored.contains("\u{1}1/liba.rlib: src/lib.rs \u{1}0/gen.rs\n"))
    #expect(stored.hasSuffix("{\"artifact\":\"\u{1}1/liba.rlib\"}\n/tt /x/t\n"))
    #expect(here.usedText(stored) == text)
    let there = places("/w/b", ["/w/b", "/t2"], ["/w/b", "/t2/x"])
    #expect(there.usedText(stored)?.hasPrefix("/t2/liba.rlib: src/lib.rs /w/b/gen.rs\n") == true)
    #expect(places("/w/b", []).usedText(stored) == nil)
    #expect(here.storedText("a\u{1}0") == nil)
  }
}
