import Glibc
import Platform
import TestSupport
import Testing

/// A daemon that is missing, dies, hangs or is somebody else changes nothing but the speed.
@Suite(.blocking) struct DaemonTests {
  private func sandbox(_ settings: [String: String] = [:]) throws -> Sandbox {
    let box = try Sandbox(settings)
    try box.write("a.c", "int x;\n")
    try box.plain(["gcc", "-c", "a.c", "-o", "wanted.o"])
    return box
  }

  /// The compilation succeeds with the right object, within the time; what it printed.
  @discardableResult
  private func succeeds(
    _ box: Sandbox, with extra: [String: String] = [:], seconds: Int = 15,
    location: SourceLocation = #_sourceLocation
  ) throws -> String {
    box.remove("a.o")
    let result = try box.shell("timeout \(seconds) $SCCACHE gcc -c a.c", with: extra)
    #expect(result.isSuccess, "\(result.errorText)", sourceLocation: location)
    #expect(try box.read("a.o") == box.read("wanted.o"), sourceLocation: location)
    return result.errorText
  }

  @Test func cannotBeStarted() throws {
    let box = try sandbox(["SCCACHE_SERVER_UDS": "/proc/no/socket-\(getpid())"])
    let first = try succeeds(box)
    #expect(first.split(separator: "\n").count <= 1)
    #expect(try succeeds(box) == "")
    let long = try sandbox(["SCCACHE_SERVER_UDS": "/tmp/" + String(repeating: "x", count: 200)])
    try succeeds(long)
  }

  @Test func programIsMissing() throws {
    let box = try sandbox()
    try box.shell("cp $SCCACHE alone-sccache; mkdir d; mv alone-sccache d/sccache")
    let result = try box.shell("d/sccache gcc -c a.c && cmp a.o wanted.o")
    #expect(result.isSuccess, "\(result.errorText)")
  }

  @Test func brokenConfiguration() throws {
    let box = try sandbox()
    try box.write("config", "this is not TOML")
    box.environment["SCCACHE_CONF"] = box.path("config")
    try succeeds(box)
    #expect(try box.sccache(["--start-server"]).exitCode == 2)
  }

  /// Stopped, it answers nothing: the wrapper waits for its limit once a compilation.
  @Test func hangs() throws {
    let box = try sandbox(["SCCACHE_DAEMON_TIMEOUT_MS": "3000"])
    try succeeds(box)
    let pid = try #require(box.daemonPID)
    kill(pid, SIGSTOP)
    defer { kill(pid, SIGCONT) }
    #expect(try succeeds(box).contains("warning"))
    #expect(try succeeds(box) == "")
  }

  @Test(arguments: [SIGKILL, SIGSTOP])
  func diesWhileCompiling(signal: Int32) throws {
    let box = try sandbox(["SCCACHE_DAEMON_TIMEOUT_MS": "2000"])
    try succeeds(box)
    try box.write("a.c", "int y;\n")
    try box.plain(["gcc", "-c", "a.c", "-o", "wanted.o"])
    // A compiler that takes its time.
    try box.script("slowcc", "case \" $* \" in *' -c '*) sleep 0.7;; esac; exec gcc \"$@\"")
    try box.compile(["./slowcc", "-DWARM", "-c", "a.c", "-o", "warm.o"], .any)
    let pid = try #require(box.daemonPID)
    defer { kill(pid, SIGCONT) }
    let result = try box.shell(
      """
      timeout 15 $SCCACHE ./slowcc -c a.c > out 2>&1 & w=$!
      sleep 0.3; kill -\(signal) \(pid); wait $w; s=$?; cat out; cmp a.o wanted.o || exit 9; exit $s
      """)
    #expect(result.isSuccess, "\(result.outputText)")
    #expect(result.outputText.split(separator: "\n").count <= 1)
  }

  /// Programs that accept and then send rubbish, nothing, or a lie about the length.
  @Test(arguments: ["rubbish", "zeros", "nothing", "close", "length", "kind"])
  func otherProtocol(form: String) throws {
    let box = try sandbox(["SCCACHE_DAEMON_TIMEOUT_MS": "500"])
    let listener = Peer.listen(on: box.socket)
    #expect(listener >= 0)
    let child = startFakeServer(listener, form)
    defer {
      shutdown(listener, Int32(SHUT_RDWR))
      close(listener)
      pthread_join(child, nil)
    }
    try succeeds(box)
    try succeeds(box)
  }

  private func startFakeServer(_ listener: Int32, _ form: String) -> pthread_t {
    final class Argument {
      let listener: Int32
      let form: String
      init(_ listener: Int32, _ form: String) {
        self.listener = listener
        self.form = form
      }
    }
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Argument(listener, form)).toOpaque()
    pthread_create(
      &thread, nil,
      { raw in
        let argument = Unmanaged<Argument>.fromOpaque(raw!).takeRetainedValue()
        while true {
          let connection = accept(argument.listener, nil, nil)
          if connection < 0 { return nil }
          var buffer = [UInt8](repeating: 0, count: 65536)
          let count = read(connection, &buffer, buffer.count)
          var answer: [UInt8] = []
          switch argument.form {
          case "rubbish": answer = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
          case "zeros": answer = [UInt8](repeating: 0, count: 64)
          case "length":
            answer = Array(buffer.prefix(max(count, 0)).prefix(16)).map { _ in 0xff }
          case "kind":
            // Our own header back with a body.
            answer = Array(buffer.prefix(max(count, 0)))
          case "nothing": usleep(900_000)
          default: break
          }
          _ = answer.withUnsafeBytes {
            send(connection, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL))
          }
          close(connection)
        }
      }, argument)
    return thread
  }

  /// Sixty-four at once: one daemon, and every object is right.
  @Test func raceToStart() throws {
    let box = try sandbox()
    let result = try box.shell(
      """
      for i in $(seq 64); do ($SCCACHE gcc -c a.c -o o$i.o 2>>errors || echo failed $i) & done; wait
      cat errors; for i in $(seq 64); do cmp o$i.o wanted.o; done
      """)
    #expect(result.outputText + result.errorText == "")
    #expect(try daemons(of: box).count == 1)
    #expect(try box.settled().count("compile_requests") == 64)
  }

  /// Processes of the daemon program that serve this sandbox.
  private func daemons(of box: Sandbox) throws -> [pid_t] {
    let wanted = Array("SCCACHE_SERVER_UDS=\(box.socket)".utf8)
    return (Files.names(in: "/proc") ?? []).compactMap { Int32($0) }.filter { pid in
      guard let line = try? Files.read("/proc/\(pid)/cmdline"),
        String(decoding: line, as: UTF8.self).contains("--internal-serve"),
        let variables = try? Files.read("/proc/\(pid)/environ")
      else { return false }
      return variables.split(separator: 0).contains { $0.elementsEqual(wanted) }
    }
  }

  /// Nothing of whoever started it: no pipe, no directory, no session (W13).
  @Test func holdsNothing() throws {
    let box = try sandbox()
    let result = try box.shell(
      "mkdir gone; cd gone; exec 7>../held 9<../a.c; (sleep 0.1; $SCCACHE gcc -c ../a.c) | cat")
    #expect(result.isSuccess)
    let pid = try #require(box.daemonPID)
    #expect(Programs.realPath("/proc/\(pid)/cwd") == "/")
    #expect(getsid(pid) == pid)
    for name in Files.names(in: "/proc/\(pid)/fd") ?? [] {
      let target = Programs.realPath("/proc/\(pid)/fd/\(name)")
      #expect(!target.hasPrefix(box.work) && !target.contains("pipe:"), "\(name) is \(target)")
    }
  }

  @Test func idleExit() throws {
    let box = try sandbox(["SCCACHE_IDLE_TIMEOUT": "1"])
    try succeeds(box)
    #expect(box.daemonPID != nil)
    // Asking who it is is activity, too.
    for _ in 0..<12 {
      pause(milliseconds: 1500)
      if try daemons(of: box).isEmpty { break }
    }
    #expect(try daemons(of: box).isEmpty)
    try succeeds(box)
  }

  /// `--stop-server` lets what runs finish, and the result is stored.
  @Test func stopWhileCompiling() throws {
    let box = try sandbox()
    try box.script("slowcc", "case \" $* \" in *' -c '*) sleep 1;; esac; exec gcc \"$@\"")
    try box.compile(["./slowcc", "-DWARM", "-c", "a.c", "-o", "warm.o"], .any)
    let result = try box.shell(
      """
      $SCCACHE ./slowcc -c a.c > out 2>&1 & w=$!
      sleep 0.4; $SCCACHE --stop-server > /dev/null; wait $w; s=$?; cat out; cmp a.o wanted.o; exit $s
      """)
    #expect(result.isSuccess)
    #expect(result.outputText == "")
    for _ in 0..<60 where try !daemons(of: box).isEmpty { pause(milliseconds: 50) }
    try box.compile(["./slowcc", "-c", "a.c"], .hit)
  }

  @Test func modes() throws {
    let box = try sandbox()
    let stopped = try box.sccache(["--stop-server"])
    #expect(stopped.exitCode == 2)
    #expect(
      stopped.errorText.hasPrefix(
        "sccache: error: couldn't connect to server\nsccache: caused by: "))
    let started = try box.sccache(["--start-server"])
    #expect(started.exitCode == 0)
    #expect(started.outputText.hasPrefix("sccache: Starting the server...\n"))
    let again = try box.sccache(["--start-server"])
    #expect(again.exitCode == 2)
    #expect(again.errorText == "sccache: error: Server startup failed: Address in use\n")
    // The second one says why it ends before it has ended.
    for _ in 0..<200 where try daemons(of: box).count > 1 { pause(milliseconds: 25) }
    #expect(try daemons(of: box).count == 1)
    try succeeds(box)
    #expect(try box.sccache(["--zero-stats"]).errorText == "Statistics zeroed.\n")
    #expect(try box.statistics().count("compile_requests") == 0)
    let end = try box.sccache(["--stop-server"])
    #expect(end.outputText.hasPrefix("Stopping sccache server...\nCompile requests"))
  }

  @Test func tcpAndAbstractSockets() throws {
    let box = try sandbox()
    for (name, value) in [
      ("SCCACHE_SERVER_PORT", "\(20000 + Int(getpid()) % 20000)"),
      ("SCCACHE_SERVER_UDS", "\\x00sccit-\(box.root.suffix(6))\\x01x"),
    ] {
      box.environment["SCCACHE_SERVER_UDS"] = nil
      box.environment[name] = value
      try succeeds(box)
      _ = try box.settled()
      let before = try box.settled()
      try succeeds(box)
      #expect(try box.settled().hits > before.hits, "\(name)")
      #expect(try box.sccache(["--stop-server"]).isSuccess)
      box.environment[name] = nil
    }
  }

  /// Another mount namespace or root sees other files under the same names.
  @Test func otherMountNamespace() throws {
    try #require(geteuid() == 0, "this test needs root")
    let box = try sandbox()
    try box.write("h/h.h", "#define H 1\n")
    try box.write("other/h.h", "#define H 2\n")
    try box.write("b.c", "#include \"h/h.h\"\nint x = H;\n")
    try box.compile(["gcc", "-c", "b.c"], .miss)
    try box.compile(["gcc", "-c", "b.c"], .hit)
    let result = try box.shell(
      """
      unshare -m sh -c 'mount --bind other h && $SCCACHE gcc -c b.c -o o.o && gcc -c b.c -o p.o'
      cmp o.o p.o
      """)
    #expect(result.isSuccess, "\(result.errorText)")
  }
}
