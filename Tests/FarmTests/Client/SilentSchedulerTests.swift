import Glibc
import Platform
import Settings
import Testing

@testable import Farm

@Suite struct SilentSchedulerTests {
  /// A stopped scheduler's kernel still takes connections: nobody shall wait for its answer as long as
  /// for one that is looking for a server.
  @Test func aSchedulerThatSaysNothingIsLeft() async throws {
    let listener = try SilentListener()
    let client = FarmClient(
      schedulerURL: "http://127.0.0.1:\(listener.port)", token: Secret("t"))
    typealias Seen = (failure: FarmFailure?, seconds: Double, isAvailable: Bool)
    let (failure, seconds, isAvailable) = await BlockingThreads(limit: 1).run { () -> Seen in
      let start = Clock.monotonic
      let failure = Self.failure(of: client)
      // At once: the rest lasts a second only, and this test may wait for its next turn for longer.
      return (failure, Double(Clock.monotonic - start) / 1e9, client.isAvailable)
    }
    #expect(failure?.reason == "the scheduler is away")
    #expect(seconds < 10)
    // And the next one doesn't wait at all.
    #expect(!isAvailable)
  }

  private static func failure(of client: FarmClient) -> FarmFailure? {
    let job = RemoteJob(
      command: CompileCommand(
        executable: "/usr/bin/cc", arguments: [], environment: [], directory: "/"),
      outputs: ["/a.o"], inputPath: "/a.c", input: [])
    do throws(FarmFailure) {
      _ = try client.compile(job, archive: (.numbered(1), "/nonexistent"), isWanted: { true })
      return nil
    } catch {
      return error
    }
  }
}

/// Listens, and never accepts.
private final class SilentListener: Sendable {
  private let descriptor: Int32
  let port: UInt16

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | 0o2000000, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
          ? getsockname(descriptor, $0, &length) : -1
      }
    }
    guard code == 0 else { throw SystemError("listen on", "127.0.0.1") }
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(descriptor) }
}
