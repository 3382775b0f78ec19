/// All that `--show-stats` shows: the counters, and what they were counted on.
struct StatisticsReport: Sendable, Equatable {
  var statistics = Statistics()
  /// Counters of each level; nil unless several levels are configured.
  var levels: [LevelStatistics]?
  /// How each remote store is doing.
  var remotes: [RemoteState] = []
  /// As the storage names itself: `Local disk: "/path"`, `Multi-level (2 levels)`, …
  var cacheLocation: String
  /// In bytes; nil when unknown (remote storage, or a disk cache not yet used).
  var cacheSize: UInt64?
  var maxCacheSize: UInt64?
  var usesPreprocessorCacheMode: Bool
  var version: String
  /// Normalised, each with a slash at its end.
  var baseDirectories: [String] = []
}

/// Counters of one level of a tiered storage. They belong to the storage: zeroing the statistics
/// leaves them alone, as with Mozilla's.
struct LevelStatistics: Sendable, Equatable {
  /// `L0 (disk)`.
  var name: String
  var location: String
  var hits: UInt64 = 0
  var misses: UInt64 = 0
  var writes: UInt64 = 0
  var writeFailures: UInt64 = 0
  var backfillsFrom: UInt64 = 0
  var backfillsTo: UInt64 = 0
  var hitDuration = TotalTime()
  var writeDuration = TotalTime()
}

extension StatisticsReport {
  static let localDiskPrefix = "Local disk"

  /// The location of a disk cache, its path quoted as Mozilla's quotes it.
  static func localDisk(_ path: String) -> String {
    var quoted = localDiskPrefix + ": \""
    for scalar in path.unicodeScalars {
      switch scalar {
      case "\"", "\\":
        quoted.append("\\")
        quoted.unicodeScalars.append(scalar)
      case "\n": quoted.append("\\n")
      case "\r": quoted.append("\\r")
      case "\t": quoted.append("\\t")
      case "\0": quoted.append("\\0")
      default:
        if scalar.properties.generalCategory == .control {
          quoted.append("\\u{" + String(scalar.value, radix: 16) + "}")
        } else {
          quoted.unicodeScalars.append(scalar)
        }
      }
    }
    return quoted + "\""
  }

  /// The location of a storage of several levels.
  static func multiLevel(count: Int) -> String { "Multi-level (\(count) levels)" }
}
