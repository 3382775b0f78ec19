import ArgumentParser
import Farm
import FarmServices
import Glibc
import Logging
import Platform
import Settings
import Transport
import WebServer
import UnixSignals

/// `sccache-dist scheduler`.
struct SchedulerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scheduler", abstract: "Assigns the clients' jobs to build servers.")

  @Option(help: "The configuration file (TOML, or JSON if its name ends so).")
  var config: String
  @Option(help: "Accepted for compatibility: logs go to standard error, at this level.")
  var syslog: String?

  func run() async throws {
    let settings = try loadConfiguration(config) { path, text throws(SettingsError) in
      try SchedulerSettings(path: path, text: text)
    }
    let identity = try settings.tls.map { tls in
      HTTPServerIdentity(
        certificates: try readPEM(tls.certificate), key: try readPEM(tls.key))
    }
    guard Background.isForeground else {
      try Background.start()
      return
    }
    raiseDescriptorLimit()
    let logger = makeLogger("scheduler", syslog)
    let service = SchedulerService(settings, logger: logger)
    let server = HTTPServer(
      host: settings.publicAddress.host.description, port: Int(settings.publicAddress.port),
      identity: identity, logger: logger
    ) { head, body, isWanted in
      await service.reply(to: head, body, isWanted)
    }
    do {
      try await runUntilSignal {
        try await server.run { port in
          logger.info("the scheduler listens", metadata: ["port": "\(port)"])
          Background.isReady()
        }
      } alongside: {
        await service.keepTime()
      }
    } catch {
      throw CommandFailure(
        message: "the scheduler can't listen on \(settings.publicAddress)", causes: ["\(error)"])
    }
  }

  private func readPEM(_ path: String) throws -> [UInt8] {
    guard let bytes = try? Files.read(path, limit: 1 << 20) else {
      throw CommandFailure(message: "\(path) can't be read: it is named by the configuration")
    }
    return bytes
  }
}

/// Runs both until SIGTERM or SIGINT comes, and what is to be done then, or until the first ends.
func runUntilSignal(
  _ main: @escaping @Sendable () async throws -> Void,
  alongside: @escaping @Sendable () async -> Void,
  onSignal: @escaping @Sendable () async -> Void = {}
) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await main() }
    group.addTask { await alongside() }
    group.addTask {
      for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
        await onSignal()
        return
      }
    }
    _ = try await group.next()
    group.cancelAll()
    try await group.waitForAll()
  }
}

/// The level is `SCCACHE_LOG`'s, or the option's.
func makeLogger(_ label: String, _ level: String?) -> Logger {
  var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
  let wanted = getenv("SCCACHE_LOG").map { String(cString: $0) } ?? level ?? "info"
  logger.logLevel = Logger.Level(rawValue: wanted == "warn" ? "warning" : wanted) ?? .info
  return logger
}
