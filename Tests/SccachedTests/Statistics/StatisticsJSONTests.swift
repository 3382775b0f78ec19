import Testing

@testable import sccached

@Suite struct StatisticsJSONTests {
  static let extra =
    #","extra":{"direct_hits":0,"preprocessed_hits":0,"comment_only_hits":0,"shared_in_flight":0,"#
    + #""local_fallbacks":0,"corrupt_entries":0,"storage_errors":0,"evictions":0,"#
    + #""not_on_farm":{},"declined":{},"remote_stores":[]}}"#

  @Test func allZero() {
    let expected =
      #"{"stats":{"compile_requests":0,"requests_unsupported_compiler":0,"#
      + #""requests_not_compile":0,"requests_not_cacheable":0,"requests_executed":0,"#
      + #""cache_errors":{"counts":{},"adv_counts":{}},"cache_hits":{"counts":{},"adv_counts":{}},"#
      + #""cache_misses":{"counts":{},"adv_counts":{}},"cache_timeouts":0,"cache_read_errors":0,"#
      + #""non_cacheable_compilations":0,"forced_recaches":0,"cache_write_errors":0,"#
      + #""cache_writes":0,"cache_write_duration":{"secs":0,"nanos":0},"#
      + #""cache_read_hit_duration":{"secs":0,"nanos":0},"compilations":0,"#
      + #""compiler_write_duration":{"secs":0,"nanos":0},"compile_fails":0,"not_cached":{},"#
      + #""dist_compiles":{},"dist_errors":0,"multi_level":null},"#
      + #""cache_location":"Local disk: \"/var/cache/me\"","cache_size":null,"#
      + #""max_cache_size":10737418240,"use_preprocessor_cache_mode":true,"version":"0.16.0","#
      + #""basedirs":[]"# + Self.extra
    #expect(StatisticsSamples.report().json() == expected)
  }

  @Test func mixedBuild() {
    let text = StatisticsSamples.report(StatisticsSamples.mixedBuild, cacheSize: 3875).json()
    for part in [
      #""compile_requests":26,"requests_unsupported_compiler":1,"requests_not_compile":3,"#,
      #""cache_errors":{"counts":{"C/C++":1},"adv_counts":{"c [gcc]":1}}"#,
      #""cache_misses":{"counts":{"Assembler":1,"C/C++":8},"adv_counts":"#
        + #"{"assemblerToPreprocess [gcc]":1,"c [clang]":1,"c [gcc]":4,"c++ [gcc]":3}}"#,
      #""compiler_write_duration":{"secs":0,"nanos":200062760},"compile_fails":1,"#,
      #""not_cached":{"-E":2,"-M":1,"-fprofile-use":1,"-x":1,"@":1,"multiple input files":1},"#,
      #""cache_size":3875,"max_cache_size":10737418240"#,
    ] { #expect(text.contains(part)) }
    #expect(!text.contains("\n"))
  }

  @Test func levels() {
    var report = StatisticsSamples.report()
    var hits = TotalTime()
    hits.add(.nanoseconds(1_000_070_885))
    report.levels = [
      LevelStatistics(
        name: "L0 (disk)", location: StatisticsReport.localDisk("/c"), hits: 1, misses: 2,
        writes: 3, writeFailures: 4, backfillsFrom: 5, backfillsTo: 6, hitDuration: hits)
    ]
    report.baseDirectories = ["/a/", "/b\"/"]
    let text = report.json()
    #expect(
      text.contains(
        #""multi_level":[{"name":"L0 (disk)","location":"Local disk: \"/c\"","hits":1,"#
          + #""misses":2,"writes":3,"write_failures":4,"backfills_from":5,"backfills_to":6,"#
          + #""hit_duration":{"secs":1,"nanos":70885},"write_duration":{"secs":0,"nanos":0}}]},"#))
    #expect(text.contains(#""basedirs":["/a/","/b\"/"],"extra""#))
  }
}
