import Testing

@testable import Settings

@Suite struct BaseDirectoriesTests {
  private static let lists: [(String, [String])] = [
    ("/a", ["/a/"]), ("/a/", ["/a/"]), ("/a//b/./c/../d//", ["/a/b/d/"]), ("/../../a", ["/a/"]),
    ("/", ["/"]), ("/a/..", ["/"]), ("/a:/b", ["/a/", "/b/"]), (":/a::/b:", ["/a/", "/b/"]),
    ("/a:/a/:/x/../a", ["/a/"]), ("", []), (":", []), ("/b:/a", ["/b/", "/a/"]),
    ("/a b", ["/a b/"]), ("/ä", ["/ä/"]), ("/a/..b/...", ["/a/..b/.../"]),
  ]

  @Test(arguments: lists)
  func variable(list: String, expected: [String]) throws {
    // Set but empty still goes before the file.
    let settings = try load(["SCCACHE_BASEDIRS": list], file: "basedirs = [\"/file\"]")
    #expect(settings.baseDirectories == expected)
  }

  @Test func file() throws {
    let file = "basedirs = [\"/a/./b/../c//d/\", \"/a/c/d\", \"/x\"]"
    #expect(try load(file: file).baseDirectories == ["/a/c/d/", "/x/"])
    #expect(try load(file: "basedirs = []").baseDirectories == [])
  }

  @Test(arguments: ["rel", "./rel", "~/p", "../a"])
  func relative(path: String) {
    let variable = failure(["SCCACHE_BASEDIRS": "/a:\(path)"])
    #expect(variable.message == "Basedir path must be absolute: \"\(path)\"")
    #expect(variable.causes.last?.contains("SCCACHE_BASEDIRS") == true)
    let file = failure(file: "\nbasedirs = [\"\(path)\"]")
    #expect(file.message == "Basedir path must be absolute: \"\(path)\"")
    #expect(file.causes.last?.contains("/config:2:1: basedirs") == true)
    #expect(failure(file: "basedirs = [\"\"]").message == "Basedir path must be absolute: \"\"")
  }
}
