package import Glibc
import Platform

/// A program that runs beside the test, and no longer than this value lives.
package final class BackgroundProcess {
  package let pid: pid_t
  /// Everything that it prints.
  package let log: String
  private var hasEnded = false
  private var status: Int32 = 0

  package init(
    _ program: String, _ arguments: [String], environment: [String: String], log: String
  ) throws {
    self.log = log
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    let words = CStrings([program] + arguments)
    let variables = CStrings(environment.map { "\($0.key)=\($0.value)" })
    var started: pid_t = 0
    let code = posix_spawn(
      &started, program, &actions, nil, words.pointers, variables.pointers)
    guard code == 0 else { throw SystemError("start", program, code: code) }
    pid = started
  }

  deinit { stop() }

  package func signal(_ number: Int32) {
    if isRunning { kill(pid, number) }
  }

  package var isRunning: Bool {
    if hasEnded { return false }
    if waitpid(pid, &status, WNOHANG) == pid { hasEnded = true }
    return !hasEnded
  }

  /// Nil while it runs, and when a signal ended it.
  package var exitCode: Int32? { !isRunning && status & 0x7f == 0 ? status >> 8 : nil }

  package func stop(_ number: Int32 = SIGKILL) {
    guard isRunning else { return }
    kill(pid, number)
    // One that ignores the signal, or is stopped, ends by SIGKILL.
    for _ in 0..<4000 where isRunning { usleep(5000) }
    guard isRunning else { return }
    kill(pid, SIGKILL)
    while isRunning { usleep(5000) }
  }

  /// The end of what it printed.
  package var said: String {
    let bytes = (try? Files.read(log)) ?? []
    return String(decoding: bytes.suffix(4000), as: UTF8.self)
  }
}
