import CPosix
import Glibc
import Logging
import Platform
import Settings
import Storage
import Wire

/// The daemon as a process: started in a session of its own, holding nothing of whoever started it.
enum DaemonProcess {
  /// The only argument of a daemon that was started by the wrapper or the command line; descriptor 3
  /// then takes one byte when it listens, and a reason when it does not.
  static let argument = "--internal-serve"
  private static let readyDescriptor: Int32 = 3
  private static let listening = UInt8(ascii: "1")
  private static let addressInUse = UInt8(ascii: "A")
  private static let failed = UInt8(ascii: "E")

  enum Start {
    case listening
    case failed(String)
    case timedOut
  }

  // MARK: being it

  static func serve(reportingReadiness: Bool) -> Int32 {
    let mask = umask(0)
    cposix_close_from(UInt32(reportingReadiness ? readyDescriptor + 1 : readyDescriptor))
    if reportingReadiness { setsid() }
    chdir("/")
    signal(SIGPIPE, SIG_IGN)
    signal(SIGHUP, SIG_IGN)
    // Many threads that allocate little: more arenas only take memory.
    cposix_limit_arenas(4)
    let settings: Settings
    do throws(SettingsError) {
      settings = try SettingsLoading.load()
    } catch {
      return giveUp(([error.message] + error.causes).joined(separator: ": "), reportingReadiness)
    }
    if let reason = openErrorLog(settings) { return giveUp(reason, reportingReadiness) }
    let endpoint = Endpoint.fromProcessEnvironment()
    let runtimeDirectory = String(
      decoding: Endpoint.runtimeDirectory(user: geteuid()), as: UTF8.self)
    mkdir(runtimeDirectory, 0o700)
    guard isPrivate(runtimeDirectory) else {
      return giveUp(
        "\(runtimeDirectory) is not a private directory of this user", reportingReadiness)
    }
    let listener: Listener
    do throws(Listener.Failure) {
      listener = try Listener(endpoint)
    } catch {
      switch error {
      case .addressInUse:
        if reportingReadiness { report(addressInUse, "Address in use") }
        return reportingReadiness ? 0 : Terminal.fail("Server startup failed: Address in use")
      case .system(let error):
        return giveUp(error.description, reportingReadiness)
      }
    }
    removeMarker(runtimeDirectory, endpoint)
    let daemon: Daemon
    do throws(BackendProblem) {
      daemon = try Daemon(
        settings: settings, endpoint: endpoint, runtimeDirectory: runtimeDirectory,
        umask: UInt32(mask), logger: makeLogger(settings))
    } catch {
      return giveUp(error.description, reportingReadiness)
    }
    stopOnSignals(daemon)
    daemon.run(listener) { if reportingReadiness { report(listening, "") } }
    return 0
  }

  private static func giveUp(_ reason: String, _ reportingReadiness: Bool) -> Int32 {
    if reportingReadiness {
      report(failed, reason)
      return 2
    }
    return Terminal.fail("Server startup failed: \(reason)")
  }

  private static func report(_ code: UInt8, _ text: String) {
    let bytes = [code] + Array(text.utf8)
    _ = write(readyDescriptor, bytes, bytes.count)
    close(readyDescriptor)
  }

  private static func openErrorLog(_ settings: Settings) -> String? {
    guard let path = settings.errorLog else { return nil }
    do throws(SystemError) {
      let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
      dup2(file.number, 2)
      return nil
    } catch {
      return error.description
    }
  }

  private static func isPrivate(_ directory: String) -> Bool {
    guard let stamp = FileStamp.ofLink(path: directory) else { return false }
    var status = stat()
    return stamp.isDirectory && stamp.mode & 0o022 == 0 && lstat(directory, &status) == 0
      && status.st_uid == geteuid()
  }

  /// A new daemon: the warning about an old one may be said again.
  private static func removeMarker(_ directory: String, _ endpoint: Endpoint) {
    unlink("\(directory)/\(String(decoding: endpoint.markerName, as: UTF8.self)).said")
  }

  private static func makeLogger(_ settings: Settings) -> Logger {
    guard let filter = settings.logFilter, !filter.isEmpty else {
      return Logger(label: "sccache") { _ in SwiftLogNoOpLogHandler() }
    }
    var logger = Logger(label: "sccache") { StreamLogHandler.standardError(label: $0) }
    let level = filter.split(separator: ",").last?.split(separator: "=").last.map(String.init) ?? ""
    logger.logLevel =
      switch level {
      case "trace": .trace
      case "info": .info
      case "warn": .warning
      case "error": .error
      default: .debug
      }
    return logger
  }

  /// SIGTERM and SIGINT stop the daemon as `--stop-server` does. Blocked before any thread exists.
  private static func stopOnSignals(_ daemon: Daemon) {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    _ = startThread {
      var signals = sigset_t()
      sigemptyset(&signals)
      sigaddset(&signals, SIGTERM)
      sigaddset(&signals, SIGINT)
      var number: Int32 = 0
      while sigwait(&signals, &number) != 0 {}
      daemon.stop()
    }
  }

  // MARK: starting it

  static func start(timeoutMilliseconds: Int) -> Start {
    var ends: [Int32] = [-1, -1]
    guard cposix_pipe_cloexec(&ends) == 0 else { return .failed("no pipe could be made") }
    defer { close(ends[0]) }
    let failure = spawn(ready: ends[1])
    close(ends[1])
    if let failure { return .failed(failure) }
    var answer: [UInt8] = []
    let deadline = Clock.monotonic + Int64(timeoutMilliseconds) * 1_000_000
    while true {
      let left = (deadline - Clock.monotonic) / 1_000_000
      guard left > 0 else { return .timedOut }
      var poller = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
      guard poll(&poller, 1, Int32(clamping: left)) > 0 else { continue }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = read(ends[0], &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      answer += buffer[0..<count]
    }
    guard let code = answer.first else {
      return .failed("the daemon ended at once (see SCCACHE_ERROR_LOG)")
    }
    return code == listening
      ? .listening : .failed(String(decoding: answer.dropFirst(), as: UTF8.self))
  }

  private static func spawn(ready: Int32) -> String? {
    guard let own = ProgramLookup.realPath("/proc/self/exe") else { return "/proc is not mounted" }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor: Int32 in 0...2 {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, ready, readyDescriptor)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(cposix_spawn_setsid()))
    let arguments = CStrings([own, argument])
    var pid: pid_t = 0
    let failure = posix_spawn(
      &pid, own, &actions, &attributes, arguments.pointers, cposix_environ())
    return failure == 0 ? nil : SystemError("run", own, code: failure).description
  }
}
