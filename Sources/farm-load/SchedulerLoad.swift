import ArgumentParser
import Farm
import Glibc
import NIOCore
import NIOPosix
import Platform
import Transport

/// Loads a scheduler, ours or Mozilla's, as many build servers and clients do. The servers take every job
/// and never run one.
struct SchedulerLoad: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scheduler",
    abstract: "Measures how many jobs a scheduler places, with build servers that do nothing.")

  @Option(help: "Where the scheduler listens, IP:PORT; plain http.")
  var scheduler: String
  @Option(help: "The clients' token.")
  var clientToken: String
  @Option(help: "The key of the servers' tokens (jwt_hs256), base64.")
  var serverKey: String
  @Option(help: "Build servers, each on a port of its own on 127.0.0.1.")
  var servers = 1000
  @Option(
    help: "Processors that a server claims to have: jobs are never ended, so many are needed.")
  var processors = 1024
  @Option(help: "Clients, each with one connection and one question at a time.")
  var clients = 16
  @Option(help: "Seconds that are measured.")
  var seconds = 10
  @Option(help: "Seconds before them.")
  var warmUp = 3
  @Option(help: "Seconds between the heartbeats of a server.")
  var heartbeat = 2
  @Option(help: "Threads of this program.")
  var threads = 1

  func run() async throws {
    guard let address = ServerAddress(scheduler) else {
      throw ValidationError("--scheduler: '\(scheduler)' is not IP:PORT")
    }
    guard let key = Base64URL.decode(serverKey) else {
      throw ValidationError("--server-key: not base64 for URLs")
    }
    guard (1...10_000).contains(servers), clients > 0, seconds > 0, warmUp >= 0, threads > 0 else {
      throw ValidationError("servers from 1 to 10000, and everything else more than 0")
    }
    raiseDescriptorLimit()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
    let report = try await measure(address, key, group)
    try await group.shutdownGracefully()
    print(report)
  }

  private func measure(
    _ scheduler: ServerAddress, _ key: [UInt8], _ group: MultiThreadedEventLoopGroup
  ) async throws -> String {
    // One for all: they share an address, which is what a certificate is for.
    let certificate = try SelfSignedCertificate(
      address: "127.0.0.1:0", ip: "127.0.0.1", nonce: UInt64(getpid()))
    let farm = try await IdleServers(count: servers, certificate, group)
    let heart = Heartbeats(
      farm.addresses, key, certificate, archive: Self.archive, processors: processors)
    let tally = Tally()
    let connector = Connector(scheduler, group)
    let registered = Clock.monotonic
    try await heart.sendOnce(connector)
    let registration = Double(Clock.monotonic - registered) / 1e9
    let start = Clock.monotonic + Int64(warmUp) * 1_000_000_000
    let end = start + Int64(seconds) * 1_000_000_000
    tally.measure(from: start, until: end)
    let before = processorSeconds()
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { [heartbeat] in
        await heart.keepSending(connector, every: heartbeat, until: end)
      }
      for _ in 0..<clients {
        tasks.addTask { [clientToken] in
          await AllocatingClient(clientToken, archive: Self.archive, tally).run(
            connector, until: end)
        }
      }
    }
    let used = processorSeconds() - before
    return tally.json(
      seconds: Double(seconds), registration: registration, servers: servers, clients: clients,
      processorSeconds: used, assignments: farm.assignments)
  }

  /// The toolchain that all servers have.
  private static let archive: ArchiveID = {
    guard let id = ArchiveID(hash: [UInt8](repeating: 7, count: 32)) else {
      preconditionFailure("32 bytes make an id")
    }
    return id
  }()
}

/// The descriptors of a thousand listeners and their connections.
private func raiseDescriptorLimit() {
  var limit = rlimit()
  guard getrlimit(__rlimit_resource_t(7) /* RLIMIT_NOFILE */, &limit) == 0 else { return }
  limit.rlim_cur = limit.rlim_max
  setrlimit(__rlimit_resource_t(7), &limit)
}

/// What this process has used.
private func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
