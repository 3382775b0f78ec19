import Glibc
import Platform
import TestSupport
import Testing

/// Whatever happens to the files of the cache, the object is right.
@Suite(.blocking) struct CorruptionTests {
  private static let command = ["gcc", "-Wall", "-c", "a.c", "-o", "a.o", "-MD"]

  /// A cache with one result that has an object, a warning and a dependency file.
  private func sandbox() throws -> (Sandbox, files: [String], wanted: [UInt8]) {
    let box = try Sandbox()
    try box.write("h.h", "#define H 1\n")
    try box.write("a.c", "#include \"h.h\"\nint f(void) { int unused; return H; }\n")
    try box.compile(Self.command, .miss)
    let wanted = try box.plain(Self.command)
    #expect(wanted.isSuccess)
    // Everything but the statistics and locks.
    let files = Tree(box.root + "/cache").nodes
      .filter { $0.value.mode & S_IFMT == S_IFREG && $0.value.content.count > 40 }.keys
      .filter { !$0.hasPrefix("statistics") }.sorted()
    return (box, files.map { box.root + "/cache/" + $0 }, try box.read("a.o"))
  }

  /// The right outputs after the cache was hurt; a fresh daemon, and one that knows the files.
  private func check(
    _ box: Sandbox, _ wanted: [UInt8], _ what: String, location: SourceLocation = #_sourceLocation
  ) throws {
    box.remove("a.o")
    box.remove("a.d")
    let result = try box.sccache(Self.command)
    let isSame = try box.read("a.o") == wanted
    #expect(result.isSuccess && isSame, "\(what): \(result.errorText)", sourceLocation: location)
    #expect(result.errorText.contains("unused variable"), "\(what)", sourceLocation: location)
    #expect(box.exists("a.d"), "\(what)", sourceLocation: location)
    _ = try box.settled()
  }

  @Test func flippedBytes() throws {
    let (box, files, wanted) = try sandbox()
    #expect(files.count >= 2)
    for file in files {
      let original = try Files.read(file)
      for step in 0..<24 {
        let offset = step < 8 ? step * 3 : (original.count - 1) * (step - 7) / 16
        var bytes = original
        bytes[offset] ^= UInt8(1 << (step % 8))
        try Files.write(bytes, to: file, temporary: file + ".t", mode: 0o644)
        if step % 4 == 0 { box.killDaemon() }
        try check(box, wanted, "byte \(offset) of \(Path.name(of: file))")
      }
      try Files.write(original, to: file, temporary: file + ".t", mode: 0o644)
    }
    try box.compile(Self.command, .any)
    try box.compile(Self.command, .hit)
  }

  @Test func truncated() throws {
    let (box, files, wanted) = try sandbox()
    for file in files {
      let original = try Files.read(file)
      for step in 0..<16 {
        let length = original.count * step / 16
        try Files.write(
          Array(original.prefix(length)), to: file, temporary: file + ".t", mode: 0o644)
        if step % 4 == 0 { box.killDaemon() }
        try check(box, wanted, "\(length) bytes of \(Path.name(of: file))")
      }
    }
    // Cut in place, under a daemon that knows the file.
    for file in files where access(file, F_OK) == 0 {
      try check(box, wanted, "before")
      truncate(file, 50)
      try check(box, wanted, "cut in place")
    }
  }

  /// The file of another key, rubbish, directories and links in place of files.
  @Test func foreignFiles() throws {
    let (box, files, wanted) = try sandbox()
    try box.write("b.c", "int b;\n")
    try box.compile(["gcc", "-c", "b.c"], .miss)
    let all = Tree(box.root + "/cache").nodes.filter { $0.value.content.count > 40 }
      .keys.map { box.root + "/cache/" + $0 }.sorted()
    for file in files {
      for other in all where other != file && !other.contains("statistics") {
        try box.shell("cp '\(other)' '\(file).t' && mv '\(file).t' '\(file)'")
        box.killDaemon()
        try check(box, wanted, "\(other) in place of \(file)")
      }
      for line in [
        "rm -f '\(file)'; mkdir '\(file)'", "rm -rf '\(file)'; ln -s /dev/zero '\(file)'",
        "rm -rf '\(file)'; mkfifo '\(file)'", "rm -rf '\(file)'; ln -s '\(file)' '\(file)'",
      ] {
        try box.shell(line)
        box.killDaemon()
        try check(box, wanted, line)
        try box.shell("rm -rf '\(file)'")
      }
    }
  }

  /// Everything removed while the daemon runs, and the directory made unusable.
  @Test func directoryRemoved() throws {
    let (box, _, wanted) = try sandbox()
    try check(box, wanted, "hit")
    try box.shell("rm -rf \(box.root)/cache")
    try check(box, wanted, "removed")
    try check(box, wanted, "removed, again")
    try box.shell("rm -rf \(box.root)/cache; echo file > \(box.root)/cache")
    try check(box, wanted, "a file")
    box.killDaemon()
    try check(box, wanted, "a file, new daemon")
  }

  @Test func unwritableDirectory() throws {
    let box = try Sandbox(["SCCACHE_DIR": "/proc/no/cache"])
    try box.write("a.c", "int f(void) { int unused; return 1; }\n")
    for _ in 0..<2 {
      let result = try box.sccache(Self.command)
      #expect(result.isSuccess && result.errorText.contains("unused variable"))
    }
  }

  /// A full disk costs nothing but the store.
  @Test func fullDisk() throws {
    try #require(geteuid() == 0, "this test needs root")
    let box = try Sandbox()
    for number in 0..<6 {
      try box.write("a\(number).c", "int x\(number)[60000] = {1, \(number)};\n")
    }
    let result = try box.shell(
      """
      unshare -m sh -ec '
        mkdir -p \(box.root)/cache; mount -t tmpfs -o size=600k none \(box.root)/cache
        for round in 1 2; do for i in 0 1 2 3 4 5; do
          $SCCACHE gcc -c a$i.c -o o.o -g; gcc -c a$i.c -o p.o -g; cmp o.o p.o
        done; done
        dd if=/dev/zero of=\(box.root)/cache/fill bs=1k 2>/dev/null || true
        $SCCACHE gcc -O1 -c a1.c -o o.o; gcc -O1 -c a1.c -o p.o; cmp o.o p.o
        $SCCACHE --stop-server > stats'
      """)
    #expect(result.isSuccess)
    #expect(result.errorText == "")
  }
}
