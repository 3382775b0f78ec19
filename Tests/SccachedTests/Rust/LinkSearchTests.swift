import Glibc
import TestSupport
import Testing

@testable import sccached

@Suite struct LinkSearchTests {
  private let directory = TemporaryDirectory()

  private func make(_ names: [String]) throws {
    for name in names {
      if name.hasSuffix("/") {
        mkdir(directory(String(name.dropLast())), 0o755)
      } else {
        try directory.write(name, [])
      }
    }
  }

  private func absences(_ directories: [String], finding files: [String]) -> [String] {
    LinkSearch(directories.map { directory($0) }).absences(finding: files.map { directory($0) })
      .map { absence in
        let place = absence.directory.dropFirst(directory.path.utf8.count + 1)
        return "\(place): \(absence.names.joined(separator: " "))"
      }
  }

  /// In the directories before, and in its own the other kind of library.
  @Test func order() throws {
    try make(["a/", "b/", "c/", "b/libn.so", "a/other"])
    #expect(
      absences(["a", "b", "c"], finding: ["b/libn.so"]) == ["a: libn.a libn.so", "b: libn.a"])
  }

  /// One directory by several names, and through `..`.
  @Test func sameDirectory() throws {
    try make(["a/", "b/", "b/libn.so.6"])
    symlink("b", directory("link"))
    #expect(
      absences(["a", "link", "b"], finding: ["a/../b/libn.so.6"])
        == ["a: libn.a libn.so libn.so.6", "link: libn.a libn.so"])
  }

  /// A file that no search finds could be found by one.
  @Test func elsewhere() throws {
    try make(["a/", "z/", "z/libn.a", "z/start.o", "z/liba-1.rlib"])
    #expect(
      absences(["a"], finding: ["z/libn.a", "z/liba-1.rlib"]) == ["a: libn.a libn.so"])
    #expect(absences(["a"], finding: ["z/start.o"]) == ["a: start.o"])
    #expect(absences(["a"], finding: ["z/liba-1.rlib"]) == [])
  }

  /// What must stay away of a directory that is not there is the directory.
  @Test func missingDirectory() throws {
    try make(["a/", "b/", "b/libn.a"])
    #expect(
      absences(["a/new/deep", "b"], finding: ["b/libn.a"]) == ["a: new", "b: libn.so"])
  }
}

@Suite struct ExternCrateTests {
  @Test(arguments: [
    ("extern crate a; pub extern  crate\n b as c;", ["a", "b"]),
    ("extern \"C\" { fn crate_(); }", []),
    ("extern crate r#async;", ["r"]), ("externs crate a; extern crates b;", []),
    ("extern crate", []),
  ])
  func names(source: String, expected: [String]) {
    #expect(CrateSources.externCrates(in: Array(source.utf8)) == Set(expected))
  }
}

@Suite struct OutDirectoryUseTests {
  @Test(arguments: [
    ("include!(concat!(env!(\"OUT_DIR\"),\"/a.rs\"));", 1, 1),
    (
      "include_str!(concat!(env!(\"OUT_DIR\"),\"/a\"))include_bytes!(concat!(env!(\"OUT_DIR\"),\"/b\"))",
      2, 2
    ),
    ("env!(\"OUT_DIR\").len()", 1, 0), ("option_env!(\"OUT_DIR\")", 1, 0),
    ("concat!(env!(\"OUT_DIR\"),\"x\")", 1, 0),
    ("include!(concat!(\"x\",env!(\"OUT_DIR\")))", 1, 0), ("\"OUT_DIR\"", 0, 0), ("", 0, 0),
  ])
  func counts(text: String, all: Int, safe: Int) {
    let counted = OutDirectoryUse.count(in: Array(text.utf8))
    #expect(counted.all == all && counted.safe == safe)
  }
}
