import CPosix
import Glibc

/// What a finished process left.
package struct ProcessResult: Sendable {
  package var exitCode: Int32
  /// 0 when it exited by itself.
  package var signal: Int32
  package var output: [UInt8]
  package var errors: [UInt8]

  package var isSuccess: Bool { exitCode == 0 && signal == 0 }
}

/// Runs programs with posix_spawn and waits for them; blocks its thread.
package enum Spawn {
  /// Runs a program to its end with standard input from /dev/null. A run over the time or output
  /// limit is killed, with its process group, and throws.
  package static func run(
    _ program: String, _ arguments: [String], environment: [[UInt8]], directory: String,
    timeoutSeconds: Int = 60, outputLimit: Int = 256 << 20
  ) throws(SystemError) -> ProcessResult {
    let output = try Pipe(program)
    let errors = try Pipe(program)
    defer {
      close(output.read)
      close(errors.read)
    }
    let started = startOrFail(
      program, arguments, environment: environment, directory: directory,
      output: output.write, errors: errors.write)
    close(output.write)
    close(errors.write)
    let pid = try started.get()
    let deadline = Clock.monotonic + Int64(timeoutSeconds) * 1_000_000_000
    var result = ProcessResult(exitCode: 0, signal: 0, output: [], errors: [])
    let failure = drain(
      output.read, errors.read, into: &result,
      deadline: deadline, limit: outputLimit)
    if failure != 0 { kill(-pid, SIGKILL) }
    // A child that closed its streams and goes on has the rest of its time, no more.
    var status: Int32 = 0
    while waitpid(pid, &status, WNOHANG) == 0 {
      if Clock.monotonic > deadline { kill(-pid, SIGKILL) }
      usleep(200)
    }
    guard failure == 0 else { throw SystemError("finish running", program, code: failure) }
    result.signal = cposix_wait_signal(status)
    result.exitCode = result.signal == 0 ? cposix_wait_exit_code(status) : 0
    return result
  }

  private struct Pipe {
    var read: Int32 = -1
    var write: Int32 = -1
    init(_ program: String) throws(SystemError) {
      var ends: [Int32] = [-1, -1]
      guard cposix_pipe_cloexec(&ends) == 0 else { throw SystemError("make a pipe for", program) }
      read = ends[0]
      write = ends[1]
    }
  }

  private static func startOrFail(
    _ program: String, _ arguments: [String], environment: [[UInt8]], directory: String,
    output: Int32, errors: Int32
  ) -> Result<pid_t, SystemError> {
    do throws(SystemError) {
      return .success(
        try start(
          program, arguments, environment: environment, directory: directory, output: output,
          errors: errors))
    } catch {
      return .failure(error)
    }
  }

  private static func start(
    _ program: String, _ arguments: [String], environment: [[UInt8]], directory: String,
    output: Int32, errors: Int32
  ) throws(SystemError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    posix_spawn_file_actions_addchdir_np(&actions, directory)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    let argv = CStrings(([program] + arguments).map { Array($0.utf8) })
    let envp = CStrings(environment)
    var pid: pid_t = 0
    let failure = posix_spawn(&pid, program, &actions, &attributes, argv.pointers, envp.pointers)
    guard failure == 0 else { throw SystemError("run", program, code: failure) }
    return pid
  }

  /// Reads both streams to their ends; the error number where a limit was passed.
  private static func drain(
    _ output: Int32, _ errors: Int32, into result: inout ProcessResult, deadline: Int64, limit: Int
  ) -> Int32 {
    var pollers = [
      pollfd(fd: output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
    ]
    var buffer = [UInt8](repeating: 0, count: 65536)
    while pollers.contains(where: { $0.fd >= 0 }) {
      let left = (deadline - Clock.monotonic) / 1_000_000
      guard left > 0 else { return ETIMEDOUT }
      if poll(&pollers, 2, Int32(min(left, 60_000))) < 0 { continue }
      for index in pollers.indices where pollers[index].fd >= 0 && pollers[index].revents != 0 {
        let count = read(pollers[index].fd, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        if count <= 0 {
          pollers[index].fd = -1
        } else if index == 0 {
          result.output.append(contentsOf: buffer[0..<count])
        } else {
          result.errors.append(contentsOf: buffer[0..<count])
        }
      }
      guard result.output.count + result.errors.count <= limit else { return EFBIG }
    }
    return 0
  }
}

/// A NULL-terminated array of C strings, freed with it.
package final class CStrings {
  package let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  package convenience init(_ strings: [String]) {
    self.init(strings.map { Array($0.utf8) })
  }

  package init(_ strings: [[UInt8]]) {
    count = strings.count
    pointers = .allocate(capacity: count + 1)
    for (index, string) in strings.enumerated() {
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: string.count + 1)
      for (position, byte) in string.enumerated() { copy[position] = CChar(bitPattern: byte) }
      copy[string.count] = 0
      pointers[index] = copy
    }
    pointers[count] = nil
  }

  deinit {
    for index in 0..<count { pointers[index]?.deallocate() }
    pointers.deallocate()
  }
}
