import Glibc
import Platform
import TestSupport
import Testing

/// Machines whose clocks are off by an hour.
@Suite(.blockingForFarms, .serialized) struct ClockFaultTests {
  /// In a process of the farm every clock that tells the date is off by so many seconds.
  private func surroundings(_ seconds: Int) throws -> TestFarm.Surroundings {
    TestFarm.Surroundings(environment: [
      "LD_PRELOAD": try Self.library.get(), "CLOCK_OFF_BY": "\(seconds)",
    ])
  }

  /// Beneath the C library's. (libfaketime would do, but under it Swift programs don't see their arguments.)
  private static let library: Result<String, any Error> = Result {
    let directory = PackedToolchains.directory
    let source = directory + "/clock.c"
    try Files.write(Array(text.utf8), to: source, temporary: source + ".new", mode: 0o600)
    let made = try Spawn.run(
      try Programs.find("gcc"), ["-O1", "-shared", "-fPIC", "-o", directory + "/clock.so", source],
      environment: [Array("PATH=\(Programs.searchPath)".utf8)], directory: directory,
      timeoutSeconds: 60)
    guard made.isSuccess else { throw NoLibrary(description: made.errorText) }
    return directory + "/clock.so"
  }

  private struct NoLibrary: Error, CustomStringConvertible { var description: String }

  private static let text = """
    #define _GNU_SOURCE
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <sys/time.h>
    #include <time.h>
    #include <unistd.h>

    static long off_by(void) {
      const char *text = getenv("CLOCK_OFF_BY");
      return text ? atol(text) : 0;
    }

    int clock_gettime(clockid_t clock, struct timespec *now) {
      int code = syscall(SYS_clock_gettime, clock, now);
      if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += off_by();
      return code;
    }

    int gettimeofday(struct timeval *restrict now, void *restrict zone) {
      (void)zone;
      struct timespec precise;
      if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
      now->tv_sec = precise.tv_sec;
      now->tv_usec = precise.tv_nsec / 1000;
      return 0;
    }

    time_t time(time_t *place) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      if (place) *place = now.tv_sec;
      return now.tv_sec;
    }

    """

  /// Neither certificates nor leases mind that two hours lie between scheduler and server, and one between
  /// each and the client.
  @Test(.timeLimit(.minutes(20)), arguments: [-3600, 3600])
  func offByAnHour(seconds: Int) throws {
    let farm = try TestFarm(
      setting: .init(
        aroundScheduler: try surroundings(seconds), aroundServers: try surroundings(-seconds)))
    let client = try farm.client()
    try client.waitUntilDistributed("gcc")
    try FarmBuild(client, 8, .quick).run()
    #expect(try client.failuresOfTheFarm() == [])
    let scheduler = try #require(farm.scheduler)
    #expect(Self.isOff(scheduler.said, by: seconds), "\(scheduler.said.prefix(300))")
    #expect(Self.isOff(farm.servers[0].said, by: -seconds), "\(farm.servers[0].said.prefix(300))")
    try farm.leavesNothing(client)
  }

  /// Its log tells that it believes in another hour.
  private static func isOff(_ log: String, by seconds: Int) -> Bool {
    // 2026-11-25T00:12:34+0000
    let line = log.split(separator: "\n").first { $0.hasPrefix("20") } ?? ""
    let numbers = line.prefix(19).split { !$0.isNumber }.compactMap { Int32($0) }
    guard numbers.count == 6 else { return false }
    var told = tm()
    told.tm_year = numbers[0] - 1900
    told.tm_mon = numbers[1] - 1
    (told.tm_mday, told.tm_hour, told.tm_min) = (numbers[2], numbers[3], numbers[4])
    let difference = Int(timegm(&told)) - Int(Clock.now / 1_000_000_000)
    return abs(difference - seconds) < 600
  }

  /// A token that is good for ten minutes is none where it is another hour; one that is good for a day is.
  @Test(.timeLimit(.minutes(20)))
  func tokensByAWrongClock() throws {
    let authority = try TokenAuthority()
    let farm = try TestFarm(
      setting: .init(
        clientAuthentication: authority.settings, aroundScheduler: try surroundings(3600)))
    let long = try farm.client(token: try authority.token(from: -43_200, until: 43_200))
    try long.waitUntilDistributed("gcc")
    let short = try farm.client(token: try authority.token())
    try FarmBuild(short, 8, .quick).run()
    for number in 0..<300 where try short.statistics().count("dist_errors") == 0 {
      try short.write("w\(number).c", "int w\(number);\n")
      #expect(try short.sccache(["gcc", "-c", "w\(number).c"]).isSuccess)
      pause(milliseconds: 100)
    }
    #expect(try short.statistics().count("dist_compiles") == 0)
    #expect(try short.statistics().count("dist_errors") > 0)
    try farm.leavesNothing(long)
  }
}
