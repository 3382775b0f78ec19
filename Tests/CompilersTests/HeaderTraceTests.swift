import Compilers
import Testing

@Suite struct HeaderTraceTests {
  /// What gcc 12.2 wrote for `-H -Wall`.
  @Test func traceBetweenDiagnostics() {
    let diagnostics = """
      a.c: In function 'f':
      a.c:4:27: warning: unused variable 'y' [-Wunused-variable]
          4 | int f(int x) { int y; return 1; }
            |                    ^

      """
    let text =
      ". inc/h.h\n.. /usr/include/stddef.h\n. inc/g.h\n.. /usr/include/stddef.h\n" + diagnostics
      + "Multiple include guards may be useful for:\n./inc/g.h\n/usr/include/stddef.h\n"
    let trace = HeaderTrace(standardError: Array(text.utf8))
    #expect(trace.paths == ["inc/h.h", "/usr/include/stddef.h", "inc/g.h"])
    #expect(trace.remainder == Array(diagnostics.utf8))
  }

  @Test(arguments: ["", "a.c:1: error: x\n", "...\n", ". \n", "no line end", ". cut off"])
  func othersStay(_ text: String) {
    let trace = HeaderTrace(standardError: Array(text.utf8))
    #expect(trace.paths.isEmpty)
    #expect(trace.remainder == Array(text.utf8))
  }

  @Test func precompiledHeader() {
    let trace = HeaderTrace(standardError: Array("! d/h.h.gch\n a.c\n".utf8))
    #expect(trace.paths == ["d/h.h.gch"])
  }

  @Test func guardsThatWereNotTraced() {
    let text = "Multiple include guards may be useful for:\nelsewhere.h\n"
    #expect(HeaderTrace(standardError: Array(text.utf8)).remainder == Array("elsewhere.h\n".utf8))
  }
}
