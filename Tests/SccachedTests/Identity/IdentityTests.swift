import Glibc
import Platform
import TestSupport
import Testing

@testable import sccached

@Suite struct ProgramLookupTests {
  private let directory = TemporaryDirectory()

  private func find(_ name: String, path: String? = nil, running: [String] = []) -> String? {
    let variables = path.map { [Array("PATH=\($0)".utf8)] } ?? []
    var environment = RequestEnvironment(variables: variables)
    for program in running {
      environment = RequestEnvironment(variables: environment.variables(running: program))
    }
    return ProgramLookup.find(name, directory: directory.path, environment: environment)
  }

  /// Who called the wrapper back is the compiler only where there is no other, and not without end.
  @Test func whatRunsIsPassedOver() throws {
    for name in ["one/cc", "two/cc"] { try directory.write(name, "", mode: 0o755) }
    let path = ["one", "two"].map { directory($0) }.joined(separator: ":")
    let (one, two) = (directory("one/cc"), directory("two/cc"))
    #expect(find("cc", path: path, running: ["/bin/x"]) == one)
    #expect(find("cc", path: path, running: [one]) == two)
    #expect(find("cc", path: path, running: [two, one]) == one)
    #expect(find("cc", path: path, running: Array(repeating: one, count: 20)) == two)
    let both = Array(repeating: one, count: 20) + [two]
    #expect(find("cc", path: path, running: both) == nil)
    #expect(find(one, running: [one]) == one)
  }

  @Test func inPathOrder() throws {
    try directory.write("one/other", "", mode: 0o755)
    try directory.write("two/cc", "", mode: 0o755)
    try directory.write("three/cc", "", mode: 0o755)
    let path = ["none", "one", "two", "three"].map { directory($0) }.joined(separator: ":")
    #expect(find("cc", path: path) == directory("two/cc"))
    #expect(find("missing", path: path) == nil)
    #expect(find("cc", path: "") == nil)
    #expect(find("cc") == nil)
    #expect(find("", path: path) == nil)
  }

  @Test func relativeParts() throws {
    try directory.write("bin/cc", "", mode: 0o755)
    try directory.write("cc", "", mode: 0o755)
    #expect(find("cc", path: "bin") == directory("bin/cc"))
    #expect(find("cc", path: ":bin") == directory("cc"))
    #expect(
      find("cc", path: "none::bin").map { FileStamp(path: $0) } == FileStamp(path: directory("cc")))
    #expect(
      find("./cc", path: "bin").map { FileStamp(path: $0) } == FileStamp(path: directory("cc")))
    #expect(find("bin/cc", path: "") == directory("bin/cc"))
    #expect(find(directory("cc")) == directory("cc"))
  }

  @Test func onlyPrograms() throws {
    try directory.write("one/cc", "", mode: 0o644)
    try directory.write("two/cc/x", "")
    try directory.write("three/cc", "", mode: 0o755)
    #expect(
      find("cc", path: ["one", "two", "three"].joined(separator: ":")) == directory("three/cc"))
    #expect(find("one/cc", path: "three") == nil)
    #expect(find("two/cc", path: "three") == nil)
  }

  @Test(arguments: ["sccache", "ccache"])
  func wrappersArePassedOver(wrapper: String) throws {
    try directory.write("bin/\(wrapper)", "", mode: 0o755)
    try directory.write("real/gcc", "", mode: 0o755)
    mkdir(directory("masquerade"), 0o755)
    symlink("../bin/\(wrapper)", directory("masquerade/gcc"))
    symlink("gcc", directory("masquerade/cc"))
    #expect(find("gcc", path: "masquerade:real") == directory("real/gcc"))
    // Named by its path, too.
    #expect(find(directory("masquerade/gcc"), path: "masquerade:real") == directory("real/gcc"))
    #expect(find("gcc", path: "masquerade") == nil)
    #expect(find("cc", path: "masquerade") == nil)
  }

  @Test func otherLinksAreKept() throws {
    try directory.write("real/gcc-12", "", mode: 0o755)
    symlink("gcc-12", directory("real/gcc"))
    symlink("missing", directory("real/dangling"))
    #expect(find("gcc", path: "real") == directory("real/gcc"))
    #expect(find("dangling", path: "real") == nil)
  }

  /// What was learnt of a name doesn't outlive the link or the program.
  @Test func aLinkThatGoesElsewhere() throws {
    try directory.write("bin/sccache", "", mode: 0o755)
    try directory.write("real/gcc-12", "", mode: 0o755)
    mkdir(directory("masquerade"), 0o755)
    let link = directory("masquerade/gcc")
    for _ in 0..<3 {
      symlink("../bin/sccache", link)
      #expect(find("gcc", path: "masquerade") == nil)
      #expect(find("gcc", path: "masquerade") == nil)
      unlink(link)
      #expect(find("gcc", path: "masquerade") == nil)
      symlink("../real/gcc-12", link)
      #expect(find("gcc", path: "masquerade") == link)
      #expect(find("gcc", path: "masquerade") == link)
      unlink(link)
    }
  }

  @Test func aProgramThatAppearsEarlier() throws {
    try directory.write("two/cc", "", mode: 0o755)
    let path = [directory("one"), directory("two"), directory("one")].joined(separator: ":")
    #expect(find("cc", path: path) == directory("two/cc"))
    try directory.write("one/cc", "", mode: 0o755)
    #expect(find("cc", path: path) == directory("one/cc"))
  }
}

@Suite struct ScriptReaderTests {
  private let directory = TemporaryDirectory()

  private func programs(
    of script: String, _ variables: String...
  ) throws -> (found: [String], values: [String]) {
    let path = try directory.write("bin/script", script, mode: 0o755)
    var reader = ScriptReader(
      environment: RequestEnvironment(variables: variables.map { Array($0.utf8) }),
      directory: directory.path)
    let found = reader.programs(of: path)
    let values = reader.variables.map { "\($0.name)" + ($0.value.map { "=\($0)" } ?? "") }
    return (found, values)
  }

  @Test func aProgramThatIsNoScript() throws {
    #expect(try programs(of: "\u{7f}ELF gcc /bin/sh").found == [])
    #expect(try programs(of: "").found == [])
  }

  @Test func absolutePathsAndNames() throws {
    try directory.write("tools/cc", "", mode: 0o755)
    try directory.write("path/ld", "", mode: 0o755)
    try directory.write("tools/data", "", mode: 0o644)
    let found = try programs(
      of: "#!/bin/sh\nexec \(directory("tools/cc")) --ld=ld \"$@\" \(directory("tools/data"))\n",
      "PATH=\(directory("path"))"
    ).found
    // It may read a file that is no program.
    #expect(
      Set(found) == [
        "/bin/sh", directory("tools/cc"), directory("path/ld"), directory("tools/data"),
      ])
  }

  @Test func besideTheScript() throws {
    try directory.write("bin/real-cc", "", mode: 0o755)
    let found = try programs(of: "#!/bin/sh\nexec \"$HERE/real-cc\"\nexec \"${0%/*}/real-cc\"\n")
      .found
    #expect(found.contains(directory("bin/real-cc")))
  }

  @Test func variables() throws {
    try directory.write("tools/cc", "", mode: 0o755)
    let result = try programs(
      of: "#!/bin/sh\n$REAL_CC -x ${FLAGS} $HOME $MISSING\n",
      "REAL_CC=\(directory("tools/cc")) -m32",
      "FLAGS=-O2", "HOME=/root")
    #expect(result.found.contains(directory("tools/cc")))
    // An unset one counts, too: it could be set the next time.
    #expect(
      result.values == ["REAL_CC=\(directory("tools/cc")) -m32", "FLAGS=-O2", "MISSING"])
  }

  @Test func scriptsOfScripts() throws {
    try directory.write("bin/third", "", mode: 0o755)
    try directory.write("bin/second", "#!/bin/sh\nexec ./third\nexec ./script\n", mode: 0o755)
    let found = try programs(of: "#!/bin/sh\nexec ./second\n").found
    #expect(found.contains(directory("bin/second")))
    #expect(found.contains(directory("bin/third")))
  }

  @Test func bounded() throws {
    for number in 0..<100 { try directory.write("bin/tool\(number)", "", mode: 0o755) }
    let words = (0..<100).map { "./tool\($0)" }.joined(separator: "\n")
    #expect(try programs(of: "#!/bin/sh\n\(words)\n").found.count <= 64)
  }

  /// The order goes into the compiler's digest: it must be the same in the next daemon.
  @Test func theOrderIsFixed() throws {
    for number in 0..<20 { try directory.write("bin/tool\(number)", "", mode: 0o755) }
    let words = (0..<20).map { "./tool\($0)" }
    let found = try programs(of: "#!/bin/none\n\(words.joined(separator: "\n"))\n").found
    // Under two names each: as written and beside the script.
    let inOrder = words.flatMap { word in
      [directory("bin/" + word), directory("bin/\(word.dropFirst(2))")]
    }
    #expect(found == inOrder)
  }
}
