import ArgumentParser
import CPosix
import Farm
import FarmServices
import Glibc
import Logging
import Platform
import Sandbox
import Settings
import Transport
import WebServer

/// `sccache-dist server`.
struct ServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "server", abstract: "Compiles jobs in sandboxes.")

  @Option(help: "The configuration file (TOML, or JSON if its name ends so).")
  var config: String
  @Option(help: "Accepted for compatibility: logs go to standard error, at this level.")
  var syslog: String?
  @Flag(help: "Tell what this host lacks for safe jobs, line by line, and end.")
  var check = false
  /// Seconds that jobs may still take after SIGTERM.
  private static let drainSeconds = 1200

  func run() async throws {
    let settings = try loadConfiguration(config) { path, text throws(SettingsError) in
      try BuildServerSettings(path: path, text: text)
    }
    let blocking = BlockingThreads(limit: 1)
    let configuration = try hostConfiguration(settings)
    // The slots' users have to enter the directories that are made here, whatever the caller's mask.
    umask(0o022)
    if check {
      let found = await blocking.run {
        // As the server does it, so that a host on which none ever ran can be asked; a failure shows
        // in the check.
        try? Files.makeDirectories(configuration.toolchains, mode: 0o711)
        return Check(configuration)
      }
      for line in found.lines { print(line) }
      if !found.allowsJobs { throw ExitCode(1) }
      return
    }
    raiseDescriptorLimit()
    let logger = makeLogger("server", syslog)
    let slots = settings.slots ?? Self.capacity
    let prepared = await blocking.run {
      () -> Result<(SandboxRunner, ToolchainTrees), CommandFailure> in
      do {
        let trees = try ToolchainTrees(
          directory: configuration.toolchains, limit: settings.toolchainCacheSize)
        return .success((try SandboxRunner(configuration, settings, slots: slots), trees))
      } catch {
        return .failure(
          CommandFailure(
            message:
              "the sandbox can't be made; `sccache-dist server --check` tells what is missing",
            causes: ["\(error)"]))
      }
    }
    let (runner, trees) = try prepared.get()
    let credentials = try credentials(settings)
    let service = WorkerService(
      settings, credentials: credentials, runner: runner, trees: trees, slots: slots, logger: logger
    )
    let server = HTTPServer(
      host: settings.bindAddress.host.description, port: Int(settings.bindAddress.port),
      identity: HTTPServerIdentity(
        certificates: credentials.certificate.certificatePEM, key: credentials.certificate.keyPEM),
      logger: logger
    ) { head, body, isWanted in
      await service.reply(to: head, body, isWanted)
    }
    do {
      try await runUntilSignal {
        try await server.run { port in
          logger.info("the server listens", metadata: ["port": "\(port)", "slots": "\(slots)"])
        }
      } alongside: {
        await service.keepInTouch()
      } onSignal: {
        logger.info("no new jobs are taken; those that run may finish")
        await service.drain(seconds: Self.drainSeconds)
        await blocking.run { runner.end() }
        Self.exitSoon()
      }
    } catch {
      throw CommandFailure(
        message: "the server can't listen on \(settings.bindAddress)", causes: ["\(error)"])
    }
  }

  /// All is done but the last answers on their way. Connections that others keep open, and don't read from
  /// while they are idle, could hold up the orderly end of TLS for half a minute.
  private static func exitSoon() {
    _ = startThread {
      sleep(3)
      Glibc.exit(0)
    }
  }

  /// As many jobs as the scheduler gives to a server with so many cores.
  private static var capacity: Int {
    let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    return cores + 1 + cores / 8
  }

  private func hostConfiguration(_ settings: BuildServerSettings) throws -> Host.Configuration {
    var configuration = Host.Configuration(
      state: settings.buildDirectory, toolchains: settings.cacheDirectory + "/trees",
      runner: try runnerProgram(),
      identity: geteuid() == 0 ? .separate(first: settings.firstUser) : .own)
    configuration.bubblewrap = settings.bubblewrap
    // Not every host has them for us; `--check` says so.
    configuration.requiresControlGroups = false
    if let memory = settings.jobMemory { configuration.slotLimits.memory = memory }
    return configuration
  }

  /// Beside this program, or where `scripts/install` puts it.
  private func runnerProgram() throws -> String {
    let own = (realpath("/proc/self/exe", nil)).map { path in
      defer { free(path) }
      return String(cString: path)
    }
    let directory = Path.directory(of: own ?? "")
    let places = ["\(directory)/sccache-runner", "\(directory)/../libexec/sccache/sccache-runner"]
    guard let found = places.first(where: { FileStamp(path: $0)?.isExecutable ?? false }) else {
      throw CommandFailure(
        message: "sccache-runner is not beside sccache-dist: install both with scripts/install")
    }
    return found
  }

  private func credentials(
    _ settings: BuildServerSettings
  ) throws -> WorkerService.Credentials {
    let nonce = try randomBytes(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    do throws(SelfSignedCertificate.Failure) {
      return WorkerService.Credentials(
        jobKey: try randomKey(), nonce: nonce,
        certificate: try SelfSignedCertificate(
          address: settings.publicAddress.description, ip: settings.publicAddress.host.description,
          nonce: nonce))
    } catch {
      throw CommandFailure(message: "\(error)")
    }
  }

  private func randomKey() throws(SelfSignedCertificate.Failure) -> [UInt8] {
    guard let bytes = try? randomBytes(32) else { throw .openSSL("no random bytes") }
    return bytes
  }
}
