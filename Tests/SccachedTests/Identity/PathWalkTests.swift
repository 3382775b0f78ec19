import Glibc
import Platform
import TestSupport
import Testing

@testable import sccached

@Suite struct PathWalkTests {
  private let directory = TemporaryDirectory()
  private let environment: RequestEnvironment

  init() {
    let path = ["one", "two", "three"].map { [directory] in directory($0) }.joined(separator: ":")
    environment = RequestEnvironment(variables: [Array("PATH=\(path)".utf8)])
  }

  private func walk() -> PathWalk { PathWalk(environment, directory: "/") }

  private func find(_ name: String, _ walk: PathWalk? = nil) -> String? {
    ProgramLookup.find(name, directory: "/", environment: environment, walk: walk)
  }

  private func settle() {
    // File times move in ticks of up to ten milliseconds.
    usleep(30_000)
  }

  /// What the directories' stamps say must never hide a program that is new in front.
  @Test func newProgramsAreFound() throws {
    try directory.write("two/other", "", mode: 0o755)
    try directory.write("three/cc", "", mode: 0o755)
    settle()
    #expect(find("cc") == directory("three/cc"))
    #expect(find("cc") == directory("three/cc"))
    try directory.write("two/cc", "", mode: 0o755)
    #expect(find("cc") == directory("two/cc"))
    // A directory that was missing.
    try directory.write("one/cc", "", mode: 0o755)
    #expect(find("cc") == directory("one/cc"))
    unlink(directory("one/cc"))
    #expect(find("cc") == directory("two/cc"))
    settle()
    unlink(directory("two/cc"))
    #expect(find("cc") == directory("three/cc"))
  }

  /// These change no directory.
  @Test func whatBecomesAProgramIsFound() throws {
    try directory.write("one/cc", "", mode: 0o644)
    try directory.write("two/x", "")
    symlink(directory("elsewhere"), directory("two/cc"))
    try directory.write("three/cc", "", mode: 0o755)
    settle()
    for _ in 0..<2 { #expect(find("cc") == directory("three/cc")) }
    try directory.write("elsewhere", "", mode: 0o755)
    #expect(find("cc") == directory("two/cc"))
    chmod(directory("one/cc"), 0o755)
    #expect(find("cc") == directory("one/cc"))
  }

  /// One that may be searched but not listed tells its names all the same.
  @Test func directoriesThatCantBeListed() throws {
    try directory.write("one/cc", "", mode: 0o755)
    chmod(directory("one"), 0o311)
    defer { chmod(directory("one"), 0o755) }
    settle()
    #expect(find("cc") == directory("one/cc"))
    #expect(find("as") == nil)
  }

  @Test func oneWalkAnswersForSeveralNames() throws {
    try directory.write("one/x", "")
    try directory.write("two/cc", "", mode: 0o755)
    try directory.write("three/as", "", mode: 0o755)
    settle()
    let walk = walk()
    #expect(find("cc", walk) == directory("two/cc"))
    #expect(find("as", walk) == directory("three/as"))
    #expect(find("ld", walk) == nil)
    #expect(walk.stamp(of: directory("two/cc")) == FileStamp(path: directory("two/cc")))
    #expect(walk.stamp(of: directory("one/x")) == FileStamp(path: directory("one/x")))
    #expect(walk.stamp(of: directory("none")) == nil)
  }
}
