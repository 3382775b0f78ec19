import Glibc
import Platform
import Testing

@testable import Toolchains

/// Any digest with 64 digits does for a name.
struct PlainNaming: ArchiveNaming, ~Copyable {
  private var hash = SHA256()
  init() {}
  mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bytes) }
  mutating func finish() -> String { hash.finish().description }
}

@Suite struct CacheTests {
  private let directory = TemporaryDirectory()

  private func cache(limit: Int64 = 1 << 30) -> ToolchainCache<PlainNaming> {
    ToolchainCache(directory: directory("cache"), limit: limit)
  }

  /// A toolchain with one file, which hardly gets smaller.
  private func toolchain(_ name: String, size: Int = 100_000) throws -> ToolchainContents {
    var state = UInt64(name.utf8.reduce(0) { $0 * 31 + Int($1) })
    let text = String(
      decoding: (0..<size).map { _ -> UInt8 in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(0x20 + state >> 58)
      }, as: UTF8.self)
    let path = try directory.write(text, "tools/\(name)", mode: 0o755)
    var tree = ToolchainTree()
    try tree.add(path)
    return ToolchainContents(programs: [path], entries: tree.entries)
  }

  /// Packs, or tells that nothing was packed.
  private func ask(
    _ cache: ToolchainCache<PlainNaming>, _ contents: ToolchainContents,
    _ form: ToolchainArchive.Form = .gzip
  ) throws -> (packed: PackedToolchain, isNew: Bool) {
    var isNew = false
    let packed = try cache.archive(of: contents, form: form) { _, _ in isNew = true }
    return (packed, isNew)
  }

  /// How many there are to read; nil when the archive is gone.
  private func bytes(
    of packed: PackedToolchain, in cache: ToolchainCache<PlainNaming>
  ) -> Int? {
    guard let file = cache.open(packed.identifier) else { return nil }
    return try? file.readAll(path: packed.path).count
  }

  private func ids() throws -> Set<String> {
    let output = try run("/usr/bin/find", [directory("cache/client/tc"), "-type", "f"]).output
    let paths = String(decoding: output, as: UTF8.self).split(separator: "\n")
    return Set(paths.map { Path.name(of: String($0)) })
  }

  private func leftovers() -> [String] {
    (Files.names(in: directory("cache/client/packing")) ?? []).filter { $0.hasSuffix(".new") }
  }

  @Test func packedOnceAndLaidOutAsMozillas() throws {
    let contents = try toolchain("a")
    let first = try ask(cache(), contents)
    #expect(first.isNew)
    let id = first.packed.identifier
    let digits = Array(id)
    #expect(first.packed.path == directory("cache/client/tc/\(digits[0])/\(digits[1])/\(id)"))
    #expect(try Files.digest(of: first.packed.path).description == id)
    #expect(FileStamp(path: first.packed.path)?.size == first.packed.size)
    let map = WeakMap(json: try Files.read(directory("cache/client/weak_map.json")))
    #expect(Array(map.identifiers.values) == [id])
    #expect(map.identifiers.keys.first?.hasPrefix(contents.programs[0] + "-") ?? false)
    // Another process finds it.
    let second = try ask(cache(), contents)
    #expect(!second.isNew && second.packed == first.packed)
    #expect(leftovers() == [])
    #expect(try ask(cache(), contents, .zstd).packed.identifier != id)
  }

  @Test func aMissingArchiveIsPackedAgain() throws {
    let contents = try toolchain("a")
    let cache = cache()
    let first = try ask(cache, contents)
    cache.discard(first.packed.identifier)
    #expect(bytes(of: first.packed, in: cache) == nil)
    let second = try ask(cache, contents)
    #expect(second.isNew && second.packed == first.packed)
    #expect(bytes(of: first.packed, in: cache) == Int(first.packed.size))
  }

  @Test func aChangedFileIsAnotherArchive() throws {
    let old = try ask(cache(), try toolchain("a"))
    try directory.write("other", "tools/a", mode: 0o755)
    var tree = ToolchainTree()
    try tree.add(directory("tools/a"))
    let changed = ToolchainContents(programs: [directory("tools/a")], entries: tree.entries)
    let new = try ask(cache(), changed)
    #expect(new.isNew && new.packed.identifier != old.packed.identifier)
  }

  @Test(arguments: ["", "{", "[1]", "{\"a\":1}", "{\"a\":\"../../../etc/passwd\"}"])
  func aDamagedMapIsNoHindrance(_ text: String) throws {
    try directory.write(text, "cache/client/weak_map.json")
    #expect(try ask(cache(), try toolchain("a")).isNew)
    #expect(try !ask(cache(), try toolchain("a")).isNew)
  }

  @Test func theMapKeepsWhatOthersWrote() throws {
    let other = String(repeating: "5f", count: 32)
    try directory.write("{\"/usr/bin/gcc-abc\":\"\(other)\"}", "cache/client/weak_map.json")
    _ = try ask(cache(), try toolchain("a"))
    let map = WeakMap(json: try Files.read(directory("cache/client/weak_map.json")))
    #expect(map.identifiers["/usr/bin/gcc-abc"] == other)
    #expect(map.identifiers.count == 2)
    #expect(WeakMap(json: map.json()) == map)
  }

  @Test func theLeastRecentlyUsedGoes() throws {
    let cache = cache(limit: 250_000)
    let names = ["a", "b", "c", "d"]
    var archives: [String: PackedToolchain] = [:]
    for (age, name) in names.enumerated() {
      archives[name] = try ask(cache, try toolchain(name)).packed
      let path = try #require(archives[name]?.path)
      try run("/usr/bin/touch", ["-d", "2020-01-0\(age + 1)", path])
      // The oldest one is used again and again.
      if name != "a" { #expect(bytes(of: try #require(archives["a"]), in: cache) != nil) }
    }
    let kept = try ids()
    let size = kept.reduce(Int64(0)) { sum, id in
      sum + (archives.values.first { $0.identifier == id }?.size ?? 0)
    }
    #expect(size <= 250_000)
    #expect(kept.contains(try #require(archives["a"]).identifier))
    #expect(kept.contains(try #require(archives["d"]).identifier))
    #expect(!kept.contains(try #require(archives["b"]).identifier))
  }

  @Test func tooLargeForTheCacheIsAnError() throws {
    let small = try ask(cache(), try toolchain("small")).packed
    let large = try toolchain("large", size: 3_000_000)
    #expect {
      try cache(limit: 200_000).archive(of: large, form: .gzip)
    } throws: { error in
      guard case .exceedsLimit(large.programs[0], _, 200_000) = error as? ToolchainError else {
        return false
      }
      return "\(error)".contains("toolchain_cache_size")
    }
    // Nothing was thrown away for it, nothing is left of it.
    #expect(try ids() == [small.identifier])
    #expect(leftovers() == [])
  }

  @Test func manyAtOncePackOnce() async throws {
    let contents = try toolchain("a", size: 4_000_000)
    let cache = cache()
    let answers = await withTaskGroup(of: (String, Bool)?.self) { group in
      for _ in 0..<4 {
        group.addTask {
          guard let answer = try? ask(cache, contents) else { return nil }
          return (answer.packed.identifier, answer.isNew)
        }
      }
      return await group.reduce(into: [(String, Bool)?]()) { $0.append($1) }
    }
    #expect(answers.count { $0?.1 ?? false } == 1)
    #expect(Set(answers.map { $0?.0 }).count == 1)
    #expect(leftovers() == [])
  }

  @Test func whatDeadProcessesLeftIsRemoved() throws {
    let old = try directory.write("half", "cache/client/packing/1.new")
    let held = try directory.write("half", "cache/client/packing/2.new")
    let young = try directory.write("half", "cache/client/packing/3.new")
    try run("/usr/bin/touch", ["-d", "2020-01-01", old, held])
    let holder = try Descriptor.open(held, O_RDWR)
    #expect(flock(holder.number, LOCK_EX | LOCK_NB) == 0)
    _ = try ask(cache(), try toolchain("a"))
    #expect(Set(leftovers()) == ["2.new", "3.new"])
    #expect(FileStamp(path: young) != nil)
  }

  @Test func anUnwritableDirectoryIsNamed() throws {
    try directory.write("a file", "cache")
    #expect {
      try cache().archive(of: try toolchain("a"), form: .gzip)
    } throws: { error in
      guard case .system(let error) = error as? ToolchainError else { return false }
      return error.path.hasPrefix(directory("cache")) && error.code == ENOTDIR
    }
  }
}
