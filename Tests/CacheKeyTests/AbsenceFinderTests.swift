import Testing

@testable import CacheKey

/// The finder on a file system of its own.
@Suite struct AbsenceFinderTests {
  /// Directories and what is in them, `@name` being a link that leads nowhere; a relative one lies in
  /// the working directory `.`.
  private struct FileSystem {
    var directories: [String: Set<String>]

    func presence(_ directory: String, _ name: String) -> AbsenceFinder.Presence {
      guard let names = directories[Self.plain(directory)] else { return .directoryMissing }
      if directories[Self.plain(directory + "/" + name)] != nil { return .directory }
      if names.contains("@" + name) { return .dangling }
      return names.contains(name) ? .file : .absent
    }

    static func plain(_ path: String) -> String {
      var parts: [Substring] = []
      for part in path.split(separator: "/") where part != "." {
        if part == "..", let last = parts.last, last != ".." {
          parts.removeLast()
        } else {
          parts.append(part)
        }
      }
      let joined = parts.joined(separator: "/")
      return path.hasPrefix("/") ? "/" + joined : joined.isEmpty ? "." : joined
    }
  }

  /// What must be missing in each directory and, with a `+`, what must be there; `?` when something
  /// can't be watched.
  private func find(
    _ directories: [String: Set<String>], _ files: [(path: String, text: String)],
    quote: [String] = [],
    angled: [String] = [], forced: [String] = [], includesFirst: Bool = false,
    namesDirectories: Bool = false
  ) -> [String: [String]] {
    let fileSystem = FileSystem(directories: directories)
    var finder = AbsenceFinder(
      search: SearchPath(quote: quote, angled: angled), presence: fileSystem.presence)
    let found = finder.find(
      // What the source itself includes may be a precompiled header, which asks for more names.
      files: ((includesFirst ? [] : [("main.c", "")]) + files).map {
        ReadFile(path: $0.path, facts: FileVersion(source: $0.text.bytes).facts)
      },
      forced: forced, namesDirectories: namesDirectories)
    #expect(Set(found.map(\.directory)).count == found.count)
    var result = Dictionary(
      uniqueKeysWithValues: found.map { ($0.directory, $0.absent + $0.present.map { "+" + $0 }) })
    if finder.isUncertain { result["?"] = ["?"] }
    return result
  }

  /// Without the names of precompiled headers.
  private func plain(_ found: [String: [String]]) -> [String: [String]] {
    found.mapValues { $0.filter { !$0.hasSuffix(".gch") && !$0.hasSuffix(".pch") } }.filter {
      !$0.value.isEmpty
    }
  }

  @Test func angledNamesAreShadowedByEarlierDirectories() {
    let found = find(
      [".": ["a.c", "i1", "i2", "i3"], "i1": [], "i2": ["x.h"], "i3": []],
      [("a.c", "#include <x.h>\n"), ("i2/x.h", "")], angled: ["i1", "i2", "i3"])
    #expect(plain(found) == ["i1": ["x.h"]])
  }

  @Test func directoriesThatAreNamed() {
    let found = find(
      [".": ["a.c", "i", "f"], "i": []], [], angled: ["i", "new"], namesDirectories: true)
    #expect(found == ["i": [], ".": ["new"]])
    #expect(find([".": ["f"]], [], angled: ["f"], namesDirectories: true)["?"] != nil)
  }

  @Test func quotedNamesAreLookedForBesideTheirFile() {
    let found = find(
      [".": ["src"], "src": ["a.c"], "q": [], "i": ["x.h"]],
      [("src/a.c", "#include \"x.h\"\n"), ("i/x.h", "")], quote: ["q"], angled: ["i"])
    #expect(plain(found) == ["src": ["x.h"], "q": ["x.h"]])
  }

  @Test func foundBesideItsFileNothingElseCounts() {
    let found = find(
      [".": [], "src": ["a.c", "x.h"], "i": []],
      [("src/a.c", "#include \"x.h\"\n"), ("src/x.h", "")], angled: ["i"])
    #expect(plain(found) == [:])
  }

  @Test func angledNamesSkipTheQuoteDirectories() {
    let found = find(
      [".": ["a.c"], "q": [], "i": ["x.h"]], [("a.c", "#include <x.h>\n"), ("i/x.h", "")],
      quote: ["q"],
      angled: ["i"])
    #expect(plain(found) == [:])
  }

  @Test func eachIncluderHasItsOwnDirectory() {
    let found = find(
      [".": ["a.c"], "i": ["x.h", "y.h"], "j": ["z.h"]],
      [("a.c", "#include <x.h>\n"), ("i/x.h", "#include \"z.h\"\n"), ("j/z.h", "")],
      angled: ["i", "j"])
    #expect(plain(found) == ["i": ["z.h"]])
  }

  @Test func probesThatFailAreAbsentEverywhere() {
    let found = find(
      [".": ["a.c"], "i": [], "j": []], [("a.c", "#if __has_include(\"o.h\")\n#endif\n")],
      quote: ["i"], angled: ["j"])
    #expect(plain(found) == [".": ["o.h"], "i": ["o.h"], "j": ["o.h"]])
  }

  /// The header exists and was not read: should it go, another result is right.
  @Test func probesThatSucceedMustGoOnSo() {
    let text = "#if __has_include(\"o.h\")\nint a;\n#endif\n"
    let with = find([".": ["a.c", "o.h"]], [("a.c", text)])
    let without = find([".": ["a.c"]], [("a.c", text)])
    #expect(plain(without) == [".": ["o.h"]])
    #expect(plain(with) == [".": ["+o.h"]])
  }

  @Test func includeNextAsksAll() {
    let found = find(
      [".": ["a.c"], "i": ["x.h"], "j": [], "k": ["x.h"]],
      [("a.c", "#include <x.h>\n"), ("i/x.h", "#include_next <x.h>\n"), ("k/x.h", "")],
      angled: ["i", "j", "k"])
    #expect(plain(found) == ["j": ["x.h"]])
  }

  @Test func directoriesThatAreMissingMustStaySo() {
    let found = find(
      [".": ["a.c"], "/": ["usr"], "/usr": ["i"], "/usr/i": ["x.h"]],
      [("a.c", "#include <x.h>\n"), ("/usr/i/x.h", "")], angled: ["no", "/usr/no/more", "/usr/i"])
    #expect(plain(found) == [".": ["no"], "/usr": ["no"]])
  }

  @Test func namesWithDirectories() {
    let found = find(
      [".": ["a.c"], "i": ["sys"], "i/sys": [], "j": [], "k": ["sys"], "k/sys": ["x.h"]],
      [("a.c", "#include <sys/x.h>\n"), ("k/sys/x.h", "")], angled: ["i", "j", "k"])
    #expect(plain(found) == ["i/sys": ["x.h"], "j": ["sys"]])
  }

  @Test func upwards() {
    let found = find(
      [".": ["src", "inc"], "src": ["a.c"], "inc": [], "i": []],
      [("src/a.c", "#include \"../inc/x.h\"\n")], angled: ["i"],
      includesFirst: true)
    #expect(found["src/../inc"] == ["x.h", "x.h.gch", "x.h.pch"])
  }

  @Test func absoluteNames() {
    let found = find(
      [".": ["a.c"], "/": ["opt"], "/opt": [], "i": []], [("a.c", "#include \"/opt/x.h\"\n")],
      angled: ["i"])
    #expect(plain(found) == ["/opt": ["x.h"]])
  }

  @Test func forcedNamesStartInTheWorkingDirectory() {
    let found = find(
      [".": [], "src": ["a.c"], "i": ["f.h"]], [("src/a.c", ""), ("i/f.h", "")], angled: ["i"],
      forced: ["f.h"])
    #expect(plain(found) == [".": ["f.h"]])
    #expect(found["."] == ["f.h", "f.h.gch", "f.h.pch"])
  }

  @Test func aPrecompiledHeaderMayAppear() {
    let found = find(
      [".": ["a.c", "x.h"]], [("a.c", "#include \"x.h\"\n"), ("x.h", "")], includesFirst: true)
    #expect(found == [".": ["x.h.gch", "x.h.pch"]])
  }

  /// gcc asks each directory for the precompiled header first, also where there is no header.
  @Test func aPrecompiledHeaderMayAppearWithoutItsHeader() {
    let found = find(
      [".": ["a.c", "build", "src"], "build": [], "src": ["x.h"]],
      [("a.c", ""), ("src/x.h", "")], angled: ["build", "src"], forced: ["x.h"])
    #expect(found["build"]?.contains("x.h.gch") == true)
  }

  @Test func computedNamesAreGuessed() {
    let found = find(
      [".": ["a.c"], "i": [], "j": ["x.h"]],
      [("a.c", "#include MACRO\n"), ("j/x.h", "")], angled: ["i", "j"])
    #expect(plain(found) == [".": ["x.h"], "i": ["x.h"]])
  }

  /// A directory of a header's name is passed over by compilers.
  @Test func aDirectoryIsNoHeader() {
    let found = find(
      [".": ["a.c", "string"], "string": [], "i": [], "j": ["string"]],
      [("a.c", "#include \"string\"\n"), ("j/string", "")], angled: ["i", "j"])
    #expect(plain(found)["i"] == ["string"])
  }

  /// What appears at a link's end shows in no directory of ours.
  @Test func aLinkThatLeadsNowhereIsUncertain() {
    let found = find(
      [".": ["a.c"], "i": ["@x.h"], "j": ["x.h"]], [("a.c", "#include <x.h>\n"), ("j/x.h", "")],
      angled: ["i", "j"])
    #expect(plain(found) == ["?": ["?"]])
  }

  @Test func probesForWhatNextOrAngledFinds() {
    let found = find(
      [".": ["a.c"], "i": [], "j": ["o.h"], "k": ["o.h"]],
      [("a.c", "#if __has_include(<o.h>)\n#endif\n")], angled: ["i", "j", "k"])
    #expect(plain(found) == ["i": ["o.h"], "j": ["+o.h"]])
    let next = find(
      [".": ["a.c"], "i": [], "j": ["o.h"], "k": ["o.h"]],
      [("a.c", "#if __has_include_next(<o.h>)\n#endif\n")], angled: ["i", "j", "k"])
    #expect(plain(next) == [".": ["o.h"], "i": ["o.h"], "j": ["+o.h"], "k": ["+o.h"]])
  }

  @Test(arguments: ["", "/", "..", ".", "a/", "//", "../..", "./", "a//b", "\u{e4}/\u{301}"])
  func oddNamesDoNoHarm(name: String) {
    _ = find(
      [".": ["a.c"], "/": []],
      [("a.c", "#include \"\(name)\"\n#include <\(name)>\n#include_next <\(name)>\n")],
      quote: ["", "/", "no/../no"], angled: [".", "..", "no/", "//no"], forced: [name])
  }

  /// What is relied on without the compiler's word, per directory as `find` shows it.
  private func relied(
    _ directories: [String: Set<String>], _ files: [(path: String, text: String)],
    angled: [String], unlistedFiles: Set<String> = [], unlistedDirectories: [String] = []
  ) -> [String: [String]] {
    let fileSystem = FileSystem(directories: directories)
    var finder = AbsenceFinder(
      search: SearchPath(quote: [], angled: angled), presence: fileSystem.presence,
      listsIncludes: { !unlistedFiles.contains($0.path) },
      unlistedDirectories: unlistedDirectories)
    _ = finder.find(
      files: ([("main.c", "")] + files).map {
        ReadFile(path: $0.path, facts: FileVersion(source: $0.text.bytes).facts)
      }, forced: [])
    return plain(
      Dictionary(
        uniqueKeysWithValues: finder.relied.map {
          ($0.directory, $0.absent + $0.present.map { "+" + $0 })
        }))
  }

  @Test func theListOfTheCompilerTellsTheRest() {
    let tree: [String: Set<String>] = [
      ".": ["main.c", "h.h"], "one": ["unread.h", "asked.h"], "two": ["h.h", "unread.h"],
    ]
    let header = (
      path: "two/h.h",
      text: "#include <h.h>\n#include <unread.h>\n#if __has_include(<no.h>)\n#endif\n"
        + "#if __has_include(<asked.h>)\n#endif\n#include <gone.h>\n"
    )
    let found = relied(tree, [header], angled: ["one", "two"])
    #expect(found == ["one": ["no.h", "+asked.h", "+unread.h"], "two": ["no.h", "+unread.h"]])
    // What was not read stands beside the file, too.
    #expect(relied(tree, [("x.h", "#include \"h.h\"\n")], angled: []) == [".": ["+h.h"]])
  }

  @Test func whatTheCompilerDoesNotList() {
    let tree: [String: Set<String>] = [
      ".": ["main.c", "a.h"], "user": [], "system": ["s.h", "t.h"],
    ]
    let files = [
      (path: "a.h", text: "#include <s.h>\n#include \"none.h\"\n"),
      (path: "system/s.h", text: "#include <t.h>\n#include <s.h>\n"),
      (path: "system/t.h", text: ""),
    ]
    #expect(
      relied(
        tree, files, angled: ["user", "system"], unlistedFiles: ["system/s.h", "system/t.h"],
        unlistedDirectories: ["system"])
        == ["user": ["s.h", "t.h"], "system": ["none.h", "+s.h", "+t.h"]])
  }
}
