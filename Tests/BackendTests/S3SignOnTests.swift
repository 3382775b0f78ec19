#if S3
  import Glibc
  import Platform
  import Settings
  import Storage
  import StoreServers
  import TestSupport
  import Testing

  /// Tokens of `aws sso login` that have ended, with a stub that renews them, each time for another one.
  @Suite(.blocking) struct S3SignOnTests {
    private let server: TestServer
    private let files = TemporaryDirectory()
    /// SHA-1 of the session's name.
    private let file = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
    private let client: S3Client

    init() throws {
      server = try TestServer.stub("s3-stub.py", service: "moto")
      let base = "http://127.0.0.1:\(server.port)"
      client = S3Client(
        port: server.port,
        [
          "HOME": files.path, "AWS_PROFILE": "signed-on", "AWS_ENDPOINT_URL_SSO": base + "/portal",
          "AWS_ENDPOINT_URL_SSO_OIDC": base + "/oidc",
        ])
      try files.write(
        ".aws/config",
        """
        [sso-session corp]
        sso_region = eu-west-1
        sso_start_url = https://corp.awsapps.com/start
        [profile signed-on]
        sso_session = corp
        sso_account_id = 0001
        sso_role_name = cache role
        """)
    }

    /// What `aws sso login` writes.
    private func signIn(
      token: String = "old-s3cret", ends: String, refresh: String = "refresh-1",
      registration: String = "2099-01-01T00:00:00Z"
    ) throws {
      try files.write(
        file,
        """
        {"startUrl": "https://corp.awsapps.com/start", "region": "eu-west-1", "accessToken": "\(token)",
        "expiresAt": "\(ends)", "clientId": "client", "clientSecret": "client-secret",
        "registrationExpiresAt": "\(registration)", "refreshToken": "\(refresh)", "of": [1, null, true, {}]}
        """)
    }

    private var kept: [String: ConfigurationValue] {
      get throws {
        try JSONDocument.parse(String(decoding: Files.read(files(file)), as: UTF8.self))
      }
    }

    private func expectNoSecrets(_ outcome: Outcome) {
      for secret in ["s3cret", "client-secret", "refresh-"] {
        #expect(!outcome.description.contains(secret), "\(outcome)")
      }
    }

    @Test(arguments: ["2020-01-01T00:00:00Z", UTCTime.text(realSeconds() + 200)])
    func endedTokensAreRenewed(ends: String) throws {
      try signIn(ends: ends)
      let service = try client.service()
      #expect(service.outcomeOfStore() == .stored)
      #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
      #expect(server.lines(with: "served POST /oidc/token").count == 1)
      // The next one finds the new token, and everything else as it was.
      let kept = try kept
      #expect(kept["accessToken"] == .string("sso-token"))
      #expect(kept["refreshToken"] == .string("refresh-2"))
      #expect(kept["startUrl"] == .string("https://corp.awsapps.com/start"))
      #expect(kept["of"] == .array([.integer(1), .other("null"), .boolean(true), .table([:])]))
      #expect(FileStamp(path: files(file))?.permissions == 0o600)
      #expect(try client.service().outcomeOfFetch() == .found([1, 2, 3]))
      #expect(server.lines(with: "served POST /oidc/token").count == 1)
      #expect(server.lines(with: "refused").isEmpty)
    }

    /// A daemon that runs for days, with keys and tokens that last an hour.
    @Test func againAndAgain() throws {
      try signIn(ends: "2020-01-01T00:00:00Z")
      let service = try client.service()
      for number in 1...4 {
        #expect(service.outcomeOfStore() == .stored)
        #expect(try kept["refreshToken"] == .string("refresh-\(number + 1)"))
        client.clock.advance(seconds: 3700)
        // The stub's keys end by its own clock.
        try server.directory.write("lifetime", "\(3600 + number * 3700)")
      }
    }

    @Test func refusedOnesSayWhatToDo() throws {
      try signIn(ends: "2020-01-01T00:00:00Z", refresh: "refresh-of-long-ago")
      let outcome = try client.service().outcomeOfFetch()
      #expect(outcome.kind == .denied)
      #expect(outcome.description.contains("400 (invalid_grant)"), "\(outcome)")
      #expect(outcome.description.contains("aws sso login --profile signed-on"), "\(outcome)")
      expectNoSecrets(outcome)
      #expect(try kept["accessToken"] == .string("old-s3cret"))
    }

    /// Nobody is asked with a client that is not registered any more.
    @Test func endedClientsAreNotUsed() throws {
      try signIn(ends: "2020-01-01T00:00:00Z", registration: "2020-01-01T00:00:00Z")
      let outcome = try client.service().outcomeOfFetch()
      #expect(outcome.kind == .denied && outcome.description.contains("has ended"), "\(outcome)")
      #expect(server.lines(with: "/oidc/").isEmpty)
    }

    /// Who renews it is away, or refuses, while the old one still lasts.
    @Test(arguments: ["refresh-1", "refresh-of-long-ago"]) func oldOnesLast(refresh: String) throws
    {
      try signIn(
        token: "sso-token", ends: UTCTime.text(realSeconds() + 200), refresh: refresh)
      var client = client
      if refresh == "refresh-1" {
        client.variables["AWS_ENDPOINT_URL_SSO_OIDC"] = "http://127.0.0.1:9"
      }
      #expect(try client.service().outcomeOfStore() == .stored)
      #expect(try kept["refreshToken"] == .string(refresh))
    }
  }
#endif
