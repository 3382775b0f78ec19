import Storage
import Testing

/// What every backend must make of a server's failures that asks with one HTTP request for each blob.
struct HTTPFaults {
  /// A service whose server listens at a port of 127.0.0.1, and which asks nobody else.
  let service: (_ port: Int) throws -> any BlobService
  /// What must not be in any message.
  let secrets: [String]

  func check() throws {
    try statuses()
    try slowness()
    try cuts()
  }

  private static func answer(_ status: Int, _ more: String = "") -> [FaultServer.Step] {
    let body = "<Error><Code>TheCode</Code><Message>secret-in-a-body</Message></Error>"
    return [
      .hear("\r\n\r\n"),
      .say(
        "HTTP/1.1 \(status) X\r\nconnection: close\r\n\(more)content-length: \(body.utf8.count)"
          + "\r\n\r\n\(body)"),
    ]
  }

  private func statuses() throws {
    let kinds: [(Int, String, Outcome.Kind)] = [
      (401, "", .denied), (403, "", .denied), (413, "", .tooLarge), (500, "", .failed),
      (429, "retry-after: 7\r\n", .limited(7)), (503, "", .limited(nil)),
    ]
    for (status, more, kind) in kinds {
      let server = try FaultServer(Self.answer(status, more))
      let service = try service(server.port)
      for outcome in [
        service.outcomeOfFetch(), service.outcomeOfStore(), service.outcomeOfRemove(),
      ] {
        #expect(outcome.kind == kind, "\(status): \(outcome)")
        expectNoSecrets(outcome)
      }
      withExtendedLifetime(server) {}
    }
    let server = try FaultServer(Self.answer(404))
    let service = try service(server.port)
    #expect(service.outcomeOfFetch() == .absent)
    #expect(service.outcomeOfStore().kind == .failed)
    #expect(service.outcomeOfRemove() == .removed)
    withExtendedLifetime(server) {}
  }

  private func slowness() throws {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"
    let scripts: [[FaultServer.Step]] = [
      [.hang], [.hear("\r\n\r\n"), .say(head), .trickle("x", milliseconds: 50)],
      [.hear("\r\n\r\n"), .say(head), .hang],
    ]
    for script in scripts {
      let server = try FaultServer(script)
      let service = try service(server.port)
      for outcome in [
        service.outcomeOfFetch(.probe, .short), service.outcomeOfStore(.probe, [1], .short),
      ] {
        #expect(outcome.kind == .timedOut, "\(outcome)")
        expectNoSecrets(outcome)
      }
      withExtendedLifetime(server) {}
    }
  }

  private func cuts() throws {
    let cut: [FaultServer.Step] = [
      .hear("\r\n\r\n"), .say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc"),
    ]
    for script in [cut, [.hear("\r\n\r\n")]] {
      let server = try FaultServer(script)
      let service = try service(server.port)
      #expect(service.outcomeOfFetch().kind == .failed)
      #expect(service.outcomeOfStore().kind == .failed)
      withExtendedLifetime(server) {}
    }
    #expect(try service(9).outcomeOfFetch().kind == .unreachable)
  }

  private func expectNoSecrets(_ outcome: Outcome) {
    for secret in secrets + ["secret-in-a-body"] {
      #expect(!outcome.description.contains(secret))
    }
  }
}
