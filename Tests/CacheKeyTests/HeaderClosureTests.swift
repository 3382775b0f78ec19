import CacheKey
import Testing

@Suite struct HeaderClosureTests {
  /// Files by their paths, with their text.
  private func closure(
    _ files: [String: String], quote: [String] = [], angled: [String] = [], limit: Int = 100,
    sameDirectories: [String: String] = [:]
  ) -> HeaderClosure {
    HeaderClosure(
      search: SearchPath(quote: quote, angled: angled), limit: limit,
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
      found.files(roots: ["src/a.c"], forced: []) == [
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
    #expect(found.files(roots: ["a.c"], forced: []) == ["a.c", "i/no.h", "i/yes.h"])
  }

  @Test func nextMeansAnyOfThem() {
    var found = closure(
      ["a.c": "#include <x.h>\n", "i/x.h": "#include_next <x.h>\n", "j/x.h": "", "k/x.h": ""],
      angled: ["i", "j", "k"])
    #expect(found.files(roots: ["a.c"], forced: []) == ["a.c", "i/x.h", "j/x.h", "k/x.h"])
  }

  @Test func nextInTheSourceIsBeside() {
    var found = closure(
      ["s/a.c": "#include_next \"x.h\"\n", "s/x.h": "", "i/x.h": ""], angled: ["i"])
    #expect(found.files(roots: ["s/a.c"], forced: []) == ["s/a.c", "s/x.h", "i/x.h"])
  }

  /// gcc drops a `-I` directory that is a system directory, too.
  @Test func doubledDirectories() {
    var found = closure(
      ["a.c": "#include <x.h>\n", "link/x.h": "", "j/x.h": "", "real/x.h": "", "k/x.h": ""],
      angled: ["link", "j", "real", "k"], sameDirectories: ["link": "real"])
    #expect(found.files(roots: ["a.c"], forced: []) == ["a.c", "link/x.h", "j/x.h"])
  }

  @Test func forcedAndImplicit() {
    var found = closure(
      [
        "a.c": "", "f.h": "", "i/g.h": "#include \"h.h\"\n", "i/h.h": "",
        "/usr/include/stdc-predef.h": "", "/abs.h": "",
      ], angled: ["i"])
    #expect(
      found.files(
        roots: ["a.c", "/usr/include/stdc-predef.h"], forced: ["f.h", "g.h", "/abs.h"]) == [
          "a.c", "/usr/include/stdc-predef.h", "f.h", "i/g.h", "/abs.h", "i/h.h",
        ])
  }

  /// The compiler's own include takes the first that there is.
  @Test func implicitLookups() {
    var found = closure(["a.c": "", "i/p.h": "", "/usr/include/p.h": ""], angled: ["i", "/usr/include"])
    #expect(
      found.files(
        roots: ["a.c"], forced: [], implicit: [SourceFacts.Lookup(name: "p.h", form: .angled)])
        == ["a.c", "i/p.h"])
  }

  @Test func probesReadNothing() {
    var found = closure(
      ["a.c": "#if __has_include(<x.h>)\n#endif\n", "i/x.h": "#include <y.h>\n"], angled: ["i"])
    #expect(found.files(roots: ["a.c"], forced: []) == ["a.c"])
  }

  @Test func circles() {
    var found = closure(
      ["a.h": "#include \"b.h\"\n", "b.h": "#include \"./a.h\"\n#include \"b.h\"\n"])
    #expect(found.files(roots: ["a.h"], forced: []) == ["a.h", "b.h"])
  }

  @Test(arguments: [
    "#include NAME\n", "#if __has_include(NAME)\n#endif\n", "#include <deep.h>\n",
    "??=include <x.h>\nint a??/\nb;\n",
  ])
  func whatCannotBeTold(text: String) {
    var found = closure(["a.c": text, "i/deep.h": "#include WHO(knows)\n"], angled: ["i"])
    #expect(found.files(roots: ["a.c"], forced: []) == nil)
  }

  @Test func unreadableAndTooMany() {
    var gone = HeaderClosure(
      search: SearchPath(quote: [], angled: []), limit: 10, isFile: { _ in true },
      facts: { _ in nil })
    #expect(gone.files(roots: ["a.c"], forced: []) == nil)
    var many = closure(
      ["a.c": "#include \"b.c\"\n", "b.c": "#include \"c.c\"\n", "c.c": ""], limit: 2)
    #expect(many.files(roots: ["a.c"], forced: []) == nil)
  }
}
