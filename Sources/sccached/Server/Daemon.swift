import CPosix
import Glibc
import Logging
import Platform
import Settings
import Storage
import Wire

/// The daemon: owns the socket, the cache and the statistics, and serves until it is idle for long
/// enough or told to stop.
final class Daemon: Sendable {
  private let settings: Settings
  private let pipeline: CompilePipeline
  private let statistics: StatisticsKeeper
  private let store: TieredStore
  private let home = Peer.Home()
  private let ownPort: UInt16?
  private let said = SaidOnce()
  private let heartbeat = Heartbeat()
  private let slots = WorkSlots(count: max(4, 2 * Machine.cores))
  private let stopper = Monitor<Bool>(false)

  private static let maximumConnections = 1024
  /// A report of a run must fit, whatever Mozilla's limit for its own frames was set to.
  private var frameLimit: Int { max(settings.maximumFrameLength, FrameHeader.defaultMaximumBody) }

  init(
    settings: Settings, endpoint: Endpoint, runtimeDirectory: String, umask: UInt32, logger: Logger
  ) throws(BackendProblem) {
    self.settings = settings
    if case .port(let port) = endpoint { ownPort = port } else { ownPort = nil }
    store = try TieredStore(settings, umask: umask, variable: { ProcessEnvironment.value($0) })
    statistics = StatisticsKeeper(path: Self.statisticsPath(settings, endpoint))
    pipeline = CompilePipeline(
      settings: settings, store: store, statistics: statistics, runtimeDirectory: runtimeDirectory,
      logger: logger)
  }

  /// Each user and socket has statistics of its own, beside the cache.
  static func statisticsPath(_ settings: Settings, _ endpoint: Endpoint) -> String {
    let name =
      switch endpoint {
      case .path(let path): Path.name(of: String(decoding: path, as: UTF8.self))
      case .abstract(let name):
        String(decoding: name, as: UTF8.self).map { $0 == "/" ? "_" : String($0) }.joined()
      case .port(let port): "port\(port)"
      }
    return "\(settings.disk.directory)/statistics-\(geteuid())-\(name)"
  }

  /// Serves until the end.
  func run(_ listener: Listener, ready: () -> Void) {
    let server = Server(listener: listener, maximumConnections: Self.maximumConnections) { [self] in
      serve(Channel($0, maximumBody: frameLimit))
    }
    heartbeat.start()
    server.start()
    ready()
    let idleLimit = Int64(settings.idleTimeoutSeconds) * 1_000_000_000
    while true {
      let stops = stopper.wait(until: Clock.monotonic + 2_000_000_000) { $0 ? true : nil } ?? false
      statistics.save()
      if stops { break }
      if server.isIdle(for: 10_000_000_000) { pipeline.directories.forgetNames() }
      if idleLimit > 0, server.isIdle(for: idleLimit) { break }
    }
    server.stop()
    // What runs may finish; a compilation has no limit of ours, so neither has this.
    while !server.drain(seconds: 60) { statistics.save() }
    store.finish(
      until: Clock.monotonic + Int64(settings.remoteLimits.flushMilliseconds) * 1_000_000)
    statistics.save()
  }

  func stop() {
    stopper.change { $0 = true }
  }

  private func serve(_ channel: Channel) {
    let isOurs =
      if let ownPort {
        Peer.isOurs(peerPort: channel.peerPort, ownPort: ownPort)
      } else {
        Peer.isOurs(channel.descriptor)
      }
    guard isOurs else { return }
    // One connection may carry several requests of the command line.
    while let message = try? channel.receive(within: 10) {
      switch message.kind {
      case .compile:
        compile(channel, message.body)
        return
      case .control:
        guard let request = try? ControlRequest(body: message.body) else { return }
        control(channel, request)
      default:
        return
      }
    }
  }

  // MARK: compilations

  private func compile(_ channel: Channel, _ body: [UInt8]) {
    guard let request = try? CompileRequest(body: body) else { return }
    heartbeat.watch(channel)
    defer { heartbeat.forget(channel) }
    guard home.sees(request.root, peer: channel.descriptor) else {
      let notice =
        said.first("files")
        ? "sccache: warning: the daemon sees other files than this process (a container?), compiling without the cache\n"
        : ""
      channel.send(Decline(program: [], notice: Array(notice.utf8)).frame())
      return
    }
    guard let call = decode(request, channel) else {
      channel.send(Decline(program: []).frame())
      return
    }
    pipeline.handle(call)
    call.slot.giveBack()
  }

  /// Nil when a word is not UTF-8: then nothing is cached.
  private func decode(_ request: CompileRequest, _ channel: Channel) -> Call? {
    func text(_ bytes: [UInt8]) -> String? { String(validating: bytes, as: UTF8.self) }
    var arguments: [String] = []
    arguments.reserveCapacity(request.arguments.count)
    for argument in request.arguments {
      guard let argument = text(argument) else { return nil }
      arguments.append(argument)
    }
    let environment = RequestEnvironment(variables: request.environment)
    guard let physical = text(request.directory), physical.hasPrefix("/"), !arguments.isEmpty else {
      return nil
    }
    let directory = Self.logicalDirectory(physical, environment)
    let requestSettings = RequestSettings(environmentLookup: environment.value, defaults: settings)
    return Call(
      channel: channel, slot: slots.take(), environment: environment, settings: requestSettings,
      umask: request.umask,
      errorsGoToTerminal: request.flags & CompileRequest.standardErrorIsTerminal != 0,
      directory: directory, physicalDirectory: physical, command: arguments[0],
      arguments: Array(arguments.dropFirst()),
      notice: notice(environment, requestSettings))
  }

  /// The directory's name as compilers write it into debug information: `PWD` where that is a name of
  /// the same directory.
  private static func logicalDirectory(_ physical: String, _ environment: RequestEnvironment)
    -> String
  {
    guard let named = environment.value("PWD"), named != physical, named.hasPrefix("/"),
      let stamp = FileStamp(path: named), let own = FileStamp(path: physical),
      stamp.device == own.device, stamp.inode == own.inode
    else { return physical }
    return named
  }

  /// What the caller ought to know, said once each: settings that are wrong, or that only a new daemon
  /// could honour.
  private func notice(_ environment: RequestEnvironment, _ request: RequestSettings) -> String {
    var warnings = settings.warnings + request.warnings
    let names = settings.startupVariables.differences(from: environment.variables)
    if !names.isEmpty {
      warnings.append(
        "\(names.joined(separator: ", ")) differs from what the running daemon was started with and is "
          + "ignored; run `sccache --stop-server` to have it honoured")
    }
    warnings += store.takeNotices()
    return warnings.filter(said.first).map { "sccache: warning: \($0)\n" }.joined()
  }

  // MARK: command line

  private func control(_ channel: Channel, _ request: ControlRequest) {
    switch request {
    case .statistics(let advanced, let json):
      channel.send(text(report(advanced: advanced, json: json)))
    case .zero:
      statistics.zero()
      channel.send(text(""))
    case .stop:
      channel.send(text(report(advanced: false, json: false)))
      stop()
    case .distStatus:
      channel.send(text(FarmReport.text(settings, client: pipeline.distribution?.client)))
    }
  }

  private func text(_ text: String) -> [UInt8] {
    var writer = FrameWriter(.text)
    writer.append(Array(text.utf8))
    return writer.finish()
  }

  private func report(advanced: Bool, json: Bool) -> String {
    let report = StatisticsReport(
      settings: settings, statistics: statistics.current, store: store,
      used: store.disk?.usage())
    return json ? report.json() : report.text(advanced: advanced)
  }
}

/// Remembers what was said already.
final class SaidOnce: Sendable {
  private let said = Monitor<Set<String>>([])

  func first(_ text: String) -> Bool {
    said.withLock { said in
      guard said.count < 1000 else { return false }
      return said.insert(text).inserted
    }
  }
}

extension Channel {
  /// The other end's port on loopback.
  var peerPort: UInt16 {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let known = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &size) }
    }
    return known == 0 ? UInt16(bigEndian: address.sin_port) : 0
  }
}

/// What the command line asks of a running daemon.
enum ControlRequest: Sendable {
  case statistics(advanced: Bool, json: Bool)
  case zero
  case stop
  case distStatus

  init(body: [UInt8]) throws(WireError) {
    var reader = FrameReader(body)
    let code = try reader.readUInt32()
    guard reader.isAtEnd else { throw .malformed }
    switch code {
    case 1: self = .statistics(advanced: false, json: false)
    case 2: self = .statistics(advanced: true, json: false)
    case 3: self = .statistics(advanced: false, json: true)
    case 4: self = .zero
    case 5: self = .stop
    case 6: self = .distStatus
    default: throw .malformed
    }
  }

  func frame() -> [UInt8] {
    var writer = FrameWriter(.control)
    let code: UInt32 =
      switch self {
      case .statistics(_, true): 3
      case .statistics(true, false): 2
      case .statistics(false, false): 1
      case .zero: 4
      case .stop: 5
      case .distStatus: 6
      }
    writer.append(code)
    return writer.finish()
  }
}
