import Glibc
import Platform
import Testing

/// A directory, a cache and a daemon of its own for one test. Everything is gone when it is.
final class Sandbox {
  let root: String
  /// Where sources are written and compilers run.
  let work: String
  let socket: String
  /// The wrapper that `sccache` runs.
  var program = Programs.wrapper
  var environment: [String: String]
  private var known: Statistics?
  /// Misses whose end a killed daemon could not write down any more.
  private var lost = 0

  init(_ settings: [String: String] = [:]) throws {
    var template = Array("/tmp/sccit-XXXXXX".utf8CString)
    guard let made = template.withUnsafeMutableBufferPointer({ mkdtemp($0.baseAddress!) }) else {
      throw SystemError("make directory", "/tmp/sccit-XXXXXX")
    }
    root = String(cString: made)
    work = root + "/work"
    // The daemon's files in /tmp/sccache-UID are named after the socket.
    socket = root + "/u" + String(root.suffix(6))
    environment = [
      "PATH": Programs.searchPath, "HOME": root + "/home", "TMPDIR": root + "/tmp",
      "XDG_CACHE_HOME": root + "/xdg-cache", "XDG_CONFIG_HOME": root + "/xdg-config",
      "SCCACHE_DIR": root + "/cache", "SCCACHE_SERVER_UDS": socket, "SCCACHE_IDLE_TIMEOUT": "60",
    ]
    for name in ["work", "home", "tmp"] { mkdir("\(root)/\(name)", 0o755) }
    for (name, value) in settings { environment[name] = value }
  }

  deinit {
    if let pid = daemonPID { kill(pid, SIGKILL) }
    let name = Path.name(of: socket)
    for suffix in [".lock", ".said"] { unlink("/tmp/sccache-\(geteuid())/\(name)\(suffix)") }
    _ = try? Spawn.run(
      "/bin/rm", ["-rf", root], environment: [], directory: "/", timeoutSeconds: 30)
  }

  // MARK: files

  func path(_ name: String) -> String { Path.absolute(name, in: work) }

  /// Writes a file, and waits a moment where that file could pass for one that changes during a
  /// compilation.
  @discardableResult
  func write(_ name: String, _ text: String, settle: Bool = true) throws -> String {
    let path = path(name)
    try Files.makeDirectories(Path.directory(of: path), mode: 0o755)
    let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
    try file.write(Array(text.utf8), path: path)
    if settle { pause(milliseconds: 15) }
    return path
  }

  func script(_ name: String, _ text: String) throws {
    try write(name, "#!/bin/sh\n" + text + "\n")
    chmod(path(name), 0o755)
    try waitUntilExecutable(name)
  }

  /// A process that another test started at this very moment still has the file open for writing until
  /// it executes its own program, and nobody can execute a file that is being written. The kernel grants
  /// a read lease only where there is no writer (fcntl(2)).
  private func waitUntilExecutable(_ name: String) throws {
    let file = try Descriptor.open(path(name), O_RDONLY)
    for _ in 0..<2000 {
      if fcntl(file.number, 1024 /* F_SETLEASE */, F_RDLCK) == 0 {
        _ = fcntl(file.number, 1024, F_UNLCK)
        return
      }
      pause(milliseconds: 1)
    }
  }

  func read(_ name: String) throws -> [UInt8] { try Files.read(path(name)) }

  func text(_ name: String) throws -> String { String(decoding: try read(name), as: UTF8.self) }

  func exists(_ name: String) -> Bool { access(path(name), F_OK) == 0 }

  func remove(_ name: String) { unlink(path(name)) }

  func makeDirectory(_ name: String) throws {
    try Files.makeDirectories(path(name), mode: 0o755)
  }

  func link(_ target: String, at name: String) { symlink(target, path(name)) }

  // MARK: running

  /// Runs a program as it is.
  @discardableResult
  func plain(
    _ command: [String], in directory: String = "", with extra: [String: String] = [:]
  ) throws -> ProcessResult {
    try Spawn.run(
      try Programs.find(command[0], in: environment["PATH"] ?? ""), Array(command.dropFirst()),
      environment: variables(extra), directory: path(directory), timeoutSeconds: 120)
  }

  /// Runs a command behind the wrapper.
  @discardableResult
  func sccache(
    _ command: [String], in directory: String = "", with extra: [String: String] = [:]
  ) throws -> ProcessResult {
    if let first = command.first, !first.hasPrefix("-"), !first.contains("/"), extra["PATH"] == nil,
      environment["PATH"] == Programs.searchPath, first != "sccache"
    {
      _ = try Programs.find(first)
    }
    return try Spawn.run(
      program, command, environment: variables(extra), directory: path(directory),
      timeoutSeconds: 120)
  }

  /// Runs a line of shell, in which `$SCCACHE` is the wrapper.
  @discardableResult
  func shell(
    _ line: String, in directory: String = "", with extra: [String: String] = [:]
  ) throws -> ProcessResult {
    var extra = extra
    extra["SCCACHE"] = Programs.wrapper
    return try Spawn.run(
      "/bin/sh", ["-c", line], environment: variables(extra), directory: path(directory),
      timeoutSeconds: 120)
  }

  private func variables(_ extra: [String: String]) -> [[UInt8]] {
    environment.merging(extra) { $1 }.map { Array("\($0.key)=\($0.value)".utf8) }
  }

  // MARK: the daemon

  /// The process that listens on the socket.
  var daemonPID: pid_t? {
    guard let pid = Peer.owner(of: socket), pid > 1, pid != getpid() else { return nil }
    return pid
  }

  func killDaemon(_ signal: Int32 = SIGKILL) {
    guard let pid = daemonPID else { return }
    kill(pid, signal)
    if signal == SIGKILL || signal == SIGTERM {
      for _ in 0..<2000 where kill(pid, 0) == 0 && !Self.isZombie(pid) { pause(milliseconds: 5) }
      known = nil
      lost = max(0, (try? statistics())?.unsettled ?? 0)
    }
  }

  private static func isZombie(_ pid: pid_t) -> Bool {
    guard let bytes = try? Files.read("/proc/\(pid)/stat") else { return true }
    return String(decoding: bytes, as: UTF8.self).contains(") Z ")
  }

  func stopServer() throws {
    let pid = daemonPID
    try sccache(["--stop-server"])
    guard let pid else { return }
    for _ in 0..<1000 where kill(pid, 0) == 0 && !Self.isZombie(pid) { pause(milliseconds: 5) }
    known = nil
  }

  func statistics() throws -> Statistics {
    let result = try sccache(["--show-stats", "--stats-format", "json"])
    return try Statistics(json: result.output)
  }

  /// The statistics when everything that was compiled has been stored or given up.
  func settled() throws -> Statistics {
    var last = try statistics()
    for _ in 0..<6000 where last.unsettled > lost {
      pause(milliseconds: 10)
      last = try statistics()
    }
    return last
  }

  // MARK: expectations

  enum Expectation: String {
    /// From the cache.
    case hit
    /// Compiled and stored.
    case miss
    /// Compiled, and for a reason not stored.
    case unstored
    /// Not even looked up: refused or no compilation.
    case declined
    case failure
    case any
  }

  /// Runs behind the wrapper and checks by the statistics how it was answered.
  @discardableResult
  func compile(
    _ command: [String], _ expected: Expectation, in directory: String = "",
    with extra: [String: String] = [:], location: SourceLocation = #_sourceLocation
  ) throws -> ProcessResult {
    let before = try known ?? settled()
    let result = try sccache(command, in: directory, with: extra)
    var after = try settled()
    // A hit is counted right after its reply.
    for _ in 0..<100
    where after.answer(since: before) == .declined
      && after.count("requests_executed") > before.count("requests_executed")
      && after.count("cache_errors") == before.count("cache_errors")
    {
      pause(milliseconds: 2)
      after = try settled()
    }
    known = after
    let found = after.answer(since: before)
    let text = command.joined(separator: " ")
    if expected == .failure {
      #expect(!result.isSuccess, "\(text) succeeded", sourceLocation: location)
    } else if expected != .any {
      let succeeded = result.isSuccess
      #expect(succeeded, "\(text) failed: \(result.errorText)", sourceLocation: location)
      #expect(
        found == expected, "\(text): \(after.reasons(since: before))", sourceLocation: location)
    }
    return result
  }

  /// Runs a command plainly, then twice behind the wrapper, and wants every file that it writes,
  /// with its mode, everything it prints and its exit code to be the same each time.
  func agrees(
    _ command: [String], _ first: Expectation = .miss, then second: Expectation = .hit,
    in directory: String = "", with extra: [String: String] = [:],
    ignoring ignored: [String] = [], location: SourceLocation = #_sourceLocation
  ) throws {
    let before = Tree(work)
    let plainly = try plain(command, in: directory, with: extra)
    let wanted = Tree(work).changes(since: before)
    before.restore(work)
    pause(milliseconds: 15)
    for (label, expected) in [("first", first), ("second", second)] {
      let result = try compile(command, expected, in: directory, with: extra, location: location)
      let got = Tree(work).changes(since: before)
      let where_ = "\(label) run of \(command.joined(separator: " "))"
      #expect(
        got.difference(from: wanted, ignoring: ignored) == [], "\(where_)",
        sourceLocation: location)
      #expect(result.exitCode == plainly.exitCode, "\(where_)", sourceLocation: location)
      #expect(result.outputText == plainly.outputText, "\(where_)", sourceLocation: location)
      #expect(result.errorText == plainly.errorText, "\(where_)", sourceLocation: location)
      if label == "first" {
        before.restore(work)
        pause(milliseconds: 15)
      }
    }
  }

  /// Compiles behind the wrapper and wants what the compiler itself gives for it now.
  func isRight(
    _ command: [String], _ expected: Expectation, output: String, in directory: String = "",
    with extra: [String: String] = [:], location: SourceLocation = #_sourceLocation
  ) throws {
    let outputPath = Path.absolute(output, in: path(directory))
    let result = try compile(command, expected, in: directory, with: extra, location: location)
    let got = try? Files.read(outputPath)
    unlink(outputPath)
    let plainly = try plain(command, in: directory, with: extra)
    let wanted = try? Files.read(outputPath)
    let text = command.joined(separator: " ")
    let isSame = got == wanted
    #expect(isSame, "\(output) of \(text)", sourceLocation: location)
    #expect(result.errorText == plainly.errorText, "\(text)", sourceLocation: location)
  }
}

extension ProcessResult {
  var outputText: String { String(decoding: output, as: UTF8.self) }
  var errorText: String { String(decoding: errors, as: UTF8.self) }
}

func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }

/// Who listens on a Unix socket.
enum Peer {
  private struct Credentials {
    var pid: Int32 = 0
    var user: UInt32 = 0
    var group: UInt32 = 0
  }

  static func owner(of path: String) -> pid_t? {
    let descriptor = connect(to: path)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var credentials = Credentials()
    var size = socklen_t(MemoryLayout<Credentials>.size)
    let soPeerCred: Int32 = 17
    guard getsockopt(descriptor, SOL_SOCKET, soPeerCred, &credentials, &size) == 0 else {
      return nil
    }
    return credentials.pid
  }

  /// A connected descriptor, or -1.
  static func connect(to path: String) -> Int32 {
    withAddress(path) { descriptor, address, length in
      Glibc.connect(descriptor, address, length)
    }
  }

  /// A listening descriptor, or -1.
  static func listen(on path: String) -> Int32 {
    unlink(path)
    return withAddress(path) { descriptor, address, length in
      bind(descriptor, address, length) == 0 ? Glibc.listen(descriptor, 16) : -1
    }
  }

  private static func withAddress(
    _ path: String, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    let closeOnExec: Int32 = 0o2000000
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | closeOnExec, 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { target in
      for (index, byte) in path.utf8.enumerated() where index < target.count - 1 {
        target[index] = byte
      }
    }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body(descriptor, $0, length) }
    }
    guard result == 0 else {
      close(descriptor)
      return -1
    }
    return descriptor
  }
}
