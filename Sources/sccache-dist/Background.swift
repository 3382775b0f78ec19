import CPosix
import Glibc
import Platform

/// The scheduler goes into the background by starting itself anew in a session of its own: a process
/// with threads must not fork.
enum Background {
  private static let mark = "SCCACHE_NO_DAEMON"

  /// `SCCACHE_NO_DAEMON=1`, which the new process has, too.
  static var isForeground: Bool { getenv(mark).map { String(cString: $0) } == "1" }

  /// Returns when the new process is ready.
  ///
  /// - Throws: when it ends before.
  static func start() throws {
    var ends: [Int32] = [-1, -1]
    guard cposix_pipe_cloexec(&ends) == 0 else {
      throw CommandFailure(message: "no pipe: \(String(cString: strerror(errno)))")
    }
    defer { close(ends[0]) }
    let pid = try spawn(readyEnd: ends[1])
    close(ends[1])
    var byte: UInt8 = 0
    var count = read(ends[0], &byte, 1)
    while count < 0, cposix_errno() == EINTR { count = read(ends[0], &byte, 1) }
    guard count == 1 else {
      throw CommandFailure(
        message:
          "the scheduler ended at once (process \(pid)); \(mark)=1 shows why on this terminal")
    }
  }

  private static func spawn(readyEnd: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for stream in 0...2 as ClosedRange<Int32> {
      posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, readyEnd, 3)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, cposix_spawn_setsid())
    let words = CommandLine.arguments.map { strdup($0) } + [nil]
    let variables = environmentWithMark().map { strdup($0) } + [nil]
    defer { for text in words + variables { free(text) } }
    var pid: pid_t = 0
    let failure = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, words, variables)
    guard failure == 0 else {
      throw CommandFailure(
        message: "the scheduler can't be started: \(String(cString: strerror(failure)))")
    }
    return pid
  }

  private static func environmentWithMark() -> [String] {
    var variables = ["\(mark)=1", "\(readyMark)=3"]
    var index = 0
    while let variable = cposix_environ()?[index] {
      let text = String(cString: variable)
      if !text.hasPrefix("\(mark)="), !text.hasPrefix("\(readyMark)=") { variables.append(text) }
      index += 1
    }
    return variables
  }

  private static let readyMark = "SCCACHE_DIST_READY"

  /// Tells the process that started this one.
  static func isReady() {
    guard getenv(readyMark).map({ String(cString: $0) }) == "3" else { return }
    unsetenv(readyMark)
    var byte = UInt8(ascii: "1")
    _ = write(3, &byte, 1)
    close(3)
  }
}
