/// Why a job was not compiled on the farm. None of these fails a compilation: it is done here.
package enum FarmFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// There is no farm; a failure only for who wants nothing else.
  case notConfigured
  /// No token is there to be shown to the scheduler.
  case notSignedIn
  /// The compiler does not lie packed, with the reason.
  case noToolchain(String)
  /// The toolchain lies packed as a zstd frame, and a server that does not read that was given: which.
  case wantsGzip(String)
  /// No scheduler, or it is resting after a failure.
  case schedulerAway(String)
  /// The scheduler has no room, with its own words.
  case noCapacity(String)
  case refused(String)
  case serverFailed(String)
  /// What a server sent back is not what was asked for.
  case badResult(String)
  /// The remote compiler reported anything but success, or printed something: the person shall see what
  /// the compiler here says.
  case notClean
  /// A signal ended the remote compiler: by which server, and which.
  case killed(String)
  case cancelled
  /// It takes longer than the person wants to wait while a compiler could run here.
  case tooSlow

  /// Something went wrong, and not what was to be expected sometimes.
  package var isError: Bool {
    switch self {
    case .notClean, .wantsGzip: false
    default: true
    }
  }

  /// For statistics: one short phrase for each kind.
  package var reason: String {
    switch self {
    case .notConfigured: "no scheduler is configured"
    case .notSignedIn: "nobody has signed in"
    case .noToolchain, .wantsGzip: "the compiler is not packed"
    case .schedulerAway: "the scheduler is away"
    case .noCapacity: "the farm is full"
    case .refused: "the farm refused the job"
    case .serverFailed: "a build server failed"
    case .badResult: "a build server sent a bad result"
    case .notClean: "the compiler had something to say"
    case .killed: "the compiler was killed on a build server"
    case .cancelled: "the caller went away"
    case .tooSlow: "the farm was too slow"
    }
  }

  package var description: String {
    switch self {
    case .notConfigured: "\(reason): set dist.scheduler_url"
    case .notSignedIn: "\(reason): run sccache --dist-auth"
    case .noToolchain(let text), .schedulerAway(let text), .noCapacity(let text),
      .refused(let text),
      .serverFailed(let text), .badResult(let text), .killed(let text):
      "\(reason): \(text)"
    case .wantsGzip(let server): "\(reason): for \(server), which reads gzip only"
    case .notClean, .cancelled, .tooSlow: reason
    }
  }
}
