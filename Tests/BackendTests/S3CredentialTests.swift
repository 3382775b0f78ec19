#if S3
  import Platform
  import Settings
  import Storage
  import StoreServers
  import TestSupport
  import Testing

  /// Each source of keys, with a stub that hands them out and takes them.
  @Suite(.blocking) struct S3CredentialTests {
    enum Source: String, CaseIterable {
      case instance, container, containerTokenFile, url, webIdentity, profile, profileRole
      case profileOfInstance
    }

    private let server: TestServer
    private let files = TemporaryDirectory()
    private let base: String

    init() throws {
      server = try TestServer.stub("s3-stub.py", service: "moto")
      base = "http://127.0.0.1:\(server.port)"
    }

    private func client(_ source: Source) throws -> S3Client {
      var variables = [
        "HOME": files.path, "AWS_EC2_METADATA_SERVICE_ENDPOINT": base,
        "AWS_ENDPOINT_URL_STS": base + "/sts", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "wrong",
      ]
      try files.write("token", "identity\n")
      try files.write("container-token", "Basic secret\n")
      try files.write(
        ".aws/credentials",
        "# keys\n[base]\naws_access_key_id=STATIC\naws_secret_access_key = static-secret\n")
      try files.write(
        ".aws/config",
        """
        [default]
        region = eu-west-1
        s3 =
          addressing_style = path
        [profile role]
        role_arn = arn:aws:iam::1:role/cache
        source_profile = base
        external_id = guest
        duration_seconds = 900
        [profile machine]
        role_arn = arn:aws:iam::1:role/cache
        credential_source = Ec2InstanceMetadata
        [profile loop]
        role_arn = arn:aws:iam::1:role/cache
        source_profile = loop
        """)
      switch source {
      case .instance: break
      case .container:
        variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = base + "/container"
        variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Basic secret"
      case .containerTokenFile:
        variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = base + "/container"
        variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = files("container-token")
      case .url: variables["AWS_IAM_CREDENTIALS_URL"] = base + "/keys"
      case .webIdentity:
        variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = files("token")
        variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/cache"
      case .profile: variables["AWS_PROFILE"] = "base"
      case .profileRole: variables["AWS_PROFILE"] = "role"
      case .profileOfInstance: variables["AWS_PROFILE"] = "machine"
      }
      return S3Client(port: server.port, variables)
    }

    @Test(arguments: Source.allCases) func keysComeFrom(_ source: Source) throws {
      let client = try client(source)
      let service = try client.service()
      #expect(server.lines(with: "served").isEmpty)
      #expect(service.outcomeOfStore() == .stored)
      #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
      #expect(server.lines(with: "refused").isEmpty)
    }

    private static let temporary = Source.allCases.filter { $0 != .profile }

    /// The server refuses them although they should last.
    @Test(arguments: temporary) func refusedKeysAreReplacedOnce(_ source: Source) throws {
      let service = try client(source).service()
      #expect(service.outcomeOfStore() == .stored)
      try files.write("unused", "")
      try server.directory.write("revoked", source == .profileOfInstance ? "2" : "1")
      #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
      #expect(server.lines(with: "has ended").count == 1)
      try server.directory.write("revoked", "1000")
      #expect(service.outcomeOfFetch().kind == .denied)
    }

    @Test func keysAreRenewedBeforeTheyEnd() throws {
      let client = try client(.instance)
      let service = try client.service()
      #expect(service.outcomeOfStore() == .stored)
      client.clock.advance(seconds: 3600 - 200)
      try server.directory.write("revoked", "1")
      #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
      // Nobody was refused: the new ones were there in time.
      #expect(server.lines(with: "refused").isEmpty)
    }

    /// Who hands them out is away when they are to be renewed.
    @Test func oldKeysServeAsLongAsTheyLast() throws {
      let client = try client(.instance)
      let service = try client.service()
      #expect(service.outcomeOfStore() == .stored)
      try server.directory.write("broken", "1")
      client.clock.advance(seconds: 3600 - 200)
      #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
      #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
      // Asked once in a while only.
      #expect(server.lines(with: "refused PUT /latest/api/token").count == 1)
      client.clock.advance(seconds: 300)
      #expect(service.outcomeOfFetch().kind != nil)
      try server.directory.write("broken", "0")
      client.clock.advance(seconds: 60)
      #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
    }

    @Test func messagesSayWhatIsMissing() throws {
      var client = try client(.instance)
      client.variables["AWS_EC2_METADATA_DISABLED"] = "true"
      #expect(try client.service().outcomeOfFetch().description.contains("AWS_ACCESS_KEY_ID"))
      client.variables["AWS_PROFILE"] = "nobody"
      #expect(try client.service().outcomeOfFetch().description.contains("'nobody'"))
      client.variables["AWS_PROFILE"] = "loop"
      #expect(try client.service().outcomeOfFetch().kind == .denied)
      client = try self.client(.container)
      client.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.example.com/x"
      let outcome = try client.service().outcomeOfFetch()
      #expect(outcome.kind == .denied)
      #expect(outcome.description.contains("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
      #expect(server.lines(with: "served").isEmpty)
    }

    /// A broken or refusing source of keys shows neither tokens nor addresses' queries.
    @Test func messagesHoldNoSecrets() throws {
      var client = try client(.webIdentity)
      try files.write("token", "not-for-eyes")
      #expect(try client.service().outcomeOfFetch().description.contains("InvalidIdentityToken"))
      #expect(try !client.service().outcomeOfFetch().description.contains("not-for-eyes"))
      client = try self.client(.url)
      client.variables["AWS_IAM_CREDENTIALS_URL"] = "http://127.0.0.1:1/keys?code=not-for-eyes"
      #expect(try !client.service().outcomeOfFetch().description.contains("not-for-eyes"))
    }

    @Test func manyThreadsAskOnce() throws {
      let service = try client(.instance).service()
      #expect(service.outcomeOfStore() == .stored)
      try server.directory.write("revoked", "1")
      let done = Monitor(0)
      for _ in 0..<16 {
        let isStarted = startThread {
          let isFound = service.outcomeOfFetch() == .found([1, 2, 3])
          done.change { $0 += isFound ? 1 : 100 }
        }
        #expect(isStarted)
      }
      let sum = done.wait(until: .max) { $0 >= 16 ? $0 : nil }
      #expect(sum == 16)
      #expect(server.lines(with: "served PUT /latest/api/token").count == 2)
    }
  }
#endif
