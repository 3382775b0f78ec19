import CacheKey
import Testing

@Suite struct HeaderClosureTests {
  /// Files by their paths, with their text.
  private func closure(
    _ files: [String: String], quote: [String] = [], angled: [String] = [],
    users: [String] = [], limit: Int = 100,
    sameDirectories: [String: String] = [:]
  ) -> HeaderClosure {
    HeaderClosure(
      search: SearchPath(quote: quote, angled: angled), userDirectories: users,
      limit: limit,
      identity: { sameDirectories[$0] ?? $0 }, isFile: { files[$0] != nil },
      facts: { files[$0].map { FileVersion(source: Array($0.utf8)).facts } })
  }

  @Test func besideThenInOrder() {
    var found = closure(
      [
        "src/a.c": "#include \"beside.h\"\n#include \"quoted.h\"\n#include <angled.h>\n",
        "src/beside.h": "#include \"../up.h\"\n", "src/../up.h": "",
        "q/quoted.h": "", "i/quoted.h": "", "i/angled.h": "#include <sys/deep.h>\n",
        "q/angled.h": "", "/usr/include/sys/deep.h": "", "/usr/include/angled.h": "",
      ], quote: ["q"], angled: ["i", "/usr/include"])
    #expect(
      found.files(source: "src/a.c", implicit: [], forced: []) == [
        "src/a.c", "src/beside.h", "q/quoted.h", "i/angled.h", "src/../up.h",
        "/usr/include/sys/deep.h",
      ])
    #expect(found.contains("./i//angled.h"))
    #expect(!found.contains("/usr/include/angled.h"))
  }

  /// Nothing is known of conditions.
  @Test func groupsThatAreSkipped() {
    var found = closure(
      [
        "a.c": "#if 0\n#include <no.h>\n#else\n#include <yes.h>\n#endif\n", "i/no.h": "",
        "i/yes.h": "",
      ],
      angled: ["i"])
    #expect(found.files(source: "a.c", implicit: [], forced: []) == ["a.c", "i/no.h", "i/yes.h"])
  }

  @Test func nextMeansAnyOfThem() {
    var found = closure(
      ["a.c": "#include <x.h>\n", "i/x.h": "#include_next <x.h>\n", "j/x.h": "", "k/x.h": ""],
      angled: ["i", "j", "k"])
    #expect(
      found.files(source: "a.c", implicit: [], forced: []) == ["a.c", "i/x.h", "j/x.h", "k/x.h"])
  }

  @Test func nextInTheSourceIsBeside() {
    var found = closure(
      ["s/a.c": "#include_next \"x.h\"\n", "s/x.h": "", "i/x.h": ""], angled: ["i"])
    #expect(found.files(source: "s/a.c", implicit: [], forced: []) == ["s/a.c", "s/x.h", "i/x.h"])
  }

  /// gcc drops a `-I` directory that is a system directory, too.
  @Test func doubledDirectories() {
    var found = closure(
      ["a.c": "#include <x.h>\n", "link/x.h": "", "j/x.h": "", "real/x.h": "", "k/x.h": ""],
      angled: ["link", "j", "real", "k"], sameDirectories: ["link": "real"])
    #expect(found.files(source: "a.c", implicit: [], forced: []) == ["a.c", "link/x.h", "j/x.h"])
  }

  @Test func forcedAndImplicit() {
    var found = closure(
      [
        "a.c": "", "f.h": "", "i/g.h": "#include \"h.h\"\n", "i/h.h": "",
        "/usr/include/stdc-predef.h": "", "/abs.h": "",
      ], angled: ["i"])
    #expect(
      found.files(
        source: "a.c", implicit: ["/usr/include/stdc-predef.h"], forced: ["f.h", "g.h", "/abs.h"])
        == [
          "a.c", "/usr/include/stdc-predef.h", "f.h", "i/g.h", "/abs.h", "i/h.h",
        ])
  }

  /// The compiler's own include takes the first that there is.
  @Test func implicitLookups() {
    var found = closure(
      ["a.c": "", "i/p.h": "", "/usr/include/p.h": ""], angled: ["i", "/usr/include"])
    #expect(
      found.files(
        source: "a.c", implicit: [], forced: [],
        lookups: [SourceFacts.Lookup(name: "p.h", form: .angled)])
        == ["a.c", "i/p.h"])
  }

  @Test func probesReadNothing() {
    var found = closure(
      ["a.c": "#if __has_include(<x.h>)\n#endif\n", "i/x.h": "#include <y.h>\n"], angled: ["i"])
    #expect(found.files(source: "a.c", implicit: [], forced: []) == ["a.c"])
  }

  @Test func circles() {
    var found = closure(
      ["a.h": "#include \"b.h\"\n", "b.h": "#include \"./a.h\"\n#include \"b.h\"\n"])
    #expect(found.files(source: "a.h", implicit: [], forced: []) == ["a.h", "b.h"])
  }

  @Test(arguments: [
    "#include NAME\n", "#if __has_include(NAME)\n#endif\n", "#include <deep.h>\n",
    "??=include <x.h>\nint a??/\nb;\n",
  ])
  func whatCannotBeTold(text: String) {
    var found = closure(["a.c": text, "i/deep.h": "#include WHO(knows)\n"], angled: ["i"])
    #expect(found.files(source: "a.c", implicit: [], forced: []) == nil)
  }

  @Test func unreadableAndTooMany() {
    var gone = HeaderClosure(
      search: SearchPath(quote: [], angled: []), userDirectories: [], limit: 10,
      isFile: { _ in true },
      facts: { _ in nil })
    #expect(gone.files(source: "a.c", implicit: [], forced: []) == nil)
    var many = closure(
      ["a.c": "#include \"b.c\"\n", "b.c": "#include \"c.c\"\n", "c.c": ""], limit: 2)
    #expect(many.files(source: "a.c", implicit: [], forced: []) == nil)
  }

  /// Whose includes `-MMD` leaves out: those of the system's headers and what they lead to.
  @Test func whatTheCompilerLists() {
    var found = closure(
      [
        "a.c":
          "#include <user.h>\n#include <system.h>\n#include <marked.h>\n#include <doubled.h>\n",
        "i/user.h": "#include <plain.h>\n", "i/plain.h": "", "s/system.h": "#include <led.h>\n",
        "i/led.h": "#include <plainer.h>\n", "i/plainer.h": "",
        "i/marked.h": "#pragma GCC system_header\n#include <below.h>\n", "i/below.h": "",
        "d/doubled.h": "", "e/doubled.h": "",
      ], angled: ["i", "d", "s", "e"], users: ["i", "d"], sameDirectories: ["d": "x", "e": "x"])
    let files = found.files(source: "a.c", implicit: [], forced: []) ?? []
    let unlisted = files.filter { !found.listsIncludes(of: $0) }.sorted()
    #expect(
      unlisted == [
        "d/doubled.h", "e/doubled.h", "i/below.h", "i/led.h", "i/marked.h", "i/plainer.h",
        "s/system.h",
      ])
  }

  /// First met as a user's header, then as one of the system's.
  @Test func metAgainAsTheSystems() {
    var found = closure(
      [
        "a.c": "#include <both.h>\n#include <system.h>\n", "i/both.h": "#include <last.h>\n",
        "i/last.h": "", "s/system.h": "#include <both.h>\n",
      ], angled: ["i", "s"], users: ["i"])
    let files = found.files(source: "a.c", implicit: [], forced: [])
    #expect(files == ["a.c", "i/both.h", "s/system.h", "i/last.h"])
    for path in ["i/both.h", "i/last.h", "s/system.h"] {
      #expect(!found.listsIncludes(of: path))
    }
    #expect(found.listsIncludes(of: "a.c"))
  }
}
