import Platform

/// Whether a service is asked at all. One that is away or fails again and again rests, longer each time;
/// nobody waits for it meanwhile. A value: time and outcomes go in.
package struct Breaker: Sendable {
  package enum State: Sendable, Equatable {
    case closed
    /// Nothing is asked before then (nanoseconds of the monotonic clock).
    case resting(until: Int64)
    /// One question is under way that decides.
    case probing
  }

  package private(set) var state = State.closed
  /// The last failure, for people.
  package private(set) var reason: BlobFailure?
  private var strikes = 0
  /// How many rests without a success in between.
  package private(set) var rests = 0

  package init() {}

  /// So many failures in a row open it. Waiting is what hurts: who can't be reached, or lets callers wait,
  /// gets no second chance (a short rest costs some hits), an error that comes at once gets three.
  private static func strikesAllowed(_ failure: BlobFailure, isHasty: Bool) -> Int {
    switch failure {
    case .timedOut where isHasty: 2
    case .unreachable, .timedOut, .denied, .deniedOrAbsent, .limited: 1
    case .failed, .tooLarge, .given: 3
    }
  }

  private static let firstRest: Int64 = 1_000_000_000
  private static let longestRest: Int64 = 60_000_000_000
  /// Credentials don't mend themselves.
  private static let restOfDenied: Int64 = 60_000_000_000

  package var isClosed: Bool { state == .closed }

  package mutating func succeeded() {
    state = .closed
    reason = nil
    strikes = 0
    rests = 0
  }

  /// A probe was answered: it may be asked again, but a failure soon after sends it back for longer.
  package mutating func answeredProbe() {
    state = .closed
    strikes = 0
  }

  /// - Parameters:
  ///   - jitter: between 0 and 1, so that a fleet doesn't come back at one moment.
  ///   - isHasty: it was given less time than a question may take. One answer that is late happens; two in a
  ///     row are an outage.
  /// - Returns: true when this failure sent it to rest.
  package mutating func failed(
    _ failure: BlobFailure, now: Int64, jitter: Double, isHasty: Bool = false
  ) -> Bool {
    switch failure {
    case .tooLarge, .given: return false
    default: break
    }
    reason = failure
    strikes += 1
    if case .resting = state { return false }
    guard state == .probing || strikes >= Self.strikesAllowed(failure, isHasty: isHasty)
    else { return false }
    var rest = min(Self.firstRest << Int64(min(rests, 6)), Self.longestRest)
    switch failure {
    case .denied, .deniedOrAbsent: rest = Self.restOfDenied
    case .limited(let seconds?, _):
      rest = max(rest, Int64(min(max(seconds, 0), 3600)) * 1_000_000_000)
    default: break
    }
    rests += 1
    strikes = 0
    state = .resting(until: now + rest + Int64(Double(rest) * 0.2 * jitter))
    return true
  }

  /// True for the one that may ask when a rest is over.
  package mutating func beginsProbe(now: Int64) -> Bool {
    guard case .resting(let until) = state, until <= now else { return false }
    state = .probing
    return true
  }
}
