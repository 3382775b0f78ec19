import Glibc
import Platform
import TestSupport
import Testing

/// Sockets between users: neither trusts the other's.
@Suite(.blocking) struct OtherUserTests {
  /// Listens on a socket as another user, and writes down what a caller sends it.
  private static let program = """
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/socket.h>
    #include <sys/un.h>
    #include <unistd.h>
    int main(int count, char **words) {
      struct sockaddr_un address = {AF_UNIX};
      strcpy(address.sun_path, words[1]);
      FILE *log = fopen(words[2], "w");
      int s = socket(AF_UNIX, SOCK_STREAM, 0);
      if (bind(s, (struct sockaddr *)&address, sizeof address)) return 1;
      if (chown(words[1], 65534, 65534) || setgid(65534) || setuid(65534)) return 2;
      if (listen(s, 16)) return 3;
      if (daemon(1, 0)) return 4;
      alarm(60);
      for (;;) {
        char text[4096];
        int peer = accept(s, 0, 0);
        long got = read(peer, text, sizeof text);
        fprintf(log, "%ld\\n", got);
        fflush(log);
        close(peer);
      }
    }
    """

  /// What listens there could be anyone's: it gets no byte, and the compiler runs.
  @Test(arguments: Compilers.both)
  func socketOfAnotherUser(compiler: String) throws {
    try #require(geteuid() == 0, "this test needs root")
    let box = try Sandbox()
    try box.write("listen.c", Self.program)
    #expect(try box.plain(["gcc", "listen.c", "-o", "listen"]).isSuccess)
    #expect(try box.plain([box.path("listen"), box.socket, box.path("log")]).isSuccess)
    try box.write("a.c", "int x;\n")
    let wanted = try box.plain([compiler, "-c", "a.c", "-o", "p.o"])
    #expect(wanted.isSuccess)
    for _ in 0..<2 {
      let result = try box.sccache([compiler, "-c", "a.c", "-o", "a.o"])
      #expect(result.isSuccess, "\(result.errorText)")
      #expect(try box.read("a.o") == box.read("p.o"))
      box.remove("a.o")
    }
    pause(milliseconds: 50)
    let sent = try box.text("log").split(separator: "\n")
    #expect(sent.allSatisfy { $0 == "0" }, "\(sent)")
    // It still is the other's.
    #expect(FileStamp.ofLink(path: box.socket) != nil)
    #expect(try box.shell("stat -c %u \(box.socket)").outputText == "65534\n")
    if let pid = Peer.owner(of: box.socket) { kill(pid, SIGKILL) }
    unlink(box.socket)
  }

  /// A daemon writes files as its user, so it serves no one else.
  @Test(arguments: Compilers.both)
  func callerOfAnotherUser(compiler: String) throws {
    try #require(geteuid() == 0, "this test needs root")
    let box = try Sandbox()
    try box.write("a.c", "int x;\n")
    try box.compile([compiler, "-c", "a.c", "-o", "a.o"], .miss)
    let before = try box.settled()
    try box.shell(
      "mkdir bin; cp $SCCACHE bin/sccache; chmod 755 \(box.root); chmod 777 . \(box.socket)")
    let result = try box.shell(
      "setpriv --reuid 65534 --regid 65534 --clear-groups bin/sccache \(compiler) -c a.c -o b.o")
    #expect(result.isSuccess, "\(result.errorText)")
    #expect(try box.read("b.o") == box.read("a.o"))
    #expect(try box.shell("stat -c %u b.o").outputText == "65534\n")
    let after = try box.settled()
    #expect(after.hits == before.hits && after.misses == before.misses)
  }
}
