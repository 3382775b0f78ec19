// The wrapper: forwards one compiler call to the daemon, or becomes the compiler, or becomes
// `sccached` for every other mode. A build never fails or hangs because of the cache: whatever
// goes wrong here ends in running the real compiler.
import CPosix
import CWrapper

/// argv as C hands it over.
typealias CStrings = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// Set for the compiler that a miss runs: a nested call of the wrapper (a compiler that is a
/// script calling `gcc`) then runs its compiler at once instead of waiting for a second token.
let runningMarker: StaticString = "SCCACHE_RUNNING=1"

@c(sccache_main)
func entry(_ count: Int32, _ arguments: CStrings) -> Int32 {
  let words = collect(arguments, Int(count))
  guard let invokedAs = words.first else { return 2 }
  if isOwnName(invokedAs) {
    // `sccache sccache gcc …` is `sccache gcc …`.
    var skipped = 1
    while skipped < words.count, isOwnName(words[skipped]) { skipped += 1 }
    guard skipped < words.count, words[skipped].first != UInt8(ascii: "-"),
      getenv("SCCACHE_START_SERVER") == nil
    else { becomeDaemonProgram(arguments + (skipped - 1)) }
    return compile(Call(words: Array(words[skipped...]), argv: arguments + skipped))
  }
  // Reached as gcc, cc, clang …: by symlink, hard link or copy.
  var named = words
  named[0] = baseName(invokedAs)
  return compile(Call(words: named, argv: arguments))
}

/// One compiler call.
struct Call {
  /// The compiler's name or path, then its arguments.
  var words: [[UInt8]]
  /// The same words as C strings, for exec.
  var argv: CStrings
}

func compile(_ call: Call) -> Int32 {
  if getenv("SCCACHE_RUNNING") != nil { becomeCompiler(call, notice: []) }
  let endpoint = Endpoint.fromEnvironment(user: geteuid()) { name in
    UnsafePointer(getenv(cString(name)))
  }
  var connection: Connection
  do throws(ConnectionFailure) {
    connection = try connectOrStart(endpoint)
  } catch {
    // Nothing was tried: the time of the failure stays, or a long build would never see a new daemon.
    let notice = error == .resting ? [] : once(error.message, at: endpoint)
    becomeCompiler(call, notice: notice)
  }
  guard connection.send(request(for: call)) else {
    becomeCompiler(call, notice: once("the daemon closed the connection", at: endpoint))
  }
  return converse(&connection, call, endpoint)
}

/// Follows the daemon's orders until the call is done.
private func converse(_ connection: inout Connection, _ call: Call, _ endpoint: Endpoint) -> Int32 {
  while true {
    let frame: Frame
    do throws(ConnectionFailure) {
      frame = try connection.receive()
    } catch {
      becomeCompiler(call, notice: once(error.message, at: endpoint))
    }
    switch frame.kind {
    case .alive:
      continue
    case .result:
      guard let outcome = try? Outcome(body: frame.body) else { break }
      return finish(outcome)
    case .decline:
      guard let decline = try? Decline(body: frame.body) else { break }
      if !decline.program.isEmpty { execute(decline.program, call, notice: decline.notice) }
      becomeCompiler(call, notice: decline.notice)
    case .run:
      guard let order = try? RunOrder(body: frame.body) else { break }
      return runHere(order, &connection, call, endpoint)
    default:
      break
    }
    becomeCompiler(
      call, notice: once("the daemon sent what this wrapper doesn't know", at: endpoint))
  }
}

/// The call as the daemon wants it.
private func request(for call: Call) -> [UInt8] {
  var writer = FrameWriter(.compile, capacity: 16384)
  writer.append(
    cposix_is_terminal(2) != 0 ? CompileRequest.standardErrorIsTerminal : 0 as UInt32)
  let mask = umask(0)
  _ = umask(mask)
  writer.append(UInt32(mask))
  var root = RootDirectory(mount: 0, device: 0, inode: 0)
  cposix_root_directory(&root.mount, &root.device, &root.inode)
  writer.append(root)
  var directory = [CChar](repeating: 0, count: 4097)
  if getcwd(&directory, directory.count) == nil { directory[0] = 0 }
  writer.append(cString: directory)
  writer.append(UInt32(call.words.count))
  for word in call.words { writer.append(word) }
  let environment = cposix_environ()
  var count = 0
  while environment?[count] != nil { count += 1 }
  writer.append(UInt32(count))
  for index in 0..<count {
    if let variable = environment?[index] { writer.append(cString: variable) }
  }
  return writer.finish()
}

/// Shows what the compilation printed and ends as it ended.
func finish(_ outcome: Outcome) -> Int32 {
  writeAll(2, outcome.notice)
  writeAll(1, outcome.standardOutput)
  writeAll(2, outcome.standardError)
  if outcome.ending.signal != 0 {
    cwrapper_die_of(outcome.ending.signal)
    return 128 + outcome.ending.signal
  }
  return outcome.ending.exitCode
}
