extension DistributionSettings {
  /// How long a client waits for the farm before a compilation is done without it. All in milliseconds,
  /// 1 at least. The first is also how long anybody waits on a scheduler that has stopped answering.
  package struct Deadlines: Sendable, Equatable {
    /// Until a connection stands, and for a sign of life of the scheduler while it looks for a server
    /// (`connect_timeout_ms`).
    package var connect = 2_000
    /// For the scheduler's answer to alloc_job, which may try several servers; where nothing may be
    /// compiled here, also for a free slot (`allocation_timeout_ms`).
    package var allocation = 20_000
    /// For an upload of a toolchain (`upload_timeout_ms`).
    package var upload = 600_000
    /// Without a byte from a server during an upload; counted in whole seconds (`silence_timeout_ms`).
    package var silence = 30_000
    /// For a job on its server, from the first byte sent to the last one that came back
    /// (`job_timeout_ms`).
    package var job = 1_200_000
    package init() {}

    /// In any unit a clock's time can still be added to.
    private static let longest = Int(Int32.max)

    private static let all: [(name: String, field: any WritableKeyPath<Self, Int> & Sendable)] = [
      ("connect", \.connect), ("allocation", \.allocation), ("upload", \.upload),
      ("silence", \.silence), ("job", \.job),
    ]

    static let variables = all.map { variable($0.name) }

    private static func variable(_ name: String) -> String {
      "SCCACHE_DIST_\(name.uppercased())_TIMEOUT_MS"
    }

    mutating func apply(_ reader: inout TableReader) throws(SettingsError) {
      for (name, field) in Self.all {
        let key = "\(name)_timeout_ms"
        guard let value = try reader.positiveNumber(key) else { continue }
        guard value <= Self.longest else {
          throw reader.error(key, "must be \(Self.longest) at most, found \(value)")
        }
        self[keyPath: field] = value
      }
    }

    mutating func apply(_ variables: EnvironmentReader) throws(SettingsError) {
      for (name, field) in Self.all {
        let variable = Self.variable(name)
        if let value = try variables.number(
          variable, in: 1...Self.longest, what: "a whole number of milliseconds")
        {
          self[keyPath: field] = value
        }
      }
    }
  }
}
