/// What the scheduler knows of one server.
struct ServerRecord {
  /// Whether it may be given jobs.
  enum Health: Equatable {
    case good
    /// After so many failures in a row, nothing until the rest is over.
    case resting(failures: Int)
    /// One job at a time, until one was taken.
    case probed(failures: Int)
  }

  var jobKey: ArraySlice<UInt8>
  var cpus: Int
  var nonce: UInt64
  var certificate: ServerCertificate
  var timeout: Span
  var health = Health.good
  /// It said so itself, with a heartbeat.
  var drainsItself = false
  /// Somebody told the scheduler so.
  var isHeld = false
  /// That it has drained was told.
  var hasToldDrained = false
  /// The newest form of run_job that it takes.
  var jobForm: UInt32 = 0
  /// How many jobs its memory allows, as of its last heartbeat.
  var memorySlots: Int?
  var jobs: Set<JobID> = []
  /// Of those, the ones that it has not answered for.
  var assigning = 0
  /// The toolchains that it has, with the turn of their last use.
  private(set) var toolchains: [ArchiveID: UInt64] = [:]
  /// Changes with every toolchain that comes or goes.
  private var toolchainChanges = 0
  /// When it was given its last job: the order among equals.
  var turn: UInt64 = 0
  var completed: UInt64 = 0
  /// How many jobs in a row it failed after it had taken them.
  var failedRuns = 0
  var failed: UInt64 = 0
  var lastFailure: String?

  init(_ heartbeat: Heartbeat, cpus: Int, timeout: Span) {
    jobKey = heartbeat.jobKey
    self.cpus = cpus
    nonce = heartbeat.nonce
    certificate = heartbeat.certificate
    self.timeout = timeout
  }

  var isDraining: Bool { drainsItself || isHeld }

  /// How many jobs it may have: some more than CPUs, so that none waits for the network (protocol
  /// reference, section 8). One job always fits, or a server with little memory would never work.
  var capacity: Int {
    let slots = cpus + 1 + cpus / 8
    return memorySlots.map { min(slots, max(1, $0)) } ?? slots
  }

  /// Whether it may be given a job now.
  var isOpen: Bool {
    guard !isDraining, jobs.count < capacity else { return false }
    switch health {
    case .good: return true
    case .resting: return false
    case .probed: return assigning == 0
    }
  }

  /// What its place in the ranking depends on.
  struct Standing: Equatable {
    var isOpen: Bool
    var preference: Preference
    var toolchainChanges: Int
  }

  var standing: Standing {
    Standing(isOpen: isOpen, preference: preference, toolchainChanges: toolchainChanges)
  }

  /// Where it stands among those that may be given a job.
  var preference: Preference {
    Preference(load: Preference.load(jobs: jobs.count, cpus: cpus), turn: turn)
  }

  /// Remembers that it has a toolchain; the one used longest ago may be forgotten for it.
  mutating func note(_ archive: ArchiveID, turn: UInt64, limit: Int) -> ArchiveID? {
    if toolchains.updateValue(turn, forKey: archive) == nil { toolchainChanges += 1 }
    guard toolchains.count > limit,
      let oldest = toolchains.min(by: { $0.value < $1.value })?.key
    else { return nil }
    toolchains[oldest] = nil
    return oldest
  }

  mutating func forget(_ archive: ArchiveID) -> Bool {
    guard toolchains.removeValue(forKey: archive) != nil else { return false }
    toolchainChanges += 1
    return true
  }
}

/// The order in which servers get jobs: the emptiest first, of equals the one whose last job is longest
/// ago.
struct Preference: Comparable {
  /// Jobs per CPU, in parts of 65536.
  var load: Int
  var turn: UInt64

  static let unit = 65536.0

  static func load(jobs: Int, cpus: Int) -> Int { jobs << 16 / max(1, cpus) }

  static func < (left: Preference, right: Preference) -> Bool {
    left.load != right.load ? left.load < right.load : left.turn < right.turn
  }
}
