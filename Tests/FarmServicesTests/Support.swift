import Farm
import Glibc
import Logging
import Platform
import Settings
import Transport
import WebServer

@testable import FarmServices

let silence = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

/// A connection that is to be kept shall not end because this machine is slow.
var patientLimits: HTTPServerLimits {
  var limits = HTTPServerLimits()
  limits.idleSeconds = 600
  limits.bodySilenceSeconds = 120
  return limits
}

/// Serves on a free port of loopback while `body` runs.
func serving<Result: Sendable>(
  identity: HTTPServerIdentity? = nil, limits: HTTPServerLimits = patientLimits,
  _ handler: @escaping HTTPHandler, _ body: @escaping @Sendable (Int) async throws -> Result
) async throws -> Result {
  let (ports, port) = AsyncStream.makeStream(of: Int.self)
  let server = HTTPServer(
    host: "127.0.0.1", port: 0, identity: identity, limits: limits, logger: silence,
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
    throw WorkerFailure("the server ended")
  }
}

/// Off the cooperative pool, whose threads must not block.
func ask(
  _ question: HTTPQuestion, seconds: Int = 120, client: HTTPClient = HTTPClient()
) async throws -> HTTPAnswer {
  var deadlines = HTTPDeadlines()
  deadlines.connect = seconds * 1000
  deadlines.total = seconds * 1000
  let times = deadlines
  return try await BlockingThreads(limit: 1).run { () -> Result<HTTPAnswer, HTTPFailure> in
    do throws(HTTPFailure) {
      return .success(try client.ask(question, deadlines: times))
    } catch {
      return .failure(error)
    }
  }.get()
}
