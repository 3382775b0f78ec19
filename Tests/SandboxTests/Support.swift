import Glibc
import Platform
import Testing

@testable import Sandbox

/// A host with a toolchain of this machine's gcc, shared by all tests of this run.
enum Ground {
  /// Removed when the test process ends.
  static let root: String = {
    var template = Array("/tmp/sccache-sandbox-XXXXXX".utf8CString)
    let path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    // The slots' users must get through.
    chmod(path, 0o755)
    atexit { Ground.clear() }
    return path
  }()

  static func clear() {
    _ = try? Spawn.run("/bin/rm", ["-rf", root], environment: [], directory: "/")
  }

  static let runner: String = {
    if let named = getenv("SCCACHE_TEST_PROGRAMS") {
      return String(cString: named) + "/sccache-runner"
    }
    for path in CommandLine.arguments + ["/proc/self/exe"] {
      guard let resolved = realpath(path, nil) else { continue }
      defer { free(resolved) }
      var directory = Path.directory(of: String(cString: resolved))
      for _ in 0..<4 where directory != "/" && directory != "." {
        if access(directory + "/sccache-runner", X_OK) == 0 { return directory + "/sccache-runner" }
        directory = Path.directory(of: directory)
      }
    }
    return "/nonexistent"
  }()

  /// What a person has to do to run these tests.
  struct Missing: Error, CustomStringConvertible {
    var description: String
  }

  /// The directory of toolchains, with `gcc` in it.
  static let toolchains: Result<String, Missing> = {
    guard access(bubblewrap, X_OK) == 0 else {
      return .failure(Missing(description: "bwrap is missing: apt-get install bubblewrap"))
    }
    guard access(runner, X_OK) == 0 else {
      return .failure(Missing(description: "sccache-runner is not built: swift build"))
    }
    let place = root + "/toolchains"
    let sources = Path.directory(of: #filePath) + "/Toolchain"
    let made = try? Spawn.run(
      "/bin/sh", [sources + "/build", place + "/gcc", sources + "/probe.c"],
      environment: [Array("PATH=/usr/sbin:/usr/bin:/sbin:/bin".utf8)], directory: "/")
    guard let made, made.isSuccess else {
      let said = made.map { String(decoding: $0.errors.prefix(500), as: UTF8.self) } ?? "no shell"
      return .failure(Missing(description: "can't make a toolchain (apt-get install gcc): \(said)"))
    }
    return .success(place)
  }()

  static let bubblewrap = "/usr/bin/bwrap"

  static var identity: Host.Identity {
    geteuid() == 0 ? .separate(first: 310_000) : .own
  }

  /// The mode of a server without root, as far as it can be tried here.
  static var rootless: Host.Identity { geteuid() == 0 ? .single(user: 309_999) : .own }

  /// A host of its own, so that tests don't wait for each other's slots.
  static func host(
    _ identity: Host.Identity = identity, limits: SlotLimits = SlotLimits()
  ) throws -> Host {
    var template = Array((root + "/state-XXXXXX").utf8CString)
    let state = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    var configuration = Host.Configuration(
      state: state, toolchains: try toolchains.get(), runner: runner, identity: identity)
    configuration.slotLimits = limits
    configuration.requiresControlGroups = false
    return try Host(configuration)
  }

  static func slot(
    _ identity: Host.Identity = identity, limits: SlotLimits = SlotLimits()
  ) throws -> Slot {
    try host(identity, limits: limits).slot(Int(nextSlot()))
  }

  /// Slots of different hosts in one process must not share host users.
  private static let counter = Monitor(0)
  private static func nextSlot() -> Int {
    counter.withLock {
      $0 += 1
      return $0
    }
  }
}

extension Job {
  /// A shell script in the toolchain `gcc`.
  static func shell(
    _ script: String, inputs: Inputs = .none, directory: String = "/work", outputs: [String] = [],
    environment: [String] = ["PATH=/usr/bin"], limits: JobLimits = quick
  ) -> Job {
    Job(
      toolchain: "gcc", inputs: inputs, directory: Array(directory.utf8),
      executable: Array("/bin/sh".utf8), arguments: ["-c", script].map { Array($0.utf8) },
      environment: environment.map { Array($0.utf8) }, outputs: outputs.map { Array($0.utf8) },
      limits: limits)
  }

  static func probe(_ what: String, limits: JobLimits = quick) -> Job {
    Job(
      toolchain: "gcc", directory: Array("/work".utf8), executable: Array("/usr/bin/probe".utf8),
      arguments: [Array(what.utf8)], environment: [], limits: limits)
  }

  static var quick: JobLimits {
    var limits = JobLimits()
    limits.seconds = 20
    limits.fileBytes = 64 << 20
    return limits
  }
}

extension Outcome {
  var text: String { String(decoding: standardOutput, as: UTF8.self) }
  var wasRefused: Bool { if case .refused = ending { true } else { false } }
  var complaints: String { String(decoding: errorOutput, as: UTF8.self) }

  func contents(_ index: Int) throws -> [UInt8]? {
    guard index < outputs.count, case .present(let file) = outputs[index].state else { return nil }
    return try file.contents()
  }

  func refusal(_ index: Int) -> String? {
    guard index < outputs.count, case .refused(let why) = outputs[index].state else { return nil }
    return why
  }
}
