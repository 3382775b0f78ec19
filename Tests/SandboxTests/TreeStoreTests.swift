import Glibc
import Platform
import Testing

@testable import Sandbox

@Suite struct TreeStoreTests {
  private func archive(_ bytes: [UInt8]) throws -> Descriptor {
    let memory = try MemoryFile("test")
    try memory.file.write(bytes, path: "test")
    try memory.rewind()
    return Descriptor(dup(memory.file.number))
  }

  private func place() -> String {
    var template = Array((Ground.root + "/trees-XXXXXX").utf8CString)
    return mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
  }

  @Test func wholeTreesOnly() throws {
    let directory = place()
    let store = try TreeStore(directory)
    var good = TarBuilder()
    good.file("usr/bin/gcc", "x", mode: 0o755)
    good.link("bin", to: "/usr/bin")
    _ = try store.add(try archive(good.finished()), as: "good")
    #expect(throws: ExtractionFailure(.duplicate, Array("good".utf8))) {
      try store.add(try archive(good.finished()), as: "good")
    }
    var bad = good
    bad.file("../evil", "x")
    #expect(throws: ExtractionFailure.self) {
      try store.add(try archive(bad.finished()), as: "bad")
    }
    for name in ["", ".", "..", "../x", "a/b", ".hidden"] {
      #expect(throws: ExtractionFailure.self) {
        try store.add(try archive(good.finished()), as: name)
      }
      #expect(!store.remove(name))
    }
    #expect(Files.names(in: directory) == ["good"])
    #expect(store.remove("good"))
    #expect(Files.names(in: directory) == [])
  }

  @Test func leftoversAreSweptAndLinksNotFollowed() throws {
    let directory = place()
    let outside = place()
    try Files.write([1], to: outside + "/kept", temporary: outside + "/~", mode: 0o644)
    mkdir(directory + "/.partial-a", 0o755)
    mkdir(directory + "/.partial-a/d", 0o755)
    symlink(outside, directory + "/.partial-a/d/link")
    symlink(outside, directory + "/.gone-b")
    #expect(try TreeStore(directory).names == [])
    #expect(Files.names(in: outside) == ["kept"])
    // A link in a leftover's place is nobody's directory; it stays and does no harm.
    #expect(Files.names(in: directory) == [".gone-b"])
  }

  @Test func packedInputs() throws {
    var inner = TarBuilder()
    inner.file("work/a.txt", String(repeating: "text ", count: 10_000))
    // zlib's stored form: RFC 1950's header, stored blocks, Adler-32.
    let bytes = inner.finished()
    var packed: [UInt8] = [0x78, 0x01]
    for start in stride(from: 0, to: bytes.count, by: 60_000) {
      let piece = bytes[start..<min(bytes.count, start + 60_000)]
      let length = UInt16(piece.count)
      packed.append(start + 60_000 >= bytes.count ? 1 : 0)
      for value in [length, ~length] { packed += [UInt8(value & 0xff), UInt8(value >> 8)] }
      packed += piece
    }
    var low: UInt32 = 1
    var high: UInt32 = 0
    for byte in bytes {
      low = (low + UInt32(byte)) % 65521
      high = (high + low) % 65521
    }
    let sum = high << 16 | low
    packed += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> $0) }
    let inputs = try Extraction.inputs(
      try archive(packed + [9, 9, 9]), packing: .zlib, limit: 1 << 20)
    let slot = try Ground.slot()
    for _ in 0..<2 {
      let outcome = try slot.run(.shell("cat a.txt", inputs: inputs))
      #expect(outcome.standardOutput.count == 50_000)
    }
    #expect(throws: ExtractionFailure(.bytes)) {
      try Extraction.inputs(try archive(packed), packing: .zlib, limit: 10_000)
    }
    #expect(throws: ExtractionFailure(.truncated)) {
      try Extraction.inputs(try archive(Array(packed.dropLast(5))), packing: .zlib, limit: 1 << 20)
    }
    packed[packed.count - 1] ^= 1
    #expect(throws: ExtractionFailure(.compression)) {
      try Extraction.inputs(try archive(packed), packing: .zlib, limit: 1 << 20)
    }
  }
}
