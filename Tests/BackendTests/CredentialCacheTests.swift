import Platform
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite(.blocking) struct CredentialCacheTests {
  private typealias Granted = CredentialCache<String>.Granted

  private final class Issuer: Sendable {
    let clock = TestClock()
    let count = Mutex(0)
    let failure = Mutex<BlobFailure?>(nil)
    let lifetime: Int64?
    let isConstant: Bool

    init(lifetime: Int64?, isConstant: Bool = false) {
      self.lifetime = lifetime
      self.isConstant = isConstant
    }

    var asked: Int { count.withLock { $0 } }

    func cache() -> CredentialCache<String> {
      CredentialCache(now: { self.clock.now }) { _ throws(BlobFailure) in
        let number = self.count.withLock {
          $0 += 1
          return $0
        }
        if let failure = self.failure.withLock({ $0 }) { throw failure }
        return Granted(
          value: self.isConstant ? "same" : "key \(number)",
          end: self.lifetime.map { self.clock.now + $0 })
      }
    }
  }

  @Test func keepsThoseThatLast() throws {
    let issuer = Issuer(lifetime: 3600)
    let cache = issuer.cache()
    #expect(issuer.asked == 0)
    for _ in 0..<3 { #expect(try cache.current(.patient).value == "key 1") }
    issuer.clock.advance(seconds: 3400)
    #expect(try cache.current(.patient).value == "key 2")
    #expect(issuer.asked == 2)
  }

  @Test func thoseWithoutAnEndStay() throws {
    let issuer = Issuer(lifetime: nil)
    let cache = issuer.cache()
    _ = try cache.current(.patient)
    issuer.clock.advance(seconds: 1_000_000)
    #expect(try cache.current(.patient).value == "key 1")
  }

  /// An issuer whose keys all end soon is not asked at every request.
  @Test func shortLivedOnesAreUsed() throws {
    let issuer = Issuer(lifetime: 60)
    let cache = issuer.cache()
    for _ in 0..<5 { _ = try cache.current(.patient) }
    #expect(issuer.asked == 1)
    issuer.clock.advance(seconds: 61)
    #expect(try cache.current(.patient).value == "key 2")
  }

  /// Two requests were refused with the same keys: they are replaced once.
  @Test func oneRefusalReplaces() throws {
    let issuer = Issuer(lifetime: 3600)
    let cache = issuer.cache()
    let first = try cache.current(.patient)
    let second = try cache.current(.patient)
    #expect(try cache.replacement(for: first, .patient)?.value == "key 2")
    #expect(try cache.replacement(for: second, .patient)?.value == "key 2")
    #expect(issuer.asked == 2)
  }

  /// A store that refuses for good does not make every request ask for keys.
  @Test func theSameAgainIsNoReplacement() throws {
    let issuer = Issuer(lifetime: nil, isConstant: true)
    let cache = issuer.cache()
    for _ in 0..<5 {
      let lent = try cache.current(.patient)
      #expect(try cache.replacement(for: lent, .patient) == nil)
    }
    #expect(issuer.asked == 2)
  }

  @Test func aFailureIsRememberedForAWhile() throws {
    let issuer = Issuer(lifetime: 3600)
    let cache = issuer.cache()
    issuer.failure.withLock { $0 = .failed("away") }
    for _ in 0..<3 {
      #expect(throws: BlobFailure.failed("away")) { try cache.current(.patient) }
    }
    #expect(issuer.asked == 1)
    issuer.failure.withLock { $0 = nil }
    issuer.clock.advance(seconds: 20)
    #expect(try cache.current(.patient).value == "key 2")
  }
}
