import Compilers
import CPosix
import Glibc
import Platform
import Wire

/// Has the caller's wrapper run the compiler, and waits for what comes of it.
final class LocalRun<Work: CacheableWork> {
  private let cacheable: Work
  private let pipeline: CompilePipeline
  /// How long the compiler ran.
  private(set) var duration: Duration = .zero
  /// When it was ordered to run, as files are stamped: what is younger may not be what it read.
  private(set) var startStamp: Int64 = 0
  /// The names in the directories that it searches, from right before it was started.
  private(set) var snapshot: DirectorySnapshot?

  init(_ cacheable: Work, pipeline: CompilePipeline) {
    self.cacheable = cacheable
    self.pipeline = pipeline
  }

  private var channel: Channel { cacheable.call.channel }

  /// What the compiler did; nil when the caller is gone, and the compiler then ended.
  ///
  /// - Parameters:
  ///   - added: arguments put in front of the caller's.
  ///   - isRecorded: the result is to be stored.
  func perform(added: [String], isRecorded: Bool = false) -> Outcome? {
    cacheable.call.slot.giveBack()
    return pipeline.withToken(cacheable.call) { run(added: added, isRecorded: isRecorded) }
  }

  private func run(added: [String], isRecorded: Bool) -> Outcome? {
    cacheable.waitForTick()
    startStamp = Clock.coarse
    if isRecorded { snapshot = cacheable.snapshot(pipeline, startStamp: startStamp) }
    let started = Clock.monotonic
    defer { duration = .nanoseconds(Clock.monotonic - started) }
    let arguments = cacheable.arguments(adding: cacheable.colourArguments + added)
    let order = RunOrder(
      program: Array(cacheable.program.utf8), arguments: cacheable.argv(arguments),
      notice: cacheable.call.noticeBytes, isStreamed: cacheable.isStreamed)
    guard channel.send(order.frame()) else { return nil }
    channel.isAwaited(false)
    return follow()
  }

  private func follow() -> Outcome? {
    var child = RunningChild()
    while true {
      let message: Channel.Message
      do throws(Channel.Failure) {
        message = try channel.receive(within: nil)
      } catch {
        child.end()
        return nil
      }
      switch message.kind {
      case .started:
        var reader = FrameReader(message.body)
        if let pid = try? reader.readUInt32() { child = RunningChild(pid: pid_t(bitPattern: pid)) }
      case .report:
        channel.isAwaited(true)
        return try? Outcome(body: message.body)
      default:
        child.end()
        return nil
      }
    }
  }
}

extension CacheableWork {
  /// When an input, or the source's directory, was touched just now, the next tick of the file clock is waited
  /// for, so that "older than the start" is certain for everything written before.
  func waitForTick() {
    let latest =
      freshInputs.lazy
      .map { FileStamp(path: absolute($0))?.latest ?? 0 }.max() ?? 0
    let tick = Clock.coarse
    guard latest + freshness >= tick else { return }
    for _ in 0..<30 where Clock.coarse == tick { usleep(500) }
  }
}

/// The caller's compiler, which ends when the caller does.
private struct RunningChild: ~Copyable {
  private let pid: pid_t
  private let handle: Descriptor

  init() {
    pid = 0
    handle = Descriptor(-1)
  }

  init(pid: pid_t) {
    self.pid = pid
    handle = Descriptor(pid > 1 ? cposix_pidfd_open(pid) : -1)
  }

  /// Ends its process group, if the process that we were told of still is there: a number that the
  /// kernel gave to another one meanwhile is left alone.
  func end() {
    guard handle.number >= 0 else { return }
    var poller = pollfd(fd: handle.number, events: Int16(POLLIN), revents: 0)
    guard poll(&poller, 1, 0) == 0 else { return }
    kill(-pid, SIGTERM)
  }
}

enum Machine {
  /// Processors that this process may use.
  static var cores: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
