import Glibc
import Platform
import TestSupport
import Testing

/// Signals, parallel calls and tokens.
@Suite(.blocking) struct ProcessTests {
  /// A compiler that says in `log` when it starts and ends a compilation.
  private func sandbox(seconds: String, _ settings: [String: String] = [:]) throws -> Sandbox {
    let box = try Sandbox(settings)
    try box.write("a.c", "int x;\n")
    try box.write("b.c", "int y;\n")
    try box.script(
      "slowcc",
      "case \" $* \" in *' -c '*' -###'*|*'-### '*) ;; *' -c '*) echo start $$ >> \(box.work)/log; sleep \(seconds); echo end >> \(box.work)/log;; esac\nexec gcc \"$@\""
    )
    // Known to the daemon before anything is timed.
    try box.compile(["./slowcc", "-DWARM", "-c", "a.c", "-o", "warm.o"], .any)
    box.remove("log")
    return box
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGKILL])
  func aSignalEndsTheCompiler(signal: Int32) throws {
    let box = try sandbox(seconds: "8")
    let result = try box.shell(
      """
      $SCCACHE ./slowcc -c a.c & w=$!
      for i in $(seq 100); do test -s log && break; sleep 0.02; done
      kill -\(signal) $w; wait $w; echo code $?
      p=$(sed -n 's/start //p' log); for i in $(seq 60); do kill -0 $p 2>/dev/null || break; sleep 0.05; done
      kill -0 $p 2>/dev/null && echo still there
      """)
    // A background job of a shell without job control ignores SIGINT, and so does its compiler.
    if signal != SIGINT {
      #expect(result.outputText == "code \(128 + signal)\n")
      #expect(!(try box.text("log")).contains("end"))
    }
    if signal == SIGINT { box.killDaemon() }
  }

  /// A compiler that dies of a signal: the wrapper does, too, as its parent would see it.
  @Test func theCompilerDiesOfASignal() throws {
    let box = try Sandbox()
    try box.write("a.c", "int x;\n")
    try box.script(
      "dying", "case \" $* \" in *' -c '*' -o '*) kill -SEGV $$;; esac\nexec gcc \"$@\"")
    for _ in 0..<2 {
      let plainly = try box.plain(["./dying", "-c", "a.c", "-o", "a.o"])
      let result = try box.sccache(["./dying", "-c", "a.c", "-o", "a.o"])
      #expect(plainly.signal == SIGSEGV)
      #expect(result.signal == plainly.signal && result.exitCode == plainly.exitCode)
    }
  }

  /// Two equal compilations at once: one runs (W23).
  @Test func singleFlight() throws {
    let box = try sandbox(seconds: "0.5")
    let result = try box.shell(
      """
      for i in 1 2 3 4 5 6; do $SCCACHE ./slowcc -c a.c -o o$i.o & done; wait
      gcc -c a.c -o p.o; for i in 1 2 3 4 5 6; do cmp o$i.o p.o; done; grep -c start log
      """)
    #expect(result.outputText == "1\n")
    #expect(result.errorText == "")
  }

  /// The one that runs is ended: the others still get their result.
  @Test func theLeaderGoesAway() throws {
    let box = try sandbox(seconds: "0.7")
    let result = try box.shell(
      """
      $SCCACHE ./slowcc -c a.c -o o1.o & w=$!; sleep 0.2
      $SCCACHE ./slowcc -c a.c -o o2.o & v=$!; sleep 0.2
      kill -TERM $w; wait $v || echo failed; gcc -c a.c -o p.o; cmp o2.o p.o
      """)
    #expect(result.outputText == "" && result.errorText == "")
  }

  @Test func ownTokens() throws {
    let box = try sandbox(seconds: "0.3", ["SCCACHE_JOBS": "1"])
    try box.shell(
      """
      for i in 1 2 3 4; do $SCCACHE ./slowcc -DN=$i -c a.c -o o$i.o & done; wait
      """)
    let log = try box.text("log").split(separator: "\n").map { $0.prefix(3) }
    #expect(log == ["sta", "end", "sta", "end", "sta", "end", "sta", "end"])
  }

  /// A jobserver's variables reach the compiler, and its tokens count instead of ours.
  @Test func makeJobserver() throws {
    let box = try sandbox(seconds: "0.4", ["SCCACHE_JOBS": "1"])
    try box.write(
      "Makefile",
      "all: o1.o o2.o o3.o\no%.o: a.c\n\t+@$(SCCACHE) ./slowcc -DN=$* -c a.c -o $@; echo \"$$MAKEFLAGS\" > flags.$*\n"
    )
    let result = try box.shell("make -s -j3")
    #expect(result.isSuccess, "\(result.errorText)")
    #expect(try box.text("flags.1").contains("jobserver"))
    let log = try box.text("log").split(separator: "\n").map { $0.prefix(3) }
    #expect(log.prefix(3) == ["sta", "sta", "sta"])
  }

  /// A hit waits for no token.
  @Test func hitsNeedNoToken() throws {
    let box = try sandbox(seconds: "1", ["SCCACHE_JOBS": "1"])
    try box.compile(["gcc", "-c", "b.c"], .miss)
    let result = try box.shell(
      """
      $SCCACHE ./slowcc -c a.c -o o1.o & sleep 0.2; timeout 0.5 $SCCACHE gcc -c b.c; echo $?; wait
      """)
    #expect(result.outputText == "0\n")
  }

  /// A build that removes and moves its outputs right after the compiler ends.
  @Test func outputsMovedAtOnce() throws {
    let box = try Sandbox()
    let result = try box.shell(
      """
      for i in $(seq 12); do echo "int x$i;" > a$i.c; done; sleep 0.05
      for round in 1 2; do for i in $(seq 12); do
        $SCCACHE gcc -c a$i.c -o t.o -MD -MF t.d && mv t.o r$round.$i.o && echo rubbish > t.o && rm t.o t.d
      done; done
      for i in $(seq 12); do gcc -c a$i.c -o p.o; cmp p.o r1.$i.o; cmp p.o r2.$i.o; done
      """)
    #expect(result.outputText + result.errorText == "")
    #expect(try box.settled().hits == 12)
  }
}
