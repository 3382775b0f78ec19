#if S3
  import Platform
  import Settings
  import Storage
  import StoreServers
  import TestSupport
  import Testing

  /// The contract, with servers that check signatures.
  @Suite(.blocking) struct S3Tests {
    @Test func motoKeepsBlobs() throws {
      let moto = try S3Servers.moto()
      var client = S3Client(port: moto.server.port, id: moto.id, secret: moto.secret)
      client.settings.keyPrefix = "/team a/ü+~/"
      try BlobContract(first: try client.service(), second: try client.service()).check()
    }

    @Test func motoRefusesAnotherSecret() throws {
      let moto = try S3Servers.moto()
      let wrong = try S3Client(port: moto.server.port, id: moto.id, secret: moto.secret + "x")
        .service()
      #expect(wrong.outcomeOfStore().kind == .denied)
      #expect(wrong.outcomeOfFetch().description.contains("SignatureDoesNotMatch"))
      #expect(!wrong.outcomeOfFetch().description.contains(moto.id))
    }

    /// moto's own token service gives keys that moto's own S3 takes.
    @Test func motoGivesARole() throws {
      let moto = try S3Servers.moto()
      let files = TemporaryDirectory()
      try files.write(
        "config",
        "[profile ci]\nrole_arn = \(moto.role)\nsource_profile = base\n"
          + "[profile base]\naws_access_key_id = \(moto.id)\naws_secret_access_key = \(moto.secret)\n"
      )
      let client = S3Client(
        port: moto.server.port,
        [
          "AWS_PROFILE": "ci", "AWS_CONFIG_FILE": files("config"),
          "AWS_SHARED_CREDENTIALS_FILE": files("none"),
          "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:\(moto.server.port)",
        ])
      let service = try client.service()
      #expect(service.outcomeOfStore() == .stored)
      #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
    }

    @Test func nanioKeepsBlobs() throws {
      let server = try TestServer(
        ServicePrograms.path("nanio", "nanio"), package: ServicePrograms.installation(of: "nanio"),
        environment: ["NANIO_ACCESS_KEY": "AK", "NANIO_SECRET_KEY": "a/secret+"]
      ) { port, directory in
        try directory.write("data/cache/.keep", "")
        return [
          "serve", "--data-dir", directory("data"), "--host", "127.0.0.1", "--port", "\(port)",
        ]
      }
      var client = S3Client(port: server.port, id: "AK", secret: "a/secret+")
      client.settings.keyPrefix = "team"
      client.settings.region = "us-east-1"
      try BlobContract(first: try client.service(), second: try client.service()).check()
      client.variables["AWS_SECRET_ACCESS_KEY"] = "wrong"
      #expect(try client.service().outcomeOfFetch().kind == .denied)
    }

    // MARK: against Amazon's library

    private func stub() throws -> TestServer { try TestServer.stub("s3-stub.py", service: "moto") }

    @Test func botocoreSignsTheSame() throws {
      let server = try stub()
      let client = S3Client(port: server.port, id: "STATIC", secret: "static-secret")
      try BlobContract(first: try client.service(), second: try client.service()).check()
    }

    @Test func encryptionIsAskedForWhenStoring() throws {
      let server = try stub()
      var client = S3Client(port: server.port, id: "STATIC", secret: "static-secret")
      client.settings.serverSideEncryption = true
      #expect(try client.service().outcomeOfStore() == .stored)
      client.settings.serverSideEncryptionAWSKMS = true
      #expect(try client.service().outcomeOfStore() == .stored)
      client.settings.serverSideEncryptionKMSKeyID = "key/1"
      #expect(try client.service().outcomeOfStore() == .stored)
      let header = "x-amz-server-side-encryption"
      #expect(
        server.lines(with: "stored") == [
          "stored /cache/.sccache_check {'\(header)': 'AES256'}",
          "stored /cache/.sccache_check {'\(header)': 'aws:kms'}",
          "stored /cache/.sccache_check {'\(header)': 'aws:kms', '\(header)-aws-kms-key-id': 'key/1'}",
        ])
    }

    @Test func theBucketMayBeInTheHostsName() throws {
      let server = try stub()
      var client = S3Client(port: server.port, id: "STATIC", secret: "static-secret")
      // Names below localhost need no name server.
      client.settings.endpoint = "http://localhost:\(server.port)"
      client.settings.enableVirtualHostStyle = true
      let service = try client.service()
      #expect(service.outcomeOfStore() == .stored)
      #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
      #expect(server.lines(with: "served GET /.sccache_check").count == 1)
    }

    /// `auto` is no region that a server of one region knows.
    @Test(arguments: ["auto", "us-east-1"]) func theRegionIsLearnt(_ region: String) throws {
      let server = try stub()
      var client = S3Client(port: server.port, id: "STATIC", secret: "static-secret")
      client.settings.region = region
      let service = try client.service()
      #expect(service.outcomeOfStore() == .stored)
      #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
      #expect(server.lines(with: "signed for").count == 1)
    }

    @Test func withoutSignatures() throws {
      let server = try stub()
      var client = S3Client(port: server.port)
      client.settings.noCredentials = true
      client.settings.region = nil
      #expect(try client.service().outcomeOfFetch().kind == .deniedOrAbsent)
      #expect(server.lines(with: "not signed").count == 1)
    }
  }
#endif
