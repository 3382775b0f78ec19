import Compilers
import Glibc
import Farm
import Logging
import Platform
import Settings
import Synchronization
import Toolchains

/// The farm as this daemon uses it.
final class Distribution: Sendable {
  /// What a compilation needs of a toolchain.
  struct PackedCompiler: Sendable {
    var archive: ToolchainFile
    /// The compiler's name inside the archive.
    var executable: String
    var source: Source
  }

  private enum Packing {
    case underWay
    case done(ToolchainFile)
    /// Nothing is tried again before then (nanoseconds of the monotonic clock).
    case failed(until: Int64, reason: String)
  }

  /// What there is of a compiler.
  enum Toolchain: Sendable {
    case packed(PackedCompiler)
    case missing(String)
  }

  let client: FarmClient
  private let settings: DistributionSettings
  private let cache: ToolchainCache<BLAKE3Naming>
  private let packings = Monitor<[Digest: Packing]>([:])
  let preprocessing = PreprocessingTime()
  /// The right to compile here what the farm could do.
  let localJobs: WorkSlots
  /// Servers of Mozilla's are among the farm's.
  private let gzipOnly = Atomic(false)
  private let logger: Logger
  private static let retryNanoseconds: Int64 = 60_000_000_000

  /// Nil when no scheduler is configured.
  init?(_ settings: Settings, logger: Logger) {
    let distribution = settings.distribution
    guard let url = distribution.schedulerURL else { return nil }
    let token = ClientToken(settings)
    if token.current == nil {
      logger.warning("the farm is not used: `sccache --dist-auth` has not been run")
    }
    client = FarmClient(schedulerURL: url, deadlines: distribution.deadlines) { token.current }
    localJobs = WorkSlots(count: distribution.localJobs)
    self.settings = distribution
    cache = ToolchainCache(
      directory: distribution.cacheDirectory, limit: Int64(distribution.toolchainCacheSize))
    self.logger = logger
  }

  var deadlines: DistributionSettings.Deadlines { settings.deadlines }

  /// What a toolchain is made of, and how that is found out.
  struct Source: Sendable {
    /// Of all that is in it.
    var key: Digest
    /// As it is called, and named inside the archive.
    var program: String
    /// Other paths by which settings may name it.
    var aliases: [String] = []
    var gather: @Sendable () throws(ToolchainError) -> ToolchainContents
  }

  /// The toolchain for a compilation. One that doesn't lie packed is packed in the background, and counts
  /// as missing meanwhile: nobody waits for it but who may not compile here.
  ///
  /// - Parameter waits: asked once a second whether to go on waiting; nil: not at all.
  func toolchain(_ source: Source, waits: (() -> Bool)? = nil) -> Toolchain {
    for program in [source.program] + source.aliases {
      if let configured = configured(for: program, source) { return configured }
    }
    if startsPacking(source.key) { pack(source) }
    while true {
      let state = packings.wait(until: waits == nil ? 0 : Clock.monotonic + 1_000_000_000) {
        packings -> Packing? in
        if case .underWay? = packings[source.key] { return nil }
        return packings[source.key]
      }
      switch state {
      case .done(let archive):
        return .packed(
          PackedCompiler(archive: archive, executable: source.program, source: source))
      case .failed(_, let reason): return .missing(reason)
      case .underWay, nil:
        guard let waits, waits() else { return .missing("it is being packed") }
      }
    }
  }

  /// A server was met that doesn't read zstd: toolchains are packed anew, for all.
  func packAsGzip() {
    gzipOnly.store(true, ordering: .relaxed)
    packings.change { packings in
      packings = packings.filter {
        if case .done(let archive) = $0.value { !archive.isZstd } else { true }
      }
    }
  }

  /// True for the first who asks, and when a failure is old enough to try again.
  private func startsPacking(_ key: Digest) -> Bool {
    packings.withLock { packings -> Bool in
      switch packings[key] {
      case .underWay: return false
      case .done(let archive) where FileStamp(path: archive.path) != nil: return false
      case .failed(let until, _) where until > Clock.monotonic: return false
      case .failed, .done, nil:
        packings[key] = .underWay
        return true
      }
    }
  }

  /// Whether `[[dist.toolchains]]` keeps a compiler's calls here.
  func stays(_ program: String) -> Bool {
    settings.toolchains.contains(.noDistribution(compilerExecutable: program))
  }

  /// The archive that `[[dist.toolchains]]` names for a compiler; nil: none.
  private func configured(for program: String, _ source: Source) -> Toolchain? {
    for toolchain in settings.toolchains {
      switch toolchain {
      case .pathOverride(let executable, let archive, let inside) where executable == program:
        guard let id = identifier(ofArchive: archive) else {
          return .missing("\(archive) can't be read")
        }
        return .packed(
          PackedCompiler(
            archive: ToolchainFile(id: id, path: archive), executable: inside, source: source))
      default: continue
      }
    }
    return nil
  }

  private let overrides = Mutex<[String: (stamp: FileStamp, id: ArchiveID)]>([:])

  private func identifier(ofArchive path: String) -> ArchiveID? {
    guard let stamp = FileStamp(path: path) else {
      logger.warning("a toolchain's archive can't be read", metadata: ["path": "\(path)"])
      return nil
    }
    if let known = overrides.withLock({ $0[path] }), known.stamp == stamp { return known.id }
    guard let file = try? Descriptor.open(path, O_RDONLY) else { return nil }
    var hash = ArchiveIDHash()
    var offset = 0
    while let piece = try? file.read(at: offset, count: 1 << 20, path: path), !piece.isEmpty {
      piece.withUnsafeBytes { hash.update($0) }
      offset += piece.count
    }
    let id = hash.finish()
    overrides.withLock { $0[path] = (stamp, id) }
    return id
  }

  private func pack(_ source: Source) {
    let isStarted = startThread { [self] in
      let result: Packing
      do throws(ToolchainError) {
        let form: ToolchainArchive.Form =
          !gzipOnly.load(ordering: .relaxed) && client.takesZstdToolchains() ? .zstd : .gzip
        let packed = try cache.archive(of: try source.gather(), form: form)
        if let id = ArchiveID(packed.identifier) {
          result = .done(ToolchainFile(id: id, path: packed.path, isZstd: form == .zstd))
        } else {
          result = .failed(until: .max, reason: "\(packed.identifier) is no name of an archive")
        }
      } catch {
        logger.warning("a compiler can't be packed", metadata: ["reason": "\(error)"])
        result = .failed(until: Clock.monotonic + Self.retryNanoseconds, reason: "\(error)")
      }
      packings.change { $0[source.key] = result }
    }
    if !isStarted {
      let until = Clock.monotonic + Self.retryNanoseconds
      packings.change {
        $0[source.key] = .failed(until: until, reason: "no thread could be started")
      }
    }
  }
}

/// The farm's names for archives.
struct BLAKE3Naming: ArchiveNaming, ~Copyable {
  private var hash: ArchiveIDHash? = ArchiveIDHash()

  init() {}

  mutating func update(_ bytes: UnsafeRawBufferPointer) { hash?.update(bytes) }

  mutating func finish() -> String { hash.take()?.finish().description ?? "" }
}
