import CacheKey
import Platform
import Storage
import StoreServers
import TestSupport
import Testing

/// What every kind of store makes of failures on the way to its server, each in the middle of what the server
/// really says. Bodies that are whole and wrong: see `BlobContract`.
@Suite(.blocking) struct EveryStoreFaultTests {
  private let name = BlobName.entry(Digest.of([1]))
  /// Larger than what any of them says before; smaller than an item of Memcached's.
  private let blob: [UInt8] = {
    var generator = SeededGenerator(seed: 11)
    return generator.bytes(600_000)
  }()
  private let middle = 200_000

  /// A store with the blob, a relay before it, and a client that comes by the relay.
  private func withRelay(
    _ kind: StoreKind,
    _ body: (FaultyRelay, StoreServer, _ client: () throws -> any BlobService) throws -> Void
  ) throws {
    try kind.withServer { store in
      let first = try store.service(store.environment())
      try first.store(name, .bytes(blob), .patient)
      try first.finish(.patient)
      let relay = try FaultyRelay(to: store.server.port)
      let environment = store.environment(through: relay.port)
      try body(relay, store) { try store.service(environment) }
      withExtendedLifetime(relay) {}
    }
  }

  private func expectNoSecrets(_ outcome: Outcome, of store: StoreServer) {
    for secret in store.secrets { #expect(!outcome.description.contains(secret)) }
  }

  /// The connection ends; the next lookup finds what it seeks.
  @Test(arguments: StoreKind.onNetwork) func aCutBodyIsAFailure(_ kind: StoreKind) throws {
    try withRelay(kind) { relay, store, client in
      let service = try client()
      relay.does(.cut(after: middle))
      let outcome = service.outcomeOfFetch(name)
      // libmemcached says no more than that a connection failed.
      #expect(outcome.kind == (kind == .memcached ? .unreachable : .failed), "\(outcome)")
      expectNoSecrets(outcome, of: store)
      relay.does(.none)
      #expect(service.outcomeOfFetch(name) == .found(blob))
    }
  }

  /// Bytes that come now and then hold nobody longer than a transfer may take.
  @Test(arguments: StoreKind.onNetwork) func aSlowBodyEndsAtTheDeadline(_ kind: StoreKind) throws {
    try withRelay(kind) { relay, store, client in
      var deadlines = BlobDeadlines.patient
      deadlines.lookup = 2000
      deadlines.total = 3000
      relay.does(.slow(after: middle))
      let outcome = try client().outcomeOfFetch(name, deadlines)
      #expect(outcome.kind == .timedOut, "\(outcome)")
      expectNoSecrets(outcome, of: store)
    }
  }

  /// Who is expected to answer soon gets less time for its first byte than a lookup has. GitHub's is asked
  /// where its blobs are before: that has the time of a lookup.
  @Test(arguments: StoreKind.onWeb.filter { $0.name != "gha" }) func aLateFirstByteEnds(
    _ kind: StoreKind
  ) throws {
    try withRelay(kind) { relay, store, client in
      let service = try client()
      var deadlines = BlobDeadlines.patient
      #expect(service.outcomeOfFetch(name, deadlines) == .found(blob))
      // Longer than this test would be waited for.
      (deadlines.lookup, deadlines.total) = (3_600_000, 3_600_000)
      deadlines.firstByte = 300
      relay.does(.hold)
      let outcome = service.outcomeOfFetch(name, deadlines)
      #expect(outcome.kind == .timedOut, "\(outcome)")
    }
  }

  @Test(arguments: StoreKind.onWeb) func statusesMean(_ kind: StoreKind) throws {
    try withRelay(kind) { relay, store, client in
      let kinds: [(Int, Outcome.Kind)] = [
        (401, .denied), (403, .denied), (413, .tooLarge), (429, .limited(7)), (500, .failed),
        (503, .limited(7)),
      ]
      for (status, kind) in kinds {
        relay.does(.status(status))
        // One after the other would be asked only when the rest is over that the first was told of.
        for outcome in [
          try client().outcomeOfFetch(name), try client().outcomeOfStore(.probe, [1]),
        ] {
          #expect(outcome.kind == kind, "\(status): \(outcome)")
          expectNoSecrets(outcome, of: store)
        }
      }
      relay.does(.status(404))
      #expect(try client().outcomeOfFetch(name) == .absent)
      #expect(try client().outcomeOfStore(.probe, [1]).kind == .failed)
      relay.does(.none)
      #expect(try client().outcomeOfFetch(name) == .found(blob))
    }
  }

  /// Whoever shows another's certificate, or one that nobody vouches for, gets neither blobs nor credentials.
  @Test(arguments: StoreKind.onWeb) func onlyTheRightNameIsTrusted(_ kind: StoreKind) throws {
    try kind.withServer { store in
      for name in ["DNS:localhost,DNS:cache.localhost,IP:127.0.0.1", "DNS:other.example"] {
        let certificate = try TestCertificate(name)
        let front = try TLSFront.before(store.server, showing: certificate)
        var environment = store.environment(through: front.port, isEncrypted: true)
        try expectUntrusted(store.service(environment), of: store)
        environment["SSL_CERT_FILE"] = certificate.certificate
        guard name.contains("localhost") else {
          try expectUntrusted(store.service(environment), of: store)
          continue
        }
        let first = try store.service(environment)
        try first.store(self.name, .bytes(blob), .patient)
        try first.finish(.patient)
        #expect(try store.service(environment).outcomeOfFetch(self.name) == .found(blob))
      }
    }
  }

  private func expectUntrusted(_ service: any BlobService, of store: StoreServer) {
    for outcome in [service.outcomeOfFetch(name), service.outcomeOfStore(.probe, [1])] {
      #expect(outcome.kind == .unreachable, "\(outcome)")
      #expect(outcome.description.contains("isn't trusted"), "\(outcome)")
      expectNoSecrets(outcome, of: store)
    }
  }
}
