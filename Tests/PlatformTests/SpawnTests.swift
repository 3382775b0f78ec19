import Glibc
import TestSupport
import Testing

@testable import Platform

@Suite struct SpawnTests {
  private func shell(
    _ script: String, environment: [[UInt8]] = [], directory: String = "/", timeout: Int = 20,
    limit: Int = 64 << 20
  ) throws(SystemError) -> ProcessResult {
    try Spawn.run(
      "/bin/sh", ["-c", script], environment: environment, directory: directory,
      timeoutSeconds: timeout, outputLimit: limit)
  }

  @Test(arguments: [0, 1, 42, 255] as [Int32])
  func exitCodes(code: Int32) throws {
    let result = try shell("exit \(code)")
    #expect(result.exitCode == code)
    #expect(result.signal == 0)
    #expect(result.isSuccess == (code == 0))
  }

  @Test(arguments: [SIGTERM, SIGKILL, SIGSEGV] as [Int32])
  func signals(signal: Int32) throws {
    let result = try shell("kill -\(signal) $$")
    #expect(result.signal == signal)
    #expect(!result.isSuccess)
  }

  @Test func bothStreamsInFull() throws {
    let result = try shell(
      "head -c 1000000 /dev/zero >&2 & head -c 2000000 /dev/zero; wait; printf end >&2",
      environment: [Array("PATH=/usr/bin:/bin".utf8)])
    #expect(result.output.count == 2_000_000)
    #expect(result.errors.count == 1_000_003)
    #expect(result.errors.suffix(3) == Array("end".utf8)[...])
  }

  @Test func environmentAndDirectory() throws {
    let result = try shell(
      "echo \"$PWD|$A|$B|${HOME-unset}\"",
      environment: [Array("A=1".utf8), Array("B=x y".utf8)], directory: "/usr/bin")
    #expect(String(decoding: result.output, as: UTF8.self) == "/usr/bin|1|x y|unset\n")
  }

  @Test func argumentsArriveAsTheyAre() throws {
    let words = ["", " ", "a b", "$HOME", "\"", "ä", "\n"]
    let result = try Spawn.run(
      "/bin/sh", ["-c", "printf '[%s]' \"$@\"", "sh"] + words, environment: [], directory: "/")
    #expect(String(decoding: result.output, as: UTF8.self) == words.map { "[\($0)]" }.joined())
  }

  @Test func standardInputIsEmpty() throws {
    #expect(
      try shell("cat; echo done", environment: [Array("PATH=/bin".utf8)]).output
        == Array("done\n".utf8))
  }

  @Test(arguments: [
    ("/nonexistent/program", "/"), ("/bin/sh", "/nonexistent"), ("/etc/passwd", "/"),
  ])
  func whatCannotRun(program: String, directory: String) {
    #expect(throws: SystemError.self) {
      try Spawn.run(program, [], environment: [], directory: directory)
    }
  }

  @Test func timeoutEndsTheWholeGroup() throws {
    let directory = TemporaryDirectory()
    var child: pid_t?
    // A busy machine may not get as far as the child within the first time.
    for timeout in [1, 4, 16, 64] where child == nil {
      let error = #expect(throws: SystemError.self) {
        try shell(
          "sleep 600 & echo $! >'\(directory("child"))'; sleep 600",
          environment: [Array("PATH=/bin".utf8)], timeout: timeout)
      }
      #expect(error?.code == ETIMEDOUT)
      let text = (try? Files.read(directory("child"))) ?? []
      child = pid_t(String(decoding: text, as: UTF8.self).split(separator: "\n").joined())
    }
    let pid = try #require(child)
    // Killed, and cleared away by whoever inherits it.
    while Self.runs(pid) { usleep(10_000) }
  }

  private static func runs(_ pid: pid_t) -> Bool {
    guard let text = try? Files.read("/proc/\(pid)/stat") else { return false }
    let state = String(decoding: text, as: UTF8.self).split(separator: ")").last?.first {
      $0 != " "
    }
    return state != "Z" && state != "X"
  }

  /// A program that gives up its streams is still held to its time.
  @Test func timeoutHoldsWithoutStreams() throws {
    let result = try shell(
      "exec >/dev/null 2>&1; sleep 600", environment: [Array("PATH=/bin".utf8)], timeout: 1)
    #expect(result.signal == SIGKILL)
  }

  @Test func outputIsLimited() {
    let error = #expect(throws: SystemError.self) {
      try shell("exec cat /dev/zero", environment: [Array("PATH=/bin".utf8)], limit: 1 << 20)
    }
    #expect(error?.code == EFBIG)
  }

  @Test func failuresLeakNoDescriptors() {
    let growth = descriptorGrowth {
      for _ in 0..<60 {
        _ = try? Spawn.run("/nonexistent", [], environment: [], directory: "/")
      }
    }
    #expect(growth < 60)
  }

  @Test func runsLeakNoDescriptors() throws {
    let growth = try descriptorGrowth {
      for _ in 0..<15 { _ = try shell(":") }
      _ = try? shell("sleep 9", environment: [Array("PATH=/bin".utf8)], timeout: 1)
    }
    #expect(growth < 15)
  }

  @Test func cStrings() {
    let strings = CStrings(["a", "", "bcd"])
    let read = (0..<3).map { index in strings.pointers[index].map { String(cString: $0) } }
    #expect(read == ["a", "", "bcd"])
    #expect(strings.pointers[3] == nil)
  }
}
