#if S3
  import Platform
  import Settings
  import Storage
  import StoreServers
  import TestSupport
  import Testing

  /// Servers that fail. The other stores that speak HTTP share what is tested here.
  @Suite(.blocking) struct S3FaultTests {
    private func service(_ server: FaultServer) throws -> any BlobService {
      try S3Client(port: server.port, id: "AKID", secret: "not-for-eyes").service()
    }

    private func answer(_ status: String, _ more: String = "", body: String = "")
      -> FaultServer.Step
    {
      .say(
        "HTTP/1.1 \(status)\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\(more)\r\n"
          + body)
    }

    @Test(arguments: [
      ("401 x", Outcome.Kind.denied), ("403 x", .denied), ("413 x", .tooLarge),
      ("429 x", .limited(7)), ("503 x", .limited(7)), ("500 x", .failed), ("301 x", .failed),
    ])
    func statusesMean(_ status: String, _ kind: Outcome.Kind) throws {
      // Servers repeat what they were sent.
      let server = try FaultServer([
        .hear("\r\n\r\n"),
        answer(status, "retry-after: 7\r\n", body: "<Code>Some</Code>Signature=AKID not-for-eyes"),
      ])
      let service = try service(server)
      for outcome in [
        service.outcomeOfFetch(), service.outcomeOfStore(), service.outcomeOfRemove(),
      ] {
        #expect(outcome.kind == kind)
        #expect(outcome.description.contains("\(status.prefix(3)) (Some)"))
        #expect(!outcome.description.contains("not-for-eyes"))
        #expect(!outcome.description.contains("AKID"))
      }
    }

    @Test func absentIsNotAMissingBucket() throws {
      let server = try FaultServer([.hear("\r\n\r\n"), answer("404 x")])
      #expect(try service(server).outcomeOfFetch() == .absent)
      #expect(try service(server).outcomeOfRemove() == .removed)
      let other = try FaultServer([
        .hear("\r\n\r\n"), answer("404 x", body: "<Code>NoSuchBucket</Code>"),
      ])
      #expect(try service(other).outcomeOfFetch().kind == .failed)
    }

    /// Who may not list the bucket gets it for an object that is not there. No keys are asked for again.
    @Test func accessThatIsDeniedMayBeAnAbsence() throws {
      let server = try FaultServer([
        .hear("\r\n\r\n"), answer("403 x", body: "<Error><Code>AccessDenied</Code></Error>"),
      ])
      let service = try service(server)
      #expect(
        service.outcomeOfFetch() == .failed(.deniedOrAbsent, "it refuses: 403 (AccessDenied)"))
      #expect(service.outcomeOfStore() == .failed(.denied, "it refuses: 403 (AccessDenied)"))
      #expect(service.outcomeOfRemove().kind == .denied)
    }

    @Test func aCutBodyIsAFailure() throws {
      let server = try FaultServer([
        .hear("\r\n\r\n"), .say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc"),
      ])
      #expect(try service(server).outcomeOfFetch().kind == .failed)
      let chunked = try FaultServer([
        .hear("\r\n\r\n"),
        .say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"),
      ])
      #expect(try service(chunked).outcomeOfFetch().kind == .failed)
    }

    @Test func silenceEnds() throws {
      let server = try FaultServer([.hear("\r\n\r\n"), .hang])
      let service = try service(server)
      #expect(service.outcomeOfFetch(.probe, .short).kind == .timedOut)
      #expect(service.outcomeOfStore(.probe, [1], .short).kind == .timedOut)
    }

    @Test func aSlowBodyEnds() throws {
      let server = try FaultServer([
        .hear("\r\n\r\n"), .say("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"),
        .trickle("x", milliseconds: 50),
      ])
      #expect(try service(server).outcomeOfFetch(.probe, .short).kind == .timedOut)
    }

    @Test func nobodyListens() throws {
      let port = try LoopbackPort(listens: false)
      let service = try S3Client(port: port.port, id: "i", secret: "s").service()
      #expect(service.outcomeOfFetch().kind == .unreachable)
    }

    // MARK: TLS

    private func overTLS(host: String, name: String) throws -> Outcome {
      let certificate = try TestCertificate(name)
      let server = try TLSFront.answering("return 200 \"blob\";", showing: certificate)
      var client = S3Client(port: server.port, id: "i", secret: "s")
      client.settings.endpoint = "\(host):\(server.port)"
      client.settings.useTLS = true
      client.variables["SSL_CERT_FILE"] = certificate.certificate
      return try client.service().outcomeOfFetch()
    }

    @Test func aKnownAuthorityIsTrusted() throws {
      #expect(
        try overTLS(host: "localhost", name: "DNS:localhost") == .found(Array("blob".utf8)))
    }

    @Test func anotherNameIsRefused() throws {
      let outcome = try overTLS(host: "localhost", name: "DNS:s3.example.com")
      #expect(outcome.kind == .unreachable)
      #expect(outcome.description.contains("isn't trusted"))
    }
  }
#endif
