package import Logging
import Platform
package import Transport
package import WebServer

package let silence = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

package struct ServerEnded: Error {}

/// A connection that is to be kept shall not end because this machine is slow.
package var patientLimits: HTTPServerLimits {
  var limits = HTTPServerLimits()
  limits.idleSeconds = 3600
  limits.bodySilenceSeconds = 3600
  return limits
}

/// Serves on a free port of loopback while `body` runs.
package func serving<Result: Sendable>(
  host: String = "127.0.0.1", identity: HTTPServerIdentity? = nil,
  limits: HTTPServerLimits = patientLimits, _ handler: @escaping HTTPHandler,
  _ body: @escaping @Sendable (Int) async throws -> Result
) async throws -> Result {
  let (ports, port) = AsyncStream.makeStream(of: Int.self)
  let server = HTTPServer(
    host: host, port: 0, identity: identity, limits: limits, logger: silence,
    handler: handler)
  return try await withThrowingTaskGroup(of: Result?.self) { group in
    group.addTask {
      try await server.run { port.yield($0) }
      return nil
    }
    group.addTask {
      for await number in ports { return try await body(number) }
      return nil
    }
    defer { group.cancelAll() }
    while let result = try await group.next() {
      if let result { return result }
    }
    throw ServerEnded()
  }
}

/// A machine that runs all tests at once may be slow.
package var patience: HTTPDeadlines {
  var deadlines = HTTPDeadlines()
  deadlines.connect = 3_600_000
  deadlines.total = 3_600_000
  return deadlines
}

/// Asks off the cooperative pool, whose threads must not block.
package func ask(
  _ question: HTTPQuestion, _ deadlines: HTTPDeadlines = patience,
  client: HTTPClient = HTTPClient(), lifeCheck: HTTPLifeCheck? = nil,
  isWanted: @escaping @Sendable () -> Bool = { true }
) async -> Result<HTTPAnswer, HTTPFailure> {
  await BlockingThreads(limit: 1).run { () -> Result<HTTPAnswer, HTTPFailure> in
    do throws(HTTPFailure) {
      return .success(
        try client.ask(
          question, deadlines: deadlines, lifeCheck: lifeCheck, isWanted: isWanted))
    } catch {
      return .failure(error)
    }
  }
}
