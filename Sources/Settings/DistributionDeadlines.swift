extension DistributionSettings {
  /// How long a client waits for the farm before a compilation is done without it. All in milliseconds,
  /// 1 at least. The first is also how long anybody waits on a scheduler or server that has fallen silent.
  package struct Deadlines: Sendable, Equatable {
    /// Until a connection stands, and without a sign of life while an answer is waited for
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
    /// After which a job is taken back as soon as a compiler may run here; 0: never, however slow the farm
    /// is (`slow_after_ms`, `SCCACHE_DIST_SLOW_AFTER_MS`).
    package var slowAfter = 0
    package init() {}

    /// In any unit a clock's time can still be added to.
    private static let longest = Int(Int32.max)

    private static let all: [(name: String, field: any WritableKeyPath<Self, Int> & Sendable)] = [
      ("connect", \.connect), ("allocation", \.allocation), ("upload", \.upload),
      ("silence", \.silence), ("job", \.job),
    ]

    private static let slowAfterVariable = "SCCACHE_DIST_SLOW_AFTER_MS"
    static let variables = all.map { variable($0.name) } + [slowAfterVariable]

    private static func variable(_ name: String) -> String {
      "SCCACHE_DIST_\(name.uppercased())_TIMEOUT_MS"
    }

    mutating func apply(_ reader: inout TableReader) throws(SettingsError) {
      for (name, field) in Self.all {
        let key = "\(name)_timeout_ms"
        guard let value = try reader.positiveNumber(key) else { continue }
        try Self.check(value, key, reader)
        self[keyPath: field] = value
      }
      if let value = try reader.number("slow_after_ms") {
        try Self.check(value, "slow_after_ms", reader)
        slowAfter = value
      }
    }

    private static func check(
      _ value: Int, _ key: String, _ reader: TableReader
    ) throws(SettingsError) {
      guard value <= longest else {
        throw reader.error(key, "must be \(longest) at most, found \(value)")
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
      if let value = try variables.number(
        Self.slowAfterVariable, in: 0...Self.longest, what: "a whole number of milliseconds")
      {
        slowAfter = value
      }
    }
  }
}
