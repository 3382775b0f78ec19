import Platform
import TestSupport
import Testing

/// `--package-toolchain EXE OUT`.
@Suite(.blocking) struct PackageToolchainTests {
  @Test func packs() throws {
    let box = try Sandbox()
    let result = try box.sccache(["--package-toolchain", "gcc", "gcc.tar.gz"])
    #expect(result.isSuccess)
    #expect(result.output.isEmpty)
    let names = try box.shell("tar tzf gcc.tar.gz")
    #expect(names.isSuccess)
    let list = String(decoding: names.output, as: UTF8.self).split(separator: "\n")
    #expect(list.contains { $0.hasSuffix("/cc1") })
    #expect(list.contains("usr/bin/gcc"))
    // The same again, through a link and over what is there.
    box.link("gcc.tar.gz", at: "link")
    let first = try box.read("gcc.tar.gz")
    #expect(try box.sccache(["--package-toolchain", "gcc", "link"]).isSuccess)
    #expect(try box.read("gcc.tar.gz") == first)
    #expect(try box.shell("ls").output == Array("gcc.tar.gz\nlink\n".utf8))
  }

  /// The reader at the pipe's end lets it wait long enough.
  @Test func aPersonWhoWaitsIsTold() throws {
    let box = try Sandbox()
    let result = try box.shell(
      "\"$SCCACHE\" --package-toolchain gcc /dev/stdout 2>said | { sleep 3; cat >packed; }")
    #expect(result.isSuccess && result.errorText == "")
    let lines = try box.text("said").split(separator: "\n")
    #expect(!lines.isEmpty)
    for line in lines {
      #expect(
        line.hasPrefix("sccache: packing the toolchain of /usr/bin/gcc: ")
          && line.contains(" % of ") && line.hasSuffix(" MB"), "\(line)")
    }
    #expect(try box.shell("tar tzf packed | grep -q /cc1").isSuccess)
  }

  @Test func refuses() throws {
    let box = try Sandbox()
    try box.write("text", "no program\n")
    let cases = [
      ("no-such-gcc", "out", "failed to spawn no-such-gcc"), ("./text", "out", "failed to spawn"),
      ("/bin/true", "out", "Compiler not supported"),
      ("gcc", "missing/out", "failed to create file `missing/out`: No such file or directory"),
      ("gcc", ".", "failed to create file `.`: Is a directory (os error 21)"),
    ]
    for (compiler, output, message) in cases {
      let result = try box.sccache(["--package-toolchain", compiler, output])
      #expect(result.exitCode == 2)
      let text = String(decoding: result.errors, as: UTF8.self)
      #expect(text.hasPrefix("sccache: error: ") && text.contains(message), "\(text)")
    }
    #expect(try box.shell("ls").output == Array("text\n".utf8))
  }
}
