import Glibc
import Platform
import Testing

@testable import Toolchains

@Suite struct TreeTests {
  private let directory = TemporaryDirectory()

  /// Paths below the directory, with a letter for their kind.
  private func listing(_ tree: ToolchainTree) -> [String] {
    tree.entries.compactMap { entry in
      guard entry.path.hasPrefix(directory.path + "/") else { return nil }
      let name = entry.path.dropFirst(directory.path.count + 1)
      return switch entry.kind {
      case .directory: "\(name)/"
      case .file: "\(name)"
      case .link(let target, _): "\(name) -> \(target)"
      }
    }
  }

  private func link(_ name: String, to target: String) throws {
    try #require(symlink(target, directory(name)) == 0)
  }

  @Test func linksOnTheWayAreKept() throws {
    try directory.write("x", "usr/lib/deep/file")
    try link("lib", to: "usr/lib")
    try link("usr/lib/near", to: "deep")
    try link("usr/lib/deep/name", to: "file")
    try link("absolute", to: directory("lib/near/name"))
    var tree = ToolchainTree()
    #expect(try tree.add(directory("absolute")) == directory("usr/lib/deep/file"))
    #expect(
      listing(tree) == [
        "usr/", "usr/lib/", "usr/lib/deep/", "usr/lib/deep/file",
        "absolute -> \(directory("lib/near/name"))", "lib -> usr/lib",
        "usr/lib/deep/name -> file", "usr/lib/near -> deep",
      ])
  }

  @Test func parentsOfLinkedDirectoriesAreThoseOfTheirTargets() throws {
    try directory.write("x", "a/lib/file")
    try directory.write("x", "a/bin/other")
    try link("bin", to: "a/bin")
    var tree = ToolchainTree()
    #expect(try tree.add(directory("bin/../lib/./file")) == directory("a/lib/file"))
    // The way itself has to exist, too.
    #expect(listing(tree) == ["a/", "a/bin/", "a/lib/", "a/lib/file", "bin -> a/bin"])
  }

  @Test func directoriesAreTakenWhole() throws {
    try directory.write("x", "include/deep/a.h")
    try directory.write("x", "elsewhere/b.h")
    try link("include/outside", to: "../elsewhere")
    try link("include/circle", to: ".")
    try link("include/dangling", to: "nothing")
    try #require(mkfifo(directory("include/pipe"), 0o600) == 0)
    var tree = ToolchainTree()
    try tree.addAll(of: directory("include"))
    #expect(
      listing(tree) == [
        "elsewhere/", "include/", "include/deep/", "elsewhere/b.h", "include/deep/a.h",
        "include/circle -> .", "include/outside -> ../elsewhere",
      ])
  }

  @Test func whatCannotBePackedIsAnError() throws {
    try link("loop", to: "loop")
    try #require(mkfifo(directory("pipe"), 0o600) == 0)
    try directory.write("x", "file")
    var tree = ToolchainTree()
    #expect(throws: ToolchainError.self) { try tree.add(directory("loop")) }
    #expect(throws: ToolchainError.self) { try tree.add(directory("pipe")) }
    #expect(throws: ToolchainError.self) { try tree.add(directory("file/inside")) }
    #expect(
      throws: ToolchainError.system(SystemError("look at", directory("none"), code: ENOENT))
    ) { try tree.add(directory("none")) }
  }

  @Test func aLinkOfOursNeverReplacesAnything() throws {
    let file = try directory.write("x", "file")
    var tree = ToolchainTree()
    try tree.add(file)
    let answers = [
      tree.addLink(at: file, to: "/elsewhere"), tree.addLink(at: directory("new"), to: file),
      tree.addLink(at: directory("new"), to: file),
      tree.addLink(at: directory("new"), to: "/elsewhere"),
    ]
    #expect(answers == [false, true, true, false])
    tree.addEmptyDirectory(directory("new"))
    #expect(tree.kind(of: directory("new")) == .link(file, isAdded: true))
  }
}
