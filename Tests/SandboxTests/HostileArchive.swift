import Testing

@testable import Sandbox

/// Archives that must be refused as inputs, each with the reason.
struct HostileArchive: Sendable, CustomTestStringConvertible {
  var name: String
  var reason: ExtractionFailure.Reason
  var bytes: [UInt8]
  /// A toolchain may have this.
  var isFineForToolchains = false

  var testDescription: String { name }

  init(
    _ name: String, _ reason: ExtractionFailure.Reason, fineForToolchains: Bool = false,
    _ build: (inout TarBuilder) -> Void
  ) {
    self.name = name
    self.reason = reason
    isFineForToolchains = fineForToolchains
    var builder = TarBuilder()
    build(&builder)
    bytes = builder.finished()
  }

  static let all: [HostileArchive] = [
    HostileArchive("parent", .escape) { $0.file("../evil", "x") },
    HostileArchive("parent inside", .escape) { $0.file("a/../../evil", "x") },
    HostileArchive("parent of the root", .escape) { $0.file("/..", "x") },
    HostileArchive("through a link", .trailing) {
      $0.link("work/d", to: "/tmp")
      $0.file("work/d/evil", "x")
    },
    HostileArchive("through a chain of links", .trailing) {
      $0.link("a", to: ".")
      $0.link("b", to: "a/..")
      $0.file("b/evil", "x")
    },
    HostileArchive("a link, then a file of its name", .duplicate) {
      $0.link("x", to: "/etc/passwd")
      $0.file("x", "evil")
    },
    HostileArchive("a link, then a directory of its name", .trailing) {
      $0.link("x", to: "/")
      $0.directory("x")
    },
    HostileArchive("a file twice", .duplicate) {
      $0.file("x", "1")
      $0.file("x", "2")
    },
    HostileArchive("a file, then beneath it", .trailing) {
      $0.file("x", "1")
      $0.file("x/y", "2")
    },
    HostileArchive("hard link", .kind, fineForToolchains: true) {
      $0.file("a", "1")
      $0.header("b", kind: "1", target: "a")
    },
    HostileArchive("character device", .kind) { $0.header("c", kind: "3") },
    HostileArchive("block device", .kind) { $0.header("c", kind: "4") },
    HostileArchive("fifo", .kind) { $0.header("c", kind: "6") },
    HostileArchive("volume label", .kind) { $0.header("c", kind: "V") },
    HostileArchive("GNU sparse", .sparse) { $0.header("s", kind: "S", size: 512) },
    HostileArchive("pax sparse", .sparse) {
      $0.extended([("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "1099511627776")])
      $0.file("s", "x")
    },
    HostileArchive("size of a pax record", .bytes) {
      $0.extended([("size", "99999999999999")])
      $0.file("s", "x")
    },
    HostileArchive("size of 8 GiB less one", .bytes) {
      $0.header("s", kind: "0", size: 0o77777777777)
    },
    HostileArchive("huge extended header", .header) {
      $0.header("p", kind: "x", size: 1 << 30)
    },
    HostileArchive("malformed pax record", .header) {
      $0.header("p", kind: "x", size: 10)
      $0.data(Array("99999 a=b\n".utf8))
    },
    HostileArchive("pax record for all entries", .header) {
      $0.extended([("path", "../evil")], kind: "g")
    },
    HostileArchive("parent in a pax name", .escape) {
      $0.extended([("path", "../../evil")])
      $0.file("fine", "x")
    },
    HostileArchive("parent in a GNU name", .escape) {
      $0.header("L", kind: "L", size: 8)
      $0.data(Array("../evil\0".utf8))
      $0.file("fine", "x")
    },
    HostileArchive("newline in a name", .control) { $0.file("a\nb", "x") },
    HostileArchive("escape sequence in a name", .control) { $0.file("a\u{1b}[2Jb", "x") },
    HostileArchive("NUL in a pax name", .control) {
      $0.extended([("path", "a\0b")])
      $0.file("fine", "x")
    },
    HostileArchive("too deep", .depth) {
      $0.file(String(repeating: "d/", count: 49) + "x", "x")
    },
    HostileArchive("long component", .name) {
      $0.extended([("path", String(repeating: "n", count: 256))])
      $0.file("fine", "x")
    },
    HostileArchive("long name", .name) {
      $0.extended([("path", String(repeating: "n/", count: 2500))])
      $0.file("fine", "x")
    },
    HostileArchive("no name", .name) { $0.file(".", "x") },
    HostileArchive("empty target", .target) { $0.link("x", to: "") },
    HostileArchive("directory with data", .header) { $0.header("d", kind: "5", size: 512) },
    HostileArchive("wrong checksum", .checksum) { $0.header("x", kind: "0", checksum: 1) },
    HostileArchive("no number", .number) {
      $0.extended([("size", "-1")])
      $0.file("x", "x")
    },
    HostileArchive("ends early", .truncated) { $0.header("x", kind: "0", size: 4096) },
  ]
}
