import Glibc
import Platform
import Settings
import TestSupport
import Testing

@testable import Farm

@Suite(.serving) struct SilentSchedulerTests {
  /// A stopped scheduler's kernel still takes connections: nobody shall wait for its answer as long as
  /// for one that is looking for a server.
  @Test func aSchedulerThatSaysNothingIsLeft() async throws {
    let listener = try LoopbackPort(listens: true)
    let client = FarmClient(
      schedulerURL: "http://127.0.0.1:\(listener.port)", token: Secret("t"))
    let (failure, isAvailable) = await BlockingThreads(limit: 1).run {
      // On this thread: it rests for a second, and the test may wait longer for its turn.
      let failure = Self.failure(of: client)
      return (failure, client.isAvailable)
    }
    // Not that the answer took too long.
    #expect(failure == .schedulerAway("http://127.0.0.1:\(listener.port) says nothing"))
    // And the next one doesn't wait at all.
    #expect(!isAvailable)
  }

  private static func failure(of client: FarmClient) -> FarmFailure? {
    let job = RemoteJob(
      command: CompileCommand(
        executable: "/usr/bin/cc", arguments: [], environment: [], directory: "/"),
      outputs: ["/a.o"], inputs: [RemoteJob.Input(path: "/a.c", content: .bytes([]))])
    do throws(FarmFailure) {
      _ = try client.compile(
        job, archive: ToolchainFile(id: .numbered(1), path: "/nonexistent"), isWanted: { true })
      return nil
    } catch {
      return error
    }
  }
}
