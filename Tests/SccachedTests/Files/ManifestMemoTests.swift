import CacheKey
import Glibc
import Platform
import Storage
import TestSupport
import Testing

@testable import sccached

@Suite struct ManifestMemoTests {
  private let directory = TemporaryDirectory()
  private let files = FileRecords()
  private let directories = DirectoryRecords()

  private var places: Places { Places(directory: directory.path, baseDirectories: [], paths: []) }

  private func file(_ name: String, _ strictness: Strictness = .sameLines) throws -> Manifest.File {
    let version = try #require(files.record(directory(name)).current())
    return Manifest.File(path: name, exact: version.exact, relaxed: version.digest(strictness))
  }

  private func resolve(
    _ results: [Manifest.Result], places: Places? = nil
  ) -> ResolvedManifest {
    ResolvedManifest(
      Manifest(key: Digest.of([1]), results: results), places: places ?? self.places, files: files,
      directories: directories, as: .source)
  }

  private func result(
    _ number: UInt8, _ files: [Manifest.File], isQuiet: Bool = true, place: Digest? = nil,
    presentation: Digest? = nil, expected: [ExpectedNames] = []
  ) -> Manifest.Result {
    Manifest.Result(
      entry: Digest.of([number]), isQuiet: isQuiet, place: place, presentation: presentation,
      files: files, expected: expected)
  }

  private let presentation = Digest.of([8])

  private func match(_ manifest: ResolvedManifest, _ strictness: Strictness = .sameLines) -> String
  {
    guard
      let found = manifest.match(places: places, presentation: presentation, strictness: strictness)
    else { return "none" }
    return "\(found.match)"
  }

  @Test func filesAsTheyWere() throws {
    try directory.write("a.c", "int a; // one\n")
    try directory.write("a.h", "int h;\n")
    let manifest = resolve([result(1, [try file("a.c"), try file("a.h")])])
    #expect(match(manifest) == "exact")
    try directory.write("a.c", "int a; // another\n")
    #expect(match(manifest) == "commentsOnly")
    #expect(match(manifest, .exact) == "none")
    try directory.write("a.h", "int k;\n")
    #expect(match(manifest) == "none")
    try directory.write("a.h", "int h;\n")
    #expect(match(manifest) == "commentsOnly")
    unlink(directory("a.h"))
    #expect(match(manifest) == "none")
  }

  /// A warning shows its line of the source, comments and all.
  @Test func whatPrintedSomethingMustBeExact() throws {
    try directory.write("a.c", "int a; // one\n")
    let manifest = resolve([result(1, [try file("a.c")], isQuiet: false)])
    #expect(match(manifest) == "exact")
    try directory.write("a.c", "int a; // two\n")
    #expect(match(manifest) == "none")
  }

  @Test func absentNamesMustStayAbsent() throws {
    try directory.write("a.c", "")
    try directory.write("inc/other.h", "")
    let manifest = resolve([
      result(
        1, [try file("a.c")], expected: [ExpectedNames(directory: "inc", absent: ["x.h", "y.h"])])
    ])
    #expect(match(manifest) == "exact")
    try directory.write("inc/z.h", "")
    #expect(match(manifest) == "exact")
    try directory.write("inc/y.h", "")
    #expect(match(manifest) == "none")
    unlink(directory("inc/y.h"))
    #expect(match(manifest) == "exact")
    directory.settle()
    #expect(match(manifest) == "exact")
    try directory.write("inc/x.h", "")
    #expect(match(manifest) == "none")
  }

  /// A search directory that was missing is among the absent names of its parent.
  @Test func aDirectoryMayAppear() throws {
    try directory.write("a.c", "")
    let manifest = resolve([
      result(1, [try file("a.c")], expected: [ExpectedNames(directory: ".", absent: ["new"])])
    ])
    #expect(match(manifest) == "exact")
    try directory.write("new/x.h", "")
    #expect(match(manifest) == "none")
  }

  @Test func presentNamesMustStay() throws {
    try directory.write("a.c", "")
    try directory.write("inc/x.h", "")
    let manifest = resolve([
      result(
        1, [try file("a.c")],
        expected: [ExpectedNames(directory: "inc", absent: ["y.h"], present: ["x.h"])])
    ])
    #expect(match(manifest) == "exact")
    directory.settle()
    #expect(match(manifest) == "exact")
    unlink(directory("inc/x.h"))
    #expect(match(manifest) == "none")
    mkdir(directory("inc/x.h"), 0o755)
    #expect(match(manifest) == "none")
    rmdir(directory("inc/x.h"))
    try directory.write("inc/x.h", "other")
    #expect(match(manifest) == "exact")
  }

  /// A link to what was probed for stays in its place when its target goes.
  @Test func presentNamesMayBeLinks() throws {
    try directory.write("a.c", "")
    try directory.write("elsewhere/x.h", "")
    mkdir(directory("inc"), 0o755)
    symlink("../elsewhere/x.h", directory("inc/x.h"))
    let manifest = resolve([
      result(
        1, [try file("a.c")],
        expected: [ExpectedNames(directory: "inc", absent: [], present: ["x.h"])])
    ])
    #expect(match(manifest) == "exact")
    directory.settle()
    #expect(match(manifest) == "exact")
    unlink(directory("elsewhere/x.h"))
    #expect(match(manifest) == "none")
  }

  /// What printed something holds for those to whom it would look the same.
  @Test func aPresentationMustFit() throws {
    try directory.write("a.c", "")
    let own = result(1, [try file("a.c")], isQuiet: false, presentation: presentation)
    let other = result(2, [try file("a.c")], isQuiet: false, presentation: Digest.of([9]))
    #expect(match(resolve([own])) == "exact")
    #expect(match(resolve([other])) == "none")
    let found = resolve([other, own]).match(
      places: places, presentation: presentation, strictness: .exact)
    #expect(found?.result.entry == own.entry)
  }

  @Test func theFirstThatFits() throws {
    try directory.write("a.c", "one")
    let one = result(1, [try file("a.c")])
    try directory.write("a.c", "two")
    let two = result(2, [try file("a.c")])
    let manifest = resolve([one, two])
    #expect(
      manifest.match(places: places, presentation: presentation, strictness: .exact)?.result.entry
        == two.entry)
    try directory.write("a.c", "one")
    #expect(
      manifest.match(places: places, presentation: presentation, strictness: .exact)?.result.entry
        == one.entry)
  }

  @Test func aPlaceMustFit() throws {
    try directory.write("a.c", "")
    let own = resolve([result(1, [try file("a.c")], place: places.digest)])
    #expect(match(own) == "exact")
    let other = resolve([result(1, [try file("a.c")], place: Digest.of([9]))])
    #expect(match(other) == "none")
  }

  @Test func pathsOfBasesThatAreNotThere() throws {
    try directory.write("a.c", "")
    var marked = try file("a.c")
    marked.path = "\u{1}0/a.c"
    #expect(resolve([result(1, [marked])]).results.isEmpty)
    let places = Places(directory: directory.path, baseDirectories: [directory.path], paths: [])
    let manifest = resolve([result(1, [marked])], places: places)
    #expect(manifest.match(places: places, presentation: presentation, strictness: .exact) != nil)
  }

  // MARK: the memo

  private func store(_ name: String = "cache") -> LocalStore {
    LocalStore(
      LocalStore.Options(
        directory: directory(name), sizeLimit: 10 << 20, isReadOnly: false, zstdLevel: nil,
        umask: 0o22))
  }

  private func lookUp(_ memo: ManifestMemo, _ store: LocalStore, _ key: Digest) -> ResolvedManifest?
  {
    memo.manifest(
      key, places: places, store: store, files: files, directories: directories, as: .source)
  }

  @Test func remembersUntilTheFileIsReplaced() throws {
    let key = Digest.of([1])
    let store = store()
    let memo = ManifestMemo()
    #expect(lookUp(memo, store, key) == nil)
    try directory.write("a.c", "")
    var manifest = Manifest(key: key)
    manifest.add(result(1, [try file("a.c")]))
    try store.putManifest(key, manifest.encode())
    #expect(lookUp(memo, store, key)?.results.count == 1)
    directory.settle()
    let first = lookUp(memo, store, key)
    #expect(lookUp(memo, store, key) === first)
    try directory.write("a.c", "other")
    manifest.add(result(2, [try file("a.c")]))
    try store.putManifest(key, manifest.encode())
    #expect(lookUp(memo, store, key)?.results.count == 2)
  }

  @Test func damagedManifestsAreNone() throws {
    let key = Digest.of([1])
    let store = store()
    let memo = ManifestMemo()
    for bytes in [[], [1, 2, 3], Manifest(key: Digest.of([2])).encode()] {
      try store.putManifest(key, bytes)
      #expect(lookUp(memo, store, key) == nil)
    }
  }
}
