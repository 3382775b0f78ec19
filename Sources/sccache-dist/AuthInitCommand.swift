import ArgumentParser
import CPosix
import Farm
import Glibc
import Platform
import Settings

/// `sccache-dist auth init`: everything that a farm is configured with, at once. Ours; Mozilla's has
/// only the commands beside it.
struct AuthInitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Writes the configuration files of a whole farm, with new keys and tokens.",
    discussion: """
      DIRECTORY gets scheduler.toml, a server-N.toml for each --server, and client.toml, all with \
      mode 0600. Nothing is overwritten. What goes where is printed.
      """)

  @Argument(help: "Where to write them; made where it is missing.")
  var directory: String
  @Option(help: "The scheduler's address, IP:PORT.")
  var scheduler: String
  @Option(
    parsing: .upToNextOption,
    help: "A build server's address as clients see it, IP:PORT; several, or the option again.")
  var server: [String]
  @Option(help: "How clients and servers reach the scheduler, where its address is not the way.")
  var schedulerURL: String?
  @Option(help: "The scheduler's certificates (PEM), for https; a path on its machine.")
  var tlsCertificate: String?
  @Option(help: "The key of the certificate.")
  var tlsKey: String?
  @Option(help: "Where the servers keep toolchains.")
  var cacheDir = FarmFiles.cacheDirectory
  @Option(help: "Where the servers keep their state.")
  var buildDir = FarmFiles.buildDirectory
  @Option(help: "bubblewrap on the servers.")
  var bwrapPath = FarmFiles.bubblewrap

  func run() throws {
    let plan = try plan()
    let key = try randomBytes(32)
    let secrets = FarmFiles.Secrets(
      schedulerKey: Secret(Base64URL.encode(key)),
      clientToken: Secret(Base64URL.encode(try randomBytes(32))),
      serverTokens: plan.servers.map { Secret(ServerToken(server: $0).signed(with: key)) })
    let files = FarmFiles(plan, secrets)
    try check(files)
    try write(files)
    print(explanation(plan, files))
  }

  private func plan() throws -> FarmFiles.Plan {
    var plan = FarmFiles.Plan(
      scheduler: try address(scheduler, "--scheduler"),
      servers: try server.map { try address($0, "--server") }, cacheDirectory: cacheDir,
      buildDirectory: buildDir, bubblewrap: bwrapPath)
    plan.schedulerURL = schedulerURL
    switch (tlsCertificate, tlsKey) {
    case (nil, nil): break
    case (let certificate?, let key?): plan.tls = (certificate, key)
    default: throw CommandFailure(message: "--tls-certificate and --tls-key go together")
    }
    if let problem = plan.problem { throw CommandFailure(message: problem) }
    return plan
  }

  private func address(_ text: String, _ option: String) throws -> SocketAddress {
    guard let address = SocketAddress(text) else {
      throw CommandFailure(
        message: "\(option) must be IP:PORT, as 10.0.0.1:10501 or [::1]:10501, found \"\(text)\"")
    }
    return address
  }

  /// What the programs would refuse is refused here, before anything is written.
  private func check(_ files: FarmFiles) throws {
    do throws(SettingsError) {
      _ = try SchedulerSettings(path: files.scheduler.name, text: files.scheduler.text)
      for file in files.servers { _ = try BuildServerSettings(path: file.name, text: file.text) }
    } catch {
      throw CommandFailure(message: error.message, causes: error.causes)
    }
  }

  /// All of them or none.
  private func write(_ files: FarmFiles) throws {
    var written: [String] = []
    do throws(SystemError) {
      try Files.makeDirectories(directory, mode: 0o700)
      for file in files.all {
        let path = Path.join(directory, file.name)
        let target = try Descriptor.open(
          path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        written.append(path)
        try target.write(Array(file.text.utf8), path: path)
      }
    } catch {
      for path in written { unlink(path) }
      guard error.code == EEXIST else { throw CommandFailure(message: "\(error)") }
      throw CommandFailure(
        message:
          "there is a farm in \(directory) already: \(error.path) exists; nothing was written")
    }
  }

  private func explanation(_ plan: FarmFiles.Plan, _ files: FarmFiles) -> String {
    var lines = ["Written to \(directory); keep them secret, and copy", ""]
    func copy(_ file: FarmFiles.File, to host: String, as name: String, _ program: String) {
      lines += [
        "  \(file.name)", "    to \(host), as /etc/sccache-dist/\(name), and start there",
        "    sccache-dist \(program) --config /etc/sccache-dist/\(name)",
      ]
    }
    copy(files.scheduler, to: "\(plan.scheduler.host)", as: "scheduler.toml", "scheduler")
    for (file, server) in zip(files.servers, plan.servers) {
      let isAlone = plan.servers.count { $0.host == server.host } == 1
      copy(file, to: "\(server.host)", as: isAlone ? "server.toml" : file.name, "server")
    }
    lines += [
      "  \(files.client.name)",
      "    to every machine that compiles, as ~/.config/sccache/config; or keep it anywhere and",
      "    export SCCACHE_CONF=\(clientPath(files.client))", "",
      "Then `sccache --dist-status` shows \(plan.servers.count) in num_servers.",
    ]
    return lines.joined(separator: "\n")
  }

  /// Absolute where it can be: the variable is read in other directories, too.
  private func clientPath(_ file: FarmFiles.File) -> String {
    guard let resolved = realpath(directory, nil) else { return Path.join(directory, file.name) }
    defer { free(resolved) }
    return Path.join(String(cString: resolved), file.name)
  }
}
