/// What remote stores may cost (`[cache.remote]`, ours), and whose results are believed.
package struct RemoteLimits: Sendable, Equatable {
  /// Milliseconds until a connection stands (`SCCACHE_REMOTE_CONNECT_TIMEOUT_MS`,
  /// `connect_timeout_ms`; 1000).
  package var connectMilliseconds = 1_000
  /// Milliseconds until an answer begins, and between two pieces of it
  /// (`SCCACHE_REMOTE_LOOKUP_TIMEOUT_MS`, `lookup_timeout_ms`; 2000).
  package var lookupMilliseconds = 2_000
  /// Milliseconds that a whole transfer may take (`SCCACHE_REMOTE_TRANSFER_TIMEOUT_MS`,
  /// `transfer_timeout_ms`; 30000).
  package var transferMilliseconds = 30_000
  /// Results that may wait to be written, for each store (`SCCACHE_REMOTE_QUEUE_ENTRIES`,
  /// `queue_entries`; 1024).
  package var queueEntries = 1024
  /// Bytes of these (`SCCACHE_REMOTE_QUEUE_SIZE`, `queue_size`; 1 GiB).
  package var queueBytes = 1 << 30
  /// Milliseconds that a daemon that ends waits for them (`SCCACHE_REMOTE_FLUSH_TIMEOUT_MS`,
  /// `flush_timeout_ms`; 30000).
  package var flushMilliseconds = 30_000
  /// What would take longer to come than to be compiled is not fetched
  /// (`SCCACHE_REMOTE_SKIP_SLOW_HITS`, `skip_slow_hits`; true).
  package var leavesOutSlowHits = true
  /// Results are signed with it, and others' are believed only when they are, too
  /// (`SCCACHE_SIGNING_KEY`, `signing_key`).
  package var signingKey: Secret?

  package init() {}

  private static let numbers:
    [(String, String, any WritableKeyPath<RemoteLimits, Int> & Sendable)] = [
      ("SCCACHE_REMOTE_CONNECT_TIMEOUT_MS", "connect_timeout_ms", \.connectMilliseconds),
      ("SCCACHE_REMOTE_LOOKUP_TIMEOUT_MS", "lookup_timeout_ms", \.lookupMilliseconds),
      ("SCCACHE_REMOTE_TRANSFER_TIMEOUT_MS", "transfer_timeout_ms", \.transferMilliseconds),
      ("SCCACHE_REMOTE_QUEUE_ENTRIES", "queue_entries", \.queueEntries),
      ("SCCACHE_REMOTE_FLUSH_TIMEOUT_MS", "flush_timeout_ms", \.flushMilliseconds),
    ]

  /// Key by key, the environment wins over the file.
  init(
    _ cache: inout TableReader?, _ environment: inout EnvironmentReader
  ) throws(SettingsError) {
    if var section = try cache?.table("remote") {
      for (_, key, path) in Self.numbers {
        if let value = try section.positiveNumber(key) { self[keyPath: path] = value }
      }
      if let value = try section.size("queue_size") { queueBytes = value }
      leavesOutSlowHits = try section.boolean("skip_slow_hits") ?? leavesOutSlowHits
      signingKey = try section.secret("signing_key")
      try section.finish()
    }
    for (name, _, path) in Self.numbers {
      let kept = self[keyPath: path]
      guard let value = environment.lenientNumber(name, otherwise: "it stays \(kept)") else {
        continue
      }
      if value > 0 {
        self[keyPath: path] = value
      } else {
        environment.warn("\(name)=0 would be of no use; it stays \(kept)")
      }
    }
    if let text = environment.string("SCCACHE_REMOTE_QUEUE_SIZE") {
      if let value = ByteCount.parse(text) {
        queueBytes = value
      } else {
        environment.warn(
          "SCCACHE_REMOTE_QUEUE_SIZE=\(text) is no size; it stays \(queueBytes) bytes")
      }
    }
    if let value = try environment.boolean("SCCACHE_REMOTE_SKIP_SLOW_HITS") {
      leavesOutSlowHits = value
    }
    signingKey = environment.secret("SCCACHE_SIGNING_KEY") ?? signingKey
  }
}
