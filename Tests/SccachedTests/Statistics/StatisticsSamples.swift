@testable import sccached

/// Counters as the original had them after a known series of calls; the texts in these tests are
/// what it printed then.
enum StatisticsSamples {
  /// Twenty-six calls of gcc, g++ and clang: hits, misses, one missing header, one syntax error, one
  /// forced recache, one call with the cache off, and some that cannot be cached.
  static var mixedBuild: Statistics {
    var statistics = Statistics()
    for _ in 0..<26 { statistics.request() }
    for _ in 0..<15 { statistics.executed() }
    for _ in 0..<3 { statistics.notCompilation() }
    for reason in ["-x", "-E", "multiple input files", "-fprofile-use", "@", "-M", "-E"] {
      statistics.notCacheable(reason: reason)
    }
    statistics.unsupportedCompiler()
    statistics.cacheError(language: "C/C++", advanced: "c [gcc]")
    for name in ["c [gcc]", "c [gcc]", "c++ [gcc]"] {
      statistics.hit(language: "C/C++", advanced: name, duration: .nanoseconds(137_000))
    }
    let misses = ["c [gcc]": 4, "c++ [gcc]": 3, "c [clang]": 1]
    for (name, count) in misses {
      for _ in 0..<count { statistics.miss(language: "C/C++", advanced: name) }
    }
    statistics.miss(language: "Assembler", advanced: "assemblerToPreprocess [gcc]")
    statistics.forcedRecache()
    for _ in 0..<10 { statistics.compiled(duration: .nanoseconds(20_006_276)) }
    for _ in 0..<9 { statistics.wrote(duration: .nanoseconds(244_286)) }
    statistics.compileFailed()
    return statistics
  }

  static func report(_ statistics: Statistics = Statistics(), cacheSize: UInt64? = nil)
    -> StatisticsReport
  {
    StatisticsReport(
      statistics: statistics, cacheLocation: StatisticsReport.localDisk("/var/cache/me"),
      cacheSize: cacheSize, maxCacheSize: 10 << 30, usesPreprocessorCacheMode: true,
      version: "0.16.0")
  }
}
