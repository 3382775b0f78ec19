import CPosix
import Glibc
import Platform
import Settings
import Storage
import Wire

/// The modes of the command line.
enum Modes {
  /// - Returns: the exit code.
  static func run(_ mode: Mode) -> Int32 {
    switch mode {
    case .help:
      Terminal.write(helpText(enabledFeatures: Features.all), to: 1)
      return 0
    case .version:
      Terminal.write(versionText, to: 1)
      return 0
    default:
      break
    }
    let settings: Settings
    do throws(SettingsError) {
      settings = try SettingsLoading.load()
    } catch {
      return Terminal.fail(error.message, causes: error.causes)
    }
    let endpoint = Endpoint.fromProcessEnvironment()
    switch mode {
    case .showStats(let advanced, let format):
      return showStatistics(settings, endpoint, advanced: advanced, json: format == .json)
    case .zeroStats: return zeroStatistics(settings, endpoint)
    case .startServer: return startServer(settings, endpoint)
    case .stopServer: return stopServer(endpoint)
    case .runServer: return runServer(settings)
    case .showConfig:
      Terminal.write(describe(settings, endpoint), to: 1)
      return 0
    case .pingStorage: return pingStorage(settings)
    case .clear: return removeEntries(settings, unusedForSeconds: nil)
    case .evict(let seconds): return removeEntries(settings, unusedForSeconds: seconds)
    case .distStatus: return showFarm(settings, endpoint)
    case .debugPreprocessorCache: return dumpManifests(settings)
    case .compile(let words): return becomeWrapper(words)
    case .packageToolchain(let executable, let output):
      return packageToolchain(executable, output)
    case .distAuth: return signIn(settings)
    case .help, .version: return 0
    }
  }

  /// `--show-config`: what is in force, for people. No secrets.
  private static func describe(_ settings: Settings, _ endpoint: Endpoint) -> String {
    let bases =
      settings.baseDirectories.isEmpty ? "(none)" : settings.baseDirectories.joined(separator: ", ")
    let distribution = settings.distribution
    let farm =
      distribution.schedulerURL.map { url in
        url + (distribution.remoteOnly ? ", nothing is compiled here" : "")
          + (distribution.localJobs > 0 ? ", \(distribution.localJobs) jobs stay here" : "")
      } ?? "(none)"
    let levels = settings.levels.map { level in
      switch level {
      case .disk: "disk"
      case .remote(let store):
        store.kind.rawValue + (store.mode == .readOnly ? " (read only)" : "")
      }
    }
    let limits = settings.remoteLimits
    let rows = [
      ("Configuration file", settings.configurationPath),
      ("Socket", endpoint.description),
      ("Cache directory", settings.disk.directory),
      ("Cache size limit", "\(settings.disk.sizeLimit) bytes"),
      ("Cache access", settings.disk.mode == .readOnly ? "read only" : "read and write"),
      ("Stores, nearest first", levels.joined(separator: ", ")),
      (
        "Remote stores",
        "connect \(limits.connectMilliseconds) ms, lookup \(limits.lookupMilliseconds) ms, transfer "
          + "\(limits.transferMilliseconds) ms, \(limits.queueEntries) results or \(limits.queueBytes) "
          + "bytes waiting" + (limits.signingKey == nil ? "" : ", signed")
      ),
      ("Direct mode", settings.disk.directMode.useDirectMode ? "yes" : "no"),
      ("Base directories", bases),
      ("Parallel compilers", "\(settings.compilerSlots ?? Machine.cores)"),
      ("Idle timeout", "\(settings.idleTimeoutSeconds) s"),
      ("Compile farm", farm),
    ]
    return rows.map { "\($0.0): \($0.1)\n" }.joined()
      + settings.warnings.map { "warning: \($0)\n" }.joined()
  }

  // MARK: statistics

  private static func showStatistics(
    _ settings: Settings, _ endpoint: Endpoint, advanced: Bool, json: Bool
  ) -> Int32 {
    if let text = Client.ask(.statistics(advanced: advanced, json: json), at: endpoint) {
      Terminal.write(text, to: 1)
      return 0
    }
    let kept = StatisticsKeeper.load(Daemon.statisticsPath(settings, endpoint)) ?? Statistics()
    let store: TieredStore
    do throws(BackendProblem) {
      store = try TieredStore(settings, umask: 0o077, variable: { ProcessEnvironment.value($0) })
    } catch {
      return Terminal.fail(error.description)
    }
    let report = StatisticsReport(settings: settings, statistics: kept, store: store, used: nil)
    Terminal.write(json ? report.json() : report.text(advanced: advanced), to: 1)
    return 0
  }

  private static func zeroStatistics(_ settings: Settings, _ endpoint: Endpoint) -> Int32 {
    if Client.ask(.zero, at: endpoint) == nil {
      unlink(Daemon.statisticsPath(settings, endpoint))
    }
    Terminal.write("Statistics zeroed.\n", to: 2)
    return 0
  }

  /// `--dist-status`: as the daemon sees the farm; without a daemon, as one would.
  private static func showFarm(_ settings: Settings, _ endpoint: Endpoint) -> Int32 {
    let told = Client.ask(.distStatus, at: endpoint)
    Terminal.write((told ?? FarmReport.text(settings, client: nil)) + "\n", to: 1)
    return 0
  }

  // MARK: the daemon's life

  private static func startServer(_ settings: Settings, _ endpoint: Endpoint) -> Int32 {
    Terminal.write("sccache: Starting the server...\n", to: 1)
    switch DaemonProcess.start(timeoutMilliseconds: settings.startupTimeoutMilliseconds) {
    case .listening:
      Terminal.write("sccache: Listening on address \(endpoint.description)\n", to: 1)
      return 0
    case .failed(let reason):
      return Terminal.fail("Server startup failed: \(reason)")
    case .timedOut:
      return Terminal.fail("Timed out waiting for server startup")
    }
  }

  private static func stopServer(_ endpoint: Endpoint) -> Int32 {
    Terminal.write("Stopping sccache server...\n", to: 1)
    guard let text = Client.ask(.stop, at: endpoint) else {
      return Terminal.fail(
        "couldn't connect to server", causes: ["Connection refused (os error 111)"])
    }
    Terminal.write(text, to: 1)
    return 0
  }

  /// `SCCACHE_START_SERVER=1`: in the foreground with `SCCACHE_NO_DAEMON=1`.
  private static func runServer(_ settings: Settings) -> Int32 {
    if ProcessEnvironment.value("SCCACHE_NO_DAEMON") == "1" {
      return DaemonProcess.serve(reportingReadiness: false)
    }
    switch DaemonProcess.start(timeoutMilliseconds: settings.startupTimeoutMilliseconds) {
    case .listening: return 0
    case .failed(let reason): return Terminal.fail("Server startup failed: \(reason)")
    case .timedOut: return Terminal.fail("Timed out waiting for server startup")
    }
  }

  /// Compiling is the wrapper's; `sccached gcc …` is for people who mistook the name.
  private static func becomeWrapper(_ words: [String]) -> Int32 {
    guard let own = ProgramLookup.realPath("/proc/self/exe") else { return 2 }
    let directory = Path.directory(of: own)
    for place in [directory + "/../../bin/sccache", directory + "/sccache"]
    where access(place, X_OK) == 0 {
      let arguments = CStrings([place] + words)
      execv(place, arguments.pointers)
    }
    return Terminal.fail("the program sccache was not found beside sccached")
  }
}

/// What is built in, for `--help`.
enum Features {
  static let all: [(name: String, isEnabled: Bool)] = [
    ("S3", RemoteKind.s3), ("Redis", .redis), ("Memcached", .memcached), ("GCS", .gcs),
    ("GHA", .gha), ("Azure", .azure), ("WebDAV", .webdav), ("OSS", .oss), ("COS", .cos),
  ].map { ($0.0, BlobServices.kinds.contains($0.1)) }
}

enum SettingsLoading {
  static func load() throws(SettingsError) -> Settings {
    try Settings.load(environment: ProcessEnvironment.all, home: home) { path in
      guard let bytes = try? Files.read(path, limit: 1 << 20) else { return nil }
      return String(validating: bytes, as: UTF8.self)
    }
  }

  private static var home: String {
    if let home = ProcessEnvironment.value("HOME"), !home.isEmpty { return home }
    guard let entry = getpwuid(geteuid()), let home = entry.pointee.pw_dir else { return "/" }
    return String(cString: home)
  }
}

private let programVersion = version

extension StatisticsReport {
  init(settings: Settings, statistics: Statistics, store: TieredStore, used: Int?) {
    let disk = store.disk
    self.init(
      statistics: statistics, levels: store.levels.count > 1 ? store.statistics : nil,
      cacheLocation: disk != nil && store.levels.count == 1
        ? StatisticsReport.localDisk(settings.disk.directory) : store.location,
      cacheSize: used.map { UInt64(clamping: $0) },
      maxCacheSize: disk == nil ? nil : UInt64(clamping: settings.disk.sizeLimit),
      usesPreprocessorCacheMode: settings.disk.directMode.useDirectMode,
      version: programVersion, baseDirectories: settings.baseDirectories)
    remotes = store.remoteStates
  }
}
