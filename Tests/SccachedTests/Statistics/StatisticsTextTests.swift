import Testing

@testable import sccached

@Suite struct StatisticsTextTests {
  @Test func allZero() {
    let expected = """
      Compile requests                      0
      Compile requests executed             0
      Cache hits                            0
      Cache misses                          0
      Cache hits rate                       -
      Cache timeouts                        0
      Cache read errors                     0
      Forced recaches                       0
      Cache write errors                    0
      Cache errors                          0
      Compilations                          0
      Compilation failures                  0
      Non-cacheable compilations            0
      Non-cacheable calls                   0
      Non-compilation calls                 0
      Unsupported compiler calls            0
      Average cache write               0.000 s
      Average compiler                  0.000 s
      Average cache read hit            0.000 s
      Failed distributed compilations       0
      Cache location                  Local disk: "/var/cache/me"
      Base directories                (none)
      Use direct/preprocessor mode?   yes
      Version (client)                0.16.0
      Max cache size                       10 GiB

      """
    #expect(StatisticsSamples.report().text(advanced: false) == expected)
    #expect(StatisticsSamples.report().text(advanced: true) == expected)
  }

  @Test func mixedBuild() {
    let expected = """
      Compile requests                     26
      Compile requests executed            15
      Cache hits                            3
      Cache hits (C/C++)                    3
      Cache misses                          9
      Cache misses (Assembler)              1
      Cache misses (C/C++)                  8
      Cache hits rate                   25.00 %
      Cache hits rate (Assembler)        0.00 %
      Cache hits rate (C/C++)           27.27 %
      Cache timeouts                        0
      Cache read errors                     0
      Forced recaches                       1
      Cache write errors                    0
      Cache errors                          1
      Cache errors (C/C++)                  1
      Compilations                         10
      Compilation failures                  1
      Non-cacheable compilations            0
      Non-cacheable calls                   7
      Non-compilation calls                 3
      Unsupported compiler calls            1
      Average cache write               0.000 s
      Average compiler                  0.020 s
      Average cache read hit            0.000 s
      Failed distributed compilations       0

      Non-cacheable reasons:
      -E                                    2
      -M                                    1
      -fprofile-use                         1
      -x                                    1
      @                                     1
      multiple input files                  1

      Cache location                  Local disk: "/var/cache/me"
      Base directories                (none)
      Use direct/preprocessor mode?   yes
      Version (client)                0.16.0
      Cache size                            4 KiB
      Max cache size                       10 GiB

      """
    let report = StatisticsSamples.report(StatisticsSamples.mixedBuild, cacheSize: 3875)
    #expect(report.text(advanced: false) == expected)
  }

  @Test func advancedRowsWidenTheWholeTable() {
    let expected = """
      Compile requests                                   26
      Compile requests executed                          15
      Cache hits                                          3
      Cache hits (c [gcc])                                2
      Cache hits (c++ [gcc])                              1
      Cache misses                                        9
      Cache misses (assemblerToPreprocess [gcc])          1
      Cache misses (c [clang])                            1
      Cache misses (c [gcc])                              4
      Cache misses (c++ [gcc])                            3
      Cache hits rate                                 25.00 %
      Cache hits rate (assemblerToPreprocess [gcc])    0.00 %
      Cache hits rate (c [clang])                      0.00 %
      Cache hits rate (c [gcc])                       33.33 %
      Cache hits rate (c++ [gcc])                     25.00 %
      Cache timeouts                                      0
      Cache read errors                                   0
      Forced recaches                                     1
      Cache write errors                                  0
      Cache errors                                        1
      Cache errors (c [gcc])                              1
      Compilations                                       10
      Compilation failures                                1
      Non-cacheable compilations                          0
      Non-cacheable calls                                 7
      Non-compilation calls                               3
      Unsupported compiler calls                          1
      Average cache write                             0.000 s
      Average compiler                                0.020 s
      Average cache read hit                          0.000 s
      Failed distributed compilations                     0

      Non-cacheable reasons:
      -E                                                  2
      -M                                                  1
      -fprofile-use                                       1
      -x                                                  1
      @                                                   1
      multiple input files                                1

      Cache location                                Local disk: "/var/cache/me"
      Base directories                              (none)
      Use direct/preprocessor mode?                 yes
      Version (client)                              0.16.0
      Cache size                                          4 KiB
      Max cache size                                     10 GiB

      """
    let report = StatisticsSamples.report(StatisticsSamples.mixedBuild, cacheSize: 3875)
    #expect(report.text(advanced: true) == expected)
  }

  @Test func severalLevels() {
    var report = StatisticsSamples.report()
    report.cacheLocation = StatisticsReport.multiLevel(count: 1)
    report.baseDirectories = ["/src/a/", "/src/b/"]
    var writing = TotalTime()
    writing.add(.nanoseconds(3_115_588))
    report.levels = [
      LevelStatistics(
        name: "L0 (disk)", location: StatisticsReport.localDisk("/c"), hits: 1, misses: 3,
        writes: 3, writeDuration: writing)
    ]
    let expected = """
      Failed distributed compilations       0
      Multi-level cache levels              1
        L0 (disk) hits                      1
        L0 (disk) misses                    3
        L0 (disk) hit rate              25.00 %
        L0 (disk) writes                    3
        L0 (disk) write failures            0
        L0 (disk) backfills from            0
        L0 (disk) backfills to              0
        L0 (disk) avg cache write       0.001 s
        L0 (disk) avg cache read hit    0.000 s
      Cache location                  Multi-level (1 levels)
        L0 (disk)                     Local disk: "/c"
      Base directories                /src/a/, /src/b/
      Version (client)                0.16.0
      Max cache size                       10 GiB

      """
    #expect(report.text(advanced: false).hasSuffix(expected))
  }

  /// Both lists take the width of the table; a reason that is longer sticks out.
  @Test func buildServersAndLongReasons() {
    var statistics = Statistics()
    statistics.distCompiled(server: "10.0.0.2:10501")
    for _ in 0..<2 { statistics.distCompiled(server: "10.0.0.10:10501") }
    statistics.distCompiled(server: "10.0.0.1:10501")
    statistics.notCacheable(reason: "a reason that is wider than the table")
    let expected = """
      Failed distributed compilations       0

      Successful distributed compiles
        10.0.0.10:10501                     2
        10.0.0.1:10501                      1
        10.0.0.2:10501                      1

      Non-cacheable reasons:
      a reason that is wider than the table       1

      Cache location
      """
    #expect(StatisticsSamples.report(statistics).text(advanced: false).contains(expected))
  }

  @Test func ourCountersComeLastAndOnlyWhenTheyCounted() {
    var statistics = Statistics()
    statistics.hitKind(.direct)
    statistics.sharedInFlight()
    statistics.declined(reason: "standard input")
    let text = StatisticsSamples.report(statistics).text(advanced: false)
    let expected = """
      Max cache size                       10 GiB

      Beyond the original:
      Direct hits                           1
      Shared with a running compile         1
      Declined (standard input)             1

      """
    #expect(text.hasSuffix(expected))
  }

  @Test func valuesWiderThanTheUsual() {
    var statistics = Statistics()
    statistics.compiled(duration: .seconds(123_456))
    statistics.hit(language: "Rust", advanced: "rust", duration: .milliseconds(1999))
    let lines = StatisticsSamples.report(statistics).text(advanced: false).split(separator: "\n")
    #expect(lines.contains("Compile requests                           0"))
    #expect(lines.contains("Cache hits rate                       100.00 %"))
    #expect(lines.contains("Average compiler                  123456.000 s"))
    #expect(lines.contains("Average cache read hit                 1.999 s"))
  }

  /// Seen with the original; the first and the last are exact ties.
  @Test(
    arguments: [
      (1, 31, "3.12 %"), (8, 31, "20.51 %"), (3, 13, "18.75 %"), (3, 157, "1.88 %"),
      (0, 1, "0.00 %"), (1, 0, "100.00 %"), (0, 0, "-"), (1, 1 << 62, "0.00 %"),
    ] as [(UInt64, UInt64, String)])
  func rates(hits: UInt64, misses: UInt64, expected: String) {
    var table = TextTable()
    table.addRate("rate", hits: hits, misses: misses)
    #expect(table.lines() == "rate \(expected)\n" || table.lines() == "rate   \(expected)\n")
  }

  @Test(
    arguments: [
      (0, "0 bytes"), (900, "900 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (1500, "1 KiB"),
      (2560, "2 KiB"), (3584, "4 KiB"), (1_048_575, "1024 KiB"), (12_345_678, "12 MiB"),
      (900_000 << 40, "879 PiB"), (UInt64.max, "16 EiB"),
    ] as [(UInt64, String)])
  func sizes(bytes: UInt64, expected: String) {
    let (number, unit) = TextTable.binarySize(bytes)
    #expect("\(number) \(unit)" == expected)
  }

  @Test func locationsAreQuoted() {
    #expect(
      StatisticsReport.localDisk("/q\" \t\u{1}é\u{7f}\\")
        == #"Local disk: "/q\" \t\u{1}é\u{7f}\\""#)
  }

  /// Only a disk cache has a direct mode to speak of.
  @Test func remoteStorage() {
    var report = StatisticsSamples.report()
    report.cacheLocation = "redis, name: redis://127.0.0.1:1/, prefix: /"
    report.maxCacheSize = nil
    let expected = """
      Cache location                  redis, name: redis://127.0.0.1:1/, prefix: /
      Base directories                (none)
      Version (client)                0.16.0

      """
    #expect(report.text(advanced: false).hasSuffix(expected))
  }
}
