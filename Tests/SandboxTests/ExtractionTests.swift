import Glibc
import Platform
import Testing

@testable import Sandbox

/// The extractor itself, as toolchains are unpacked.
@Suite struct ExtractionTests {
  /// A directory to unpack into, in another one that must stay as it is.
  private final class Place {
    let outer: String
    var inner: String { outer + "/in" }

    init() {
      var template = Array((Ground.root + "/unpack-XXXXXX").utf8CString)
      outer = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
      mkdir(inner, 0o755)
    }

    func unpack(
      _ bytes: [UInt8], _ packing: Extraction.Packing? = nil,
      limits: ExtractionLimits = Extraction.toolchainLimits
    ) throws -> ExtractionSummary {
      let path = outer + "/archive"
      try Files.write(bytes, to: path, temporary: path + "~", mode: 0o600)
      defer { unlink(path) }
      let file = try Descriptor.open(path, O_RDONLY)
      return try Extraction.unpack(file, packing: packing, into: inner, limits: limits)
    }

    func shell(_ command: String) throws -> String {
      let result = try Spawn.run(
        "/bin/sh", ["-c", command], environment: [Array("PATH=/usr/bin:/bin".utf8)],
        directory: outer)
      #expect(result.isSuccess, "\(String(decoding: result.errors, as: UTF8.self))")
      return String(decoding: result.output, as: UTF8.self)
    }

    deinit {
      _ = try? Spawn.run("/bin/rm", ["-rf", outer], environment: [], directory: "/")
    }
  }

  @Test func takesWhatToolchainsHave() throws {
    var archive = TarBuilder()
    archive.directory("./tmp/")
    archive.directory("usr")
    archive.file("/usr/bin/gcc", "program", mode: 0o104755)
    archive.file("usr/lib/data", [UInt8](repeating: 7, count: 100_000), mode: 0o666)
    archive.header("usr/bin/cc", kind: "1", target: "usr/bin/gcc")
    archive.link("lib", to: "/usr/lib")
    archive.extended([
      ("path", "usr/" + String(repeating: "l", count: 200)), ("mtime", "1.5"),
      ("SCHILY.xattr.trusted.overlay.opaque", "y"),
    ])
    archive.file("short", "long")
    let place = Place()
    let summary = try place.unpack(archive.finished())
    #expect(summary.bytes == 100_011)
    #expect(
      try place.shell("cd in; stat -c '%n %a %F %h' tmp usr/bin/gcc usr/lib/data lib")
        == """
        tmp 755 directory 1
        usr/bin/gcc 755 regular file 2
        usr/lib/data 644 regular file 1
        lib 777 symbolic link 1

        """.replacingDirectoryLinks(try place.shell("stat -c %h in/tmp")))
    #expect(
      try place.shell("cat in/usr/bin/cc; cat in/usr/lll*; readlink in/lib")
        == "programlong/usr/lib\n")
  }

  @Test(arguments: HostileArchive.all.filter { !$0.isFineForToolchains })
  func refuses(archive: HostileArchive) throws {
    let place = Place()
    #expect {
      try place.unpack(archive.bytes, limits: ExtractionLimits(bytes: 1 << 20, entries: 100))
    } throws: { error in
      (error as? ExtractionFailure)?.reason == archive.reason
    }
    #expect(try place.shell("ls") == "in\n")
  }

  @Test(arguments: ["out/../x", "/etc/passwd", "missing", "link", "directory"])
  func hardLinksThatLeadOut(target: String) throws {
    var archive = TarBuilder()
    archive.directory("directory")
    archive.link("link", to: "/etc/passwd")
    archive.header("hard", kind: "1", target: target)
    let place = Place()
    #expect(throws: ExtractionFailure.self) { try place.unpack(archive.finished()) }
  }

  @Test func entriesAndBytesAreCounted() throws {
    var archive = TarBuilder()
    for number in 0..<11 { archive.file("f\(number)", "0123456789") }
    #expect(throws: ExtractionFailure(.entries, Array("f10".utf8))) {
      try Place().unpack(archive.finished(), limits: ExtractionLimits(bytes: 1000, entries: 10))
    }
    #expect(throws: ExtractionFailure(.bytes, Array("f10".utf8))) {
      try Place().unpack(archive.finished(), limits: ExtractionLimits(bytes: 109, entries: 100))
    }
    #expect(
      try Place().unpack(archive.finished(), limits: ExtractionLimits(bytes: 110, entries: 11))
        .entries
        == 11)
  }

  @Test(arguments: ["gzip", "zstd"])
  func packed(program: String) throws {
    let place = Place()
    let made = try place.shell(
      """
      mkdir -p src/usr/bin && cp /bin/ls src/usr/bin/ls && ln -s usr/bin src/bin
      tar -C src -cf - . | \(program) > a.tar.x && tar -C src --format=gnu -cf - . | \(program) -9 > b.tar.x
      cat a.tar.x; rm -rf src
      """)
    _ = made
    let bytes = try Files.read(place.outer + "/a.tar.x")
    _ = try place.unpack(bytes)
    #expect(try place.shell("cmp /bin/ls in/usr/bin/ls && readlink in/bin") == "usr/bin\n")
    // Damage and truncation are found, wherever they are.
    for cut in stride(from: 0, to: bytes.count - 1, by: max(1, bytes.count / 40)) {
      #expect(throws: (any Error).self) { try Place().unpack(Array(bytes[..<cut])) }
    }
    // What follows the first member is not read.
    _ = try Place().unpack(bytes + [1, 2, 3])
  }

  @Test(arguments: ["gzip -9", "zstd -19"])
  func bombs(program: String) throws {
    let place = Place()
    _ = try place.shell(
      "truncate -s 200M zeros && tar -cf - zeros | \(program) > bomb && rm zeros")
    let bytes = try Files.read(place.outer + "/bomb")
    #expect(throws: ExtractionFailure(.ratio)) { try place.unpack(bytes) }
  }

  @Test func randomDamage() throws {
    var archive = TarBuilder()
    archive.directory("a")
    archive.file("a/b", "content")
    archive.extended([("path", "a/c"), ("size", "3")])
    archive.file("x", "abc")
    archive.link("a/d", to: "../../..")
    archive.header("a/e", kind: "1", target: "a/b")
    let good = archive.finished()
    var random = SystemRandomNumberGenerator()
    let place = Place()
    for _ in 0..<3000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 0..<good.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      // Most damage is caught by the checksum: half of the headers get a right one.
      if Bool.random(using: &random) { TarBuilder.correct(&bytes, at: 0) }
      _ = try? place.unpack(bytes, limits: ExtractionLimits(bytes: 4096, entries: 50))
    }
    #expect(try place.shell("ls") == "in\n")
  }
}

extension String {
  /// Directories count their links differently from one file system to another.
  fileprivate func replacingDirectoryLinks(_ count: String) -> String {
    let number = count.prefix { $0.isNumber }
    return split(separator: "\n", omittingEmptySubsequences: false).map {
      $0.hasSuffix("directory 1") ? $0.dropLast() + number : $0
    }.joined(separator: "\n")
  }
}
