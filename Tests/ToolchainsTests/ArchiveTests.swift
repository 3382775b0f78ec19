import Glibc
import Platform
import Testing

@testable import Toolchains

@Suite struct ArchiveTests {
  private let directory = TemporaryDirectory()

  /// Some megabytes of files, of sizes at which a block begins or ends, with names at the limits of
  /// tar's fields.
  private func sample(in name: String) throws -> ToolchainContents {
    let lengths = [0, 1, 511, 512, 513, 1 << 20, (1 << 20) - 1536, 3_000_001]
    for (number, length) in lengths.enumerated() {
      let text = String(repeating: "line \(number * 7919) of text\n", count: length / 20 + 1)
      try directory.write(String(text.prefix(length)), "\(name)/sizes/\(number)")
    }
    for length in [60, 99, 100, 101, 155, 200, 250] {
      try directory.write("x", "\(name)/\(String(repeating: "n", count: length))/file", mode: 0o700)
      try directory.write("x", "\(name)/deep/\(String(repeating: "f", count: length))")
      try #require(
        symlink(String(repeating: "t", count: length), directory("\(name)/link\(length)")) == 0)
    }
    try directory.write("x", "\(name)/with spaces, ümläuts", mode: 0o4755)
    var tree = ToolchainTree()
    try tree.addAll(of: directory(name))
    for length in [60, 101, 250] {
      _ = tree.addLink(
        at: directory("\(name)/link\(length)"), to: String(repeating: "t", count: length))
    }
    return ToolchainContents(programs: ["/x"], entries: tree.entries)
  }

  @Test(arguments: ToolchainArchive.Form.allCases)
  func theBytesDoNotDependOnThreadsOrTimes(_ form: ToolchainArchive.Form) throws {
    let contents = try sample(in: "sample")
    try pack(contents, to: directory("one"), form: form, workers: 1)
    try run("/bin/sh", ["-c", "find \(directory("sample")) -exec touch -h -d 2003-03-03 {} +"])
    try run("/bin/chown", ["-hR", "12:34", directory("sample")])
    var again = contents
    for index in again.entries.indices {
      if case .file = again.entries[index].kind,
        let stamp = FileStamp.ofLink(path: again.entries[index].path)
      {
        again.entries[index].kind = .file(stamp)
      }
    }
    #expect(again != contents)
    let size = try pack(again, to: directory("five"), form: form, workers: 5)
    let bytes = try Files.read(directory("five"))
    #expect(Int(size) == bytes.count)
    #expect(try Files.read(directory("one")) == bytes)
  }

  @Test func tarReadsBackWhatWasPacked() throws {
    let contents = try sample(in: "sample")
    try pack(contents, to: directory("archive"))
    try run("/bin/mkdir", [directory("tree")])
    try run("/bin/tar", ["-xzpf", directory("archive"), "-C", directory("tree")])
    for entry in contents.entries {
      let unpacked = directory("tree") + entry.path
      let stamp = try #require(FileStamp.ofLink(path: unpacked), "\(entry.path)")
      switch entry.kind {
      case .directory:
        #expect(stamp.isDirectory && stamp.permissions == 0o755)
      case .file(let original):
        #expect(stamp.permissions == (original.isExecutable ? 0o755 : 0o644))
        #expect(try Files.digest(of: unpacked) == (try Files.digest(of: entry.path)))
        #expect(stamp.modified == 1_153_704_088_000_000_000)
      case .link(let text, _):
        #expect(try run("/bin/readlink", [unpacked]).output == Array((text + "\n").utf8))
      }
    }
  }

  /// Mozilla's server reads the first member and ignores the rest.
  @Test func thereIsOneMember() throws {
    try pack(try sample(in: "sample"), to: directory("archive"))
    let program = """
      import sys, zlib
      data = open(sys.argv[1], "rb").read()
      assert data[:10] == bytes([31, 139, 8, 0, 0, 0, 0, 0, 0, 255])
      reader = zlib.decompressobj(31)
      tar = reader.decompress(data)
      assert reader.eof and not reader.unused_data and len(tar) % 512 == 0, len(tar)
      open(sys.argv[2], "wb").write(tar)
      """
    try run("/usr/bin/python3", ["-c", program, directory("archive"), directory("tar")])
  }

  @Test func bothFormsHoldTheSameTar() throws {
    let contents = try sample(in: "sample")
    try pack(contents, to: directory("gzip"))
    try pack(contents, to: directory("zstd"), form: .zstd)
    let expected = try run("/bin/gzip", ["-dc", directory("gzip")]).output
    var reader = StreamDecompressor()
    var tar: [UInt8] = []
    let isGood = try Files.read(directory("zstd")).withUnsafeBytes { bytes in
      reader.feed(bytes) { tar.append(contentsOf: $0) }
    }
    #expect(isGood && reader.isFinished)
    #expect(tar == expected)
  }

  @Test func observersAndPersonsSeeAll() throws {
    let contents = try sample(in: "sample")
    let path = directory("archive")
    let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
    var seen: [UInt8] = []
    var progress: [Int64] = []
    try ToolchainArchive(contents, form: .gzip).write(
      to: file, path: path, observe: { seen.append(contentsOf: $0) },
      progress: { done, total in
        #expect(total == contents.size)
        progress.append(done)
      })
    #expect(try Files.read(path) == seen)
    #expect(progress == progress.sorted())
    #expect(progress.last == contents.size)
  }

  @Test func aFileThatChangedIsNotPacked() throws {
    let contents = try sample(in: "sample")
    for change in ["echo more >>", "touch", "cp /bin/true", "rm"] {
      let name = try #require(
        ["echo more >>": "0", "touch": "1", "cp /bin/true": "2", "rm": "3"][change])
      let path = directory("sample/sizes/\(name)")
      try run("/bin/sh", ["-c", "\(change) \(path)"])
      #expect(throws: ToolchainError.self) { try pack(contents, to: directory("archive-\(name)")) }
    }
  }

  @Test func aFullDiskIsAnError() throws {
    let contents = try sample(in: "sample")
    let file = try Descriptor.open("/dev/full", O_WRONLY)
    #expect(
      throws: ToolchainError.system(SystemError("write", "/dev/full", code: ENOSPC))
    ) {
      try ToolchainArchive(contents, form: .gzip).write(to: file, path: "/dev/full")
    }
  }

  @Test func thePersonIsToldAfterTwoSeconds() {
    let second: Int64 = 1_000_000_000
    var notice = PackingNotice(program: "/usr/bin/gcc", now: 5 * second)
    #expect(notice.line(done: 1, total: 100, now: 6 * second) == nil)
    #expect(
      notice.line(done: 20_000_000, total: 80_000_000, now: 7 * second)
        == "sccache: packing the toolchain of /usr/bin/gcc: 25 % of 80 MB")
    #expect(notice.line(done: 30_000_000, total: 80_000_000, now: 7 * second + 1) == nil)
    #expect(notice.line(done: 40_000_000, total: 80_000_000, now: 8 * second) != nil)
    #expect(notice.line(done: 80_000_000, total: 80_000_000, now: 9 * second) == nil)
  }
}
