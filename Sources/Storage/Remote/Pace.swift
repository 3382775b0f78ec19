import CacheKey
import Platform

/// How fast a store delivers entries, learnt from those that came: what would take longer than compiling
/// again is not fetched.
struct Pace: Sendable {
  /// Nanoseconds that a small entry takes.
  private var latency: Double?
  /// Nanoseconds for each byte more, as it is unpacked.
  private var perByte: Double?
  private var samples = 0
  private var leftOut = 0

  /// Larger entries tell how much the way takes in; smaller ones, how long it is.
  private static let small = 64 << 10
  private static let leastSamples = 3
  /// The weight of a new measurement.
  private static let weight = 0.25
  /// Nobody waits for less than that with a second thought.
  private static let leastWait: Int64 = 500_000_000
  /// A century: what is larger has no room in a number of nanoseconds.
  private static let longest = 3e18
  /// A compilation needs a processor, a download only patience.
  private static let patience = 1.5
  /// So many are left out before one is fetched to see whether the way has become better.
  private static let probeInterval = 16

  /// - Parameter bytes: the entry's, unpacked.
  mutating func learn(bytes: Int, nanoseconds: Int64) {
    guard bytes >= Self.small else {
      latency = Self.mixed(latency, Double(nanoseconds))
      return
    }
    samples += 1
    let transfer = max(0, Double(nanoseconds) - (latency ?? 0))
    perByte = Self.mixed(perByte, transfer / Double(bytes))
  }

  private static func mixed(_ old: Double?, _ new: Double) -> Double {
    old.map { $0 + (new - $0) * weight } ?? new
  }

  /// Nanoseconds that an entry will take; nil when too little is known.
  func estimate(bytes: Int) -> Int64? {
    guard samples >= Self.leastSamples, let perByte else { return nil }
    return Int64(min((latency ?? 0) + perByte * Double(bytes), Self.longest))
  }

  /// Whether fetching is better than compiling again.
  mutating func isWorth(_ cost: Manifest.Cost) -> Bool {
    guard let estimate = estimate(bytes: Int(clamping: cost.bytes)), estimate > Self.leastWait,
      Double(estimate) > Self.patience * Double(cost.milliseconds) * 1_000_000
    else { return true }
    leftOut += 1
    return leftOut.isMultiple(of: Self.probeInterval)
  }
}
