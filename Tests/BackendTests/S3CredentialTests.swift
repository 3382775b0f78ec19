#if S3
  import Glibc
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
      case profileOfInstance, process, roleOfProcess, signOn, signOnOld
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
        "AWS_ENDPOINT_URL_STS": base + "/sts", "AWS_ENDPOINT_URL_SSO": base + "/portal",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "wrong",
      ]
      try files.write("token", "identity\n")
      try files.write("container-token", "Basic secret\n")
      try files.write(
        ".aws/credentials",
        "# keys\n[base]\naws_access_key_id=STATIC\naws_secret_access_key = static-secret\n")
      // Called after the session and after the address: SHA-1 of `corp` and of the address below.
      for name in [
        "ee0bfd2552fbd840c02cc48b6e823320543c450f", "a51746d4aa793ae07b25e90c3a5db96fc7832bd7",
      ] {
        try files.write(
          ".aws/sso/cache/\(name).json",
          #"{"accessToken": "sso-token", "expiresAt": "2099-01-01T00:00:00Z", "region": "eu-west-1"}"#
        )
      }
      try files.write(
        "give keys.py",
        "import sys, urllib.request\n"
          + "print(urllib.request.urlopen(sys.argv[1]).read().decode())\n")
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
        [profile process]
        credential_process = python3 "\(files("give keys.py"))" '\(base)/process'
        [profile role-of-process]
        role_arn = arn:aws:iam::1:role/cache
        source_profile = process
        [sso-session corp]
        sso_region = eu-west-1
        sso_start_url = https://corp.awsapps.com/start
        [profile signed-on]
        sso_session = corp
        sso_account_id = 0001
        sso_role_name = cache role
        [profile signed-on-long-ago]
        sso_region = eu-west-1
        sso_start_url = https://corp.awsapps.com/start
        sso_account_id = 0001
        sso_role_name = cache role
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
      case .process: variables["AWS_PROFILE"] = "process"
      case .roleOfProcess: variables["AWS_PROFILE"] = "role-of-process"
      case .signOn: variables["AWS_PROFILE"] = "signed-on"
      case .signOnOld: variables["AWS_PROFILE"] = "signed-on-long-ago"
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

    /// Keys with which others are got.
    private static let inTwoSteps: Set = [Source.profileOfInstance, .roleOfProcess]
    private static let temporary = Source.allCases.filter { $0 != .profile }

    /// The server refuses them although they should last.
    @Test(arguments: temporary) func refusedKeysAreReplacedOnce(_ source: Source) throws {
      let service = try client(source).service()
      #expect(service.outcomeOfStore() == .stored)
      try files.write("unused", "")
      try server.directory.write("revoked", Self.inTwoSteps.contains(source) ? "2" : "1")
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

    /// What a program prints that is not as Amazon's documentation has it, or no program at all.
    @Test(arguments: [
      (#"echo '{"Version": 2, "AccessKeyId": "A", "SecretAccessKey": "s3cret"}'"#, "Version"),
      (#"echo '{"Version": 1, "AccessKeyId": "A"}'"#, "SecretAccessKey"),
      (
        #"echo '{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s3cret", "Expiration": "x"}'"#,
        "Expiration"
      ),
      ("echo s3cret", "no JSON"), ("echo s3cret >&2; exit 3", "exit code 3"),
      ("/nowhere/program", "exit code 127"), ("kill -9 $$", "signal 9"),
      ("head -c 1000000 /dev/zero", "credential_process"),
    ]) func programsThatGiveNoKeys(command: String, said: String) throws {
      let client = try client(.process)
      try files.write(".aws/config", "[profile process]\ncredential_process = \(command)\n")
      let outcome = try client.service().outcomeOfFetch()
      #expect(outcome.kind != nil)
      #expect(outcome.description.contains("credential_process of the profile 'process'"))
      #expect(outcome.description.contains(said), "\(outcome)")
      #expect(!outcome.description.contains("s3cret"))
    }

    @Test func aProgramThatDoesNotEndIsEnded() throws {
      let client = try client(.process)
      try files.write(
        ".aws/config",
        "[profile process]\ncredential_process = echo $$ > '\(files("pid"))'; exec sleep 1000\n")
      let outcome = try client.service().outcomeOfFetch(.probe, .short)
      #expect(outcome.kind == .timedOut)
      #expect(outcome.description.contains("SCCACHE_REMOTE_LOOKUP_TIMEOUT_MS"))
      let pid = try #require(
        Int32(String(decoding: Files.read(files("pid")), as: UTF8.self).filter(\.isNumber)))
      #expect(kill(pid, 0) != 0, "it goes on")
    }

    /// What stands in the way of a sign-on, and what to do about it.
    @Test func signOnsThatGiveNoKeys() throws {
      let token = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
      func outcome(_ text: String) throws -> Outcome {
        let client = try self.client(.signOn)
        try files.write(token, text)
        return try client.service().outcomeOfFetch()
      }
      for (text, said) in [
        (#"{"accessToken": "s3cret", "expiresAt": "2020-01-01T00:00:00UTC"}"#, "has ended"),
        (#"{"accessToken": "s3cret", "expiresAt": "then"}"#, "holds no token"),
        ("s3cret", "holds no token"),
        (#"{"accessToken": "s3cret", "expiresAt": "2099-01-01T00:00:00Z"}"#, "single sign-on"),
      ] {
        let outcome = try outcome(text)
        #expect(outcome.kind == .denied, "\(outcome)")
        #expect(outcome.description.contains(said), "\(outcome)")
        #expect(outcome.description.contains("'signed-on'"), "\(outcome)")
        #expect(!outcome.description.contains("s3cret"))
      }
      let client = try self.client(.signOn)
      for (settings, said) in [
        ("sso_account_id = 1\nsso_role_name = r\nsso_session = other", "'other'"),
        ("sso_account_id = 1\nsso_session = corp", "sso_role_name"),
        ("sso_account_id = 1\nsso_role_name = r\nsso_region = r", "sso_start_url"),
        (
          "sso_account_id = 1\nsso_role_name = r\nsso_region = r\nsso_start_url = u",
          "aws sso login"
        ),
      ] {
        try files.write(".aws/config", "[profile signed-on]\n\(settings)\n[sso-session corp]\n")
        let outcome = try client.service().outcomeOfFetch()
        #expect(outcome.kind == .denied && outcome.description.contains(said), "\(outcome)")
      }
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
