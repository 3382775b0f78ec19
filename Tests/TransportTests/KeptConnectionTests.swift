import ServerTestSupport
import TestSupport
import Testing
import Transport
import WebServer

/// Connections that are used again.
@Suite(.serving) struct KeptConnectionTests {
  /// Every address of 127.0.0.0/8 is this machine, and a server of its own for a client.
  private static func origins(_ count: Int, _ port: Int) -> [HTTPQuestion] {
    (1...count).map { HTTPQuestion(.get, "http://127.0.0.\($0):\(port)/") }
  }

  @Test(arguments: [(20, 20), (4, 40)]) func oneForEachServer(servers: Int, kept: Int) async throws
  {
    try await serving(host: "0.0.0.0") { _, _, _ in
      HTTPReply(status: 200)
    } _: { port in
      let client = HTTPClient(keptHandles: kept)
      for _ in 0..<3 {
        for question in Self.origins(servers, port) {
          #expect(await ask(question, client: client).answer?.status == 200)
        }
      }
      #expect(client.connectionsMade == servers)
    }
  }

  @Test func moreServersThanMayBeKept() async throws {
    try await serving(host: "0.0.0.0") { _, _, _ in
      HTTPReply(status: 200)
    } _: { port in
      let client = HTTPClient(keptHandles: 2)
      for _ in 0..<2 {
        for question in Self.origins(12, port) {
          #expect(await ask(question, client: client).answer?.status == 200)
        }
      }
      #expect((12...24).contains(client.connectionsMade))
    }
  }
}
