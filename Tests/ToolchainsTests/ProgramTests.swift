import Platform
import Testing

@testable import Toolchains

@Suite struct ProgramTests {
  private let directory = TemporaryDirectory()

  private func compile(_ text: String, to name: String, _ options: [String] = []) throws -> String {
    let source = try directory.write(text, name + ".c")
    try run("/usr/bin/gcc-12", [source, "-o", directory(name)] + options)
    return directory(name)
  }

  @Test func theLoaderIsReadFromTheProgram() throws {
    let program = try compile("int main(void) { return 0; }", to: "dynamic")
    #expect(
      try ELFHead.read(program) == ELFHead(loader: "/lib64/ld-linux-x86-64.so.2", isDynamic: true))
    let fixed = try compile("int main(void) { return 0; }", to: "static", ["-static"])
    #expect(try ELFHead.read(fixed) == ELFHead(loader: nil))
    let library = try compile("int f;", to: "library.so", ["-shared", "-fPIC"])
    #expect(try ELFHead.read(library) == ELFHead(loader: nil, isDynamic: true))
  }

  @Test func otherFilesAreNoPrograms() throws {
    let script = try directory.write("#! /bin/sh -e\nexec gcc \"$@\"\n", "script", mode: 0o755)
    #expect(try ELFHead.read(script) == nil)
    #expect(ELFHead.interpreter(of: script) == "/bin/sh -e")
    #expect(try ELFHead.read(try directory.write("", "empty")) == nil)
    #expect(ELFHead.interpreter(of: directory("empty")) == "something unknown")
  }

  @Test func aDamagedHeadIsSurvived() throws {
    let program = try compile("int main(void) { return 0; }", to: "whole")
    let bytes = try Files.read(program)
    for position in 0..<256 {
      for value: UInt8 in [0, 1, 0x7f, 0xff] {
        var damaged = bytes
        damaged[position] = value
        let path = directory("damaged")
        try Files.write(Array(damaged.prefix(2048)), to: path, temporary: path + "~", mode: 0o600)
        _ = try ELFHead.read(path)
      }
    }
    for count in 0..<128 {
      let path = directory("short")
      try Files.write(Array(bytes.prefix(count)), to: path, temporary: path + "~", mode: 0o600)
      _ = try ELFHead.read(path)
    }
  }

  @Test func theLoadersListIsRead() {
    let text = """
      \tlinux-vdso.so.1 (0x00007f94b9fd1000)
      \tlibclang.so.19 => /usr/lib/llvm-19/bin/../lib/libclang.so.19 (0x00007f94b5c00000)
      \tlibgone.so.1 => not found
      \t/lib64/ld-linux-x86-64.so.2 (0x00007f94b9fd3000)
      \t/lib/ld-musl-x86_64.so.1 => /opt/a (b)/ld.so (0x00007f94b9fd3000)

      """
    #expect(
      SharedLibraries.libraries(fromList: text) == [
        .init(name: "libclang.so.19", path: "/usr/lib/llvm-19/bin/../lib/libclang.so.19"),
        .init(name: "libgone.so.1", path: nil),
        .init(name: "ld-linux-x86-64.so.2", path: "/lib64/ld-linux-x86-64.so.2"),
        .init(name: "/lib/ld-musl-x86_64.so.1", path: "/opt/a (b)/ld.so"),
      ])
    #expect(SharedLibraries.libraries(fromList: "\tstatically linked\n").isEmpty)
    let errors = """
      /a/p: error while loading shared libraries: libf.so.1: cannot open shared object file: No such
      """
    #expect(SharedLibraries.missing(fromErrors: errors) == "libf.so.1")
    #expect(SharedLibraries.missing(fromErrors: "unrecognized option") == nil)
  }

  /// A library that LD_LIBRARY_PATH finds here is found in the tree without it.
  @Test func hiddenLibrariesGetALink() throws {
    try directory.write("int f(void) { return 7; }", "lib/f.c")
    try run(
      "/usr/bin/gcc-12",
      ["-shared", "-fPIC", directory("lib/f.c"), "-o", directory("lib/libf7.so")])
    let program = try compile(
      "int f(void); int main(void) { return f() - 7; }", to: "program",
      ["-L" + directory("lib"), "-lf7"])
    var caller = Caller(environment: ordinaryEnvironment, directory: "/")
    var tree = ToolchainTree()
    let loader = try ELFHead.read(program)?.loader
    #expect(throws: ToolchainError.missingLibrary(program: program, library: "libf7.so")) {
      try SharedLibraries(caller: caller).add(of: program, loader: loader, to: &tree)
    }
    caller.environment.append(Array("LD_LIBRARY_PATH=\(directory("lib"))".utf8))
    tree = ToolchainTree()
    try tree.add(program)
    try SharedLibraries(caller: caller).add(of: program, loader: loader, to: &tree)
    let links = tree.entries.filter { $0.kind == .link(directory("lib/libf7.so"), isAdded: true) }
    #expect(links.map { Path.name(of: $0.path) } == ["libf7.so"])

    // It runs in the tree, with no such variable.
    let contents = ToolchainContents(programs: [program], entries: tree.entries)
    #expect(contents.isInPlace)
    try pack(contents, to: directory("archive"))
    try run("/bin/mkdir", [directory("tree")])
    try run("/bin/tar", ["-xzf", directory("archive"), "-C", directory("tree")])
    try run("/usr/sbin/chroot", [directory("tree"), program])
  }
}
