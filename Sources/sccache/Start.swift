import CPosix
import CWrapper

/// A connection to the daemon, which is started first where none listens. When many wrappers race,
/// the one that holds the lock file starts it and the others wait.
func connectOrStart(_ endpoint: Endpoint) throws(ConnectionFailure) -> Connection {
  do throws(ConnectionFailure) {
    return try Connection(endpoint)
  } catch {
    guard case .notListening = error else { throw error }
  }
  // It failed a moment ago: not every compilation shall wait for that again.
  if failedLately(endpoint) { throw .resting }
  let limit = Int(milliseconds("SCCACHE_STARTUP_TIMEOUT_MS", default: 10000))
  let lock = openLock(endpoint)
  defer { if lock >= 0 { close(lock) } }
  var waited = 0
  while waited <= limit {
    if lock < 0 || flock(lock, LOCK_EX | LOCK_NB) == 0 {
      if let connection = try? Connection(endpoint) { return connection }
      try startDaemon(limit: limit - waited)
      return try Connection(endpoint)
    }
    usleep(2000)
    waited += 2
    if let connection = try? Connection(endpoint) { return connection }
  }
  throw .startFailed
}

/// The file whose lock says "I am starting the daemon", or -1 where it can't be made.
private func openLock(_ endpoint: Endpoint) -> Int32 {
  let directory = Endpoint.runtimeDirectory(user: geteuid())
  _ = mkdir(terminated(directory), 0o700)
  guard isPrivate(directory) else { return -1 }
  return cposix_open(
    terminated(directory + bytes("/") + endpoint.markerName + bytes(".lock")),
    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
}

/// Ours, a real directory, and closed to everybody else: what lies in it can be trusted.
func isPrivate(_ directory: [UInt8]) -> Bool {
  var status = stat()
  return lstat(terminated(directory), &status) == 0 && status.st_mode & 0o170000 == 0o040000
    && status.st_uid == geteuid() && status.st_mode & 0o022 == 0
}

/// Starts `sccached` and waits until it says on descriptor 3 that it listens.
private func startDaemon(limit: Int) throws(ConnectionFailure) {
  let program = daemonProgram()
  guard !program.isEmpty else { throw .noDaemonProgram }
  var ends: (Int32, Int32) = (-1, -1)
  let made = withUnsafeMutableBytes(of: &ends) {
    cposix_pipe_cloexec($0.baseAddress!.assumingMemoryBound(to: Int32.self))
  }
  guard made == 0 else { throw .startFailed }
  let pid = withCStrings([program, bytes("--internal-serve")]) { arguments in
    cwrapper_start_daemon(arguments[0], arguments, cposix_environ(), ends.1)
  }
  close(ends.1)
  defer { close(ends.0) }
  guard pid > 0 else { throw .startFailed }
  var poller = pollfd(fd: ends.0, events: Int16(POLLIN), revents: 0)
  while true {
    let ready = poll(&poller, 1, Int32(limit))
    if ready < 0, cposix_errno() == EINTR { continue }
    var answer: UInt8 = 0
    // "A": another daemon listens there already.
    guard ready == 1, read(ends.0, &answer, 1) == 1,
      answer == UInt8(ascii: "1") || answer == UInt8(ascii: "A")
    else {
      throw .startFailed
    }
    return
  }
}

/// The line that a person sees when the cache can't be used, at most once per daemon: the first to
/// make the marker file beside the socket says it; a new daemon removes the file.
func once(_ message: StaticString, at endpoint: Endpoint) -> [UInt8] {
  if let path = markerPath(endpoint, make: true) {
    let marker = cposix_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard marker >= 0 else {
      // Its time says when the daemon last failed a call.
      utimes(path, nil)
      return []
    }
    close(marker)
  }
  return bytes("sccache: warning: ") + bytes(message) + bytes(", compiling without the cache\n")
}

private func markerPath(_ endpoint: Endpoint, make: Bool = false) -> [CChar]? {
  let directory = Endpoint.runtimeDirectory(user: geteuid())
  // Who never started a daemon has none yet.
  if make { _ = mkdir(terminated(directory), 0o700) }
  return isPrivate(directory)
    ? terminated(directory + bytes("/") + endpoint.markerName + bytes(".said")) : nil
}

/// Whether the daemon failed a call in the last seconds. A new daemon removes the marker.
func failedLately(_ endpoint: Endpoint) -> Bool {
  guard let path = markerPath(endpoint) else { return false }
  var status = stat()
  guard lstat(path, &status) == 0 else { return false }
  let age = time(nil) - status.st_mtim.tv_sec
  return age >= 0 && age < 10
}
