import Glibc
import Platform
import TestSupport
import Testing

/// Callers and daemons with other root directories in one mount namespace: the same name can be
/// another file.
@Suite(.blocking) struct ChrootTests {
  /// How the other root is made; inside, `h` shows the files of `other`.
  enum Jail: String, CaseIterable {
    /// The same directory by another mount: device and inode are those of `/`.
    case sameDirectory
    /// A file system of its own, with the directories of `/` bound into it.
    case ownDirectory
    case withoutProc

    /// Another one for each, and likely for each run of the tests.
    var port: Int {
      20_000 + (Int(getpid()) * 8 + (Self.allCases.firstIndex(of: self) ?? 0)) % 12_000
    }

    func commands(_ box: Sandbox) -> String {
      let jail = box.root + "/jail"
      let build =
        switch self {
        case .sameDirectory: "mount --rbind / \(jail)"
        case .ownDirectory, .withoutProc:
          """
          mount -t tmpfs none \(jail)
          for d in /*; do
            if [ -L $d ]; then cp -a $d \(jail)$d
            elif [ $d = /proc ] && \(self == .withoutProc); then :
            elif [ -d $d ]; then mkdir \(jail)$d; mount --rbind $d \(jail)$d
            fi
          done
          """
        }
      return """
        mkdir \(jail)
        \(build)
        mount --bind other \(jail)\(box.work)/h
        in_jail() { chroot \(jail) /bin/sh -ec "cd \(box.work); $1"; }
        """
    }
  }

  /// A Unix socket names the process at its other end, TCP does not.
  enum Socket: CaseIterable { case unix, tcp }

  private func sandbox() throws -> Sandbox {
    try #require(geteuid() == 0, "this test needs root")
    let box = try Sandbox()
    try box.write("h/h.h", "#define H 1\n")
    try box.write("other/h.h", "#define H 2\n")
    try box.write("b.c", "#include \"h/h.h\"\nint x = H;\n")
    try box.script(
      "until_hit",
      """
      for round in 1 2 3 4 5 6 7 8 9 10; do
        $SCCACHE gcc -c b.c -o hit.o
        if $SCCACHE --show-stats 2>/dev/null | grep -q 'Cache hits  *1$'; then break; fi
        sleep 0.2
      done
      """)
    return box
  }

  /// Runs lines of shell in a mount namespace of their own, where `in_jail` has the other root. The
  /// daemons that they start end with the lines, for the processes have a namespace, too.
  private func run(_ lines: String, _ jail: Jail, _ box: Sandbox) throws -> ProcessResult {
    try box.script("lines", "set -e\n\(jail.commands(box))\n\(lines)")
    return try box.shell("unshare -m -p --fork --mount-proc --propagation private ./lines")
  }

  private func hits(_ result: ProcessResult) -> [Substring?] {
    result.outputText.split(separator: "\n").map { $0.split(separator: " ").last }
  }

  @Test(arguments: Jail.allCases, Socket.allCases)
  func callerInside(jail: Jail, socket: Socket) throws {
    let box = try sandbox()
    if socket == .tcp {
      box.environment["SCCACHE_SERVER_UDS"] = nil
      box.environment["SCCACHE_SERVER_PORT"] = "\(jail.port)"
    }
    let result = try run(
      """
      ./until_hit
      $SCCACHE --show-stats | grep 'Cache hits  '
      in_jail '$SCCACHE gcc -c b.c -o ours.o 2>warning; gcc -c b.c -o wanted.o'
      cmp ours.o wanted.o
      ! cmp -s hit.o wanted.o
      $SCCACHE --show-stats | grep 'Cache hits  '
      """, jail, box)
    #expect(result.isSuccess, "\(result.errorText)")
    // Outside there was a hit; inside nothing was answered from the cache.
    #expect(hits(result) == ["1", "1"])
    #expect(try box.text("warning").contains("the daemon sees other files than this process"))
  }

  /// The daemon was started inside: whoever is there with it is served, others are not.
  @Test(arguments: Jail.allCases)
  func daemonInside(jail: Jail) throws {
    let box = try sandbox()
    let result = try run(
      """
      in_jail './until_hit; gcc -c b.c -o wanted.o'
      cmp hit.o wanted.o
      $SCCACHE gcc -c b.c -o ours.o
      gcc -c b.c -o wanted.o
      cmp ours.o wanted.o
      in_jail '$SCCACHE --show-stats 2>/dev/null' | grep 'Cache hits  ' || true
      """, jail, box)
    #expect(result.isSuccess, "\(result.errorText)")
    // The wrapper finds its daemon's program by way of /proc.
    let isAlone = jail == .withoutProc
    #expect(result.errorText.contains("sccached was not found beside sccache") == isAlone)
    #expect(hits(result) == (isAlone ? [] : ["1"]))
  }
}
