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
    var archive: ArchiveID
    var path: String
    /// The compiler's name inside the archive.
    var executable: String
  }

  private enum Packing {
    case underWay
    case done(PackedCompiler)
    /// Nothing is tried again before then (nanoseconds of the monotonic clock).
    case failed(until: Int64)
  }

  let client: FarmClient
  private let settings: DistributionSettings
  private let cache: ToolchainCache<BLAKE3Naming>
  private let packings = Mutex<[Digest: Packing]>([:])
  private let logger: Logger
  private static let retryNanoseconds: Int64 = 60_000_000_000

  /// Nil when no scheduler is configured, or the token for it is missing.
  init?(_ settings: Settings, logger: Logger) {
    let distribution = settings.distribution
    guard let url = distribution.schedulerURL else { return nil }
    guard let token = Self.token(settings) else {
      logger.warning("the farm is not used: `sccache --dist-auth` has not been run")
      return nil
    }
    client = FarmClient(schedulerURL: url, token: token, deadlines: distribution.deadlines)
    self.settings = distribution
    cache = ToolchainCache(
      directory: distribution.cacheDirectory, limit: Int64(distribution.toolchainCacheSize))
    self.logger = logger
  }

  private static func token(_ settings: Settings) -> Secret? {
    switch settings.distribution.authentication {
    case .token(let token): return token
    case .oauth2CodeGrantPKCE(_, let url, _), .oauth2Implicit(_, let url):
      let path = settings.cachedConfigurationPath
      guard let bytes = try? Files.read(path, limit: 1 << 20),
        let text = String(validating: bytes, as: UTF8.self),
        let cached = try? CachedConfiguration(path: path, text: text)
      else { return nil }
      return cached.authTokens[url]
    }
  }

  /// The toolchain for a compilation, when it lies packed. Otherwise it is packed in the background, and
  /// this compilation stays here: nobody waits for it.
  func compiler(for cacheable: CacheableCall) -> PackedCompiler? {
    if let configured = configured(for: cacheable.program) { return configured.compiler }
    let key = cacheable.identity.digest
    let now = Clock.monotonic
    let shallPack = packings.withLock { packings -> Bool in
      switch packings[key] {
      case .underWay, .done: return false
      case .failed(let until) where until > now: return false
      case .failed, nil:
        packings[key] = .underWay
        return true
      }
    }
    if shallPack { pack(cacheable, key) }
    guard case .done(let packed)? = packings.withLock({ $0[key] }) else { return nil }
    guard FileStamp(path: packed.path) != nil else {
      // Evicted meanwhile.
      packings.withLock { $0[key] = nil }
      return nil
    }
    return PackedCompiler(
      archive: packed.archive, path: packed.path, executable: cacheable.program)
  }

  /// What `[[dist.toolchains]]` says of a compiler; the inner nil: it stays here.
  private func configured(for program: String) -> (compiler: PackedCompiler?, Void)? {
    for toolchain in settings.toolchains {
      switch toolchain {
      case .noDistribution(let executable) where executable == program: return (nil, ())
      case .pathOverride(let executable, let archive, let inside) where executable == program:
        guard let id = identifier(ofArchive: archive) else { return (nil, ()) }
        return (PackedCompiler(archive: id, path: archive, executable: inside), ())
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

  private func pack(_ cacheable: CacheableCall, _ key: Digest) {
    let program = cacheable.program
    let call = cacheable.call
    let family = cacheable.compiler.family
    let arguments = cacheable.question.identityArguments
    let isStarted = startThread { [self] in
      let result: Packing
      do throws(ToolchainError) {
        let contents = try ToolchainContents.gather(
          program: program, family: family, arguments: arguments,
          environment: call.environment.variables, directory: call.directory)
        let packed = try cache.archive(of: contents, form: .gzip)
        if let id = ArchiveID(packed.identifier) {
          result = .done(PackedCompiler(archive: id, path: packed.path, executable: program))
        } else {
          result = .failed(until: .max)
        }
      } catch {
        logger.warning("a compiler can't be packed", metadata: ["reason": "\(error)"])
        result = .failed(until: Clock.monotonic + Self.retryNanoseconds)
      }
      packings.withLock { $0[key] = result }
    }
    if !isStarted { packings.withLock { $0[key] = nil } }
  }
}

/// The farm's names for archives.
struct BLAKE3Naming: ArchiveNaming, ~Copyable {
  private var hash: ArchiveIDHash? = ArchiveIDHash()

  init() {}

  mutating func update(_ bytes: UnsafeRawBufferPointer) { hash?.update(bytes) }

  mutating func finish() -> String { hash.take()?.finish().description ?? "" }
}
