#if S3
  import Platform
  import Settings
  import Testing

  @testable import Storage

  @Suite struct S3SignatureTests {
    private static let emptyHash =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    private let exampleKeys = AWSKeys(
      id: "AKIAIOSFODNN7EXAMPLE", secret: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))

    /// `get-vanilla` of Amazon's test suite.
    @Test func vanilla() {
      let signature = SignatureV4(
        keys: AWSKeys(
          id: "AKIDEXAMPLE", secret: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")),
        region: "us-east-1", service: "service", time: 1_440_938_160)
      #expect(signature.date == "20150830T123600Z")
      let text = signature.authorization(
        .init(
          method: "GET", path: "/",
          headers: [("x-amz-date", signature.date), ("host", "example.amazonaws.com")],
          payloadHash: Self.emptyHash))
      #expect(
        text == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
          + "SignedHeaders=host;x-amz-date, "
          + "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
    }

    /// Both from the documentation of S3's signature.
    @Test func documentedGet() {
      let signature = SignatureV4(
        keys: exampleKeys, region: "us-east-1", service: "s3", time: 1_369_353_600)
      let text = signature.authorization(
        .init(
          method: "GET", path: "/test.txt",
          headers: [
            ("host", "examplebucket.s3.amazonaws.com"), ("range", "bytes=0-9"),
            ("x-amz-content-sha256", Self.emptyHash), ("x-amz-date", signature.date),
          ], payloadHash: Self.emptyHash))
      #expect(
        text.hasSuffix("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"))
    }

    @Test func documentedPut() {
      let hash = Digest.of(Array("Welcome to Amazon S3.".utf8)).description
      let signature = SignatureV4(
        keys: exampleKeys, region: "us-east-1", service: "s3", time: 1_369_353_600)
      let text = signature.authorization(
        .init(
          method: "PUT", path: "/test%24file.text",
          headers: [
            ("date", "Fri, 24 May 2013 00:00:00 GMT"), ("host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-content-sha256", hash), ("x-amz-date", signature.date),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
          ], payloadHash: hash))
      #expect(
        text.hasSuffix("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
    }
  }

  @Suite struct S3SettingsTests {
    private func problem(
      _ variables: [String: String] = [:], _ change: (inout S3Settings) -> Void
    ) -> String? {
      var settings = S3Settings(bucket: "b")
      change(&settings)
      do throws(BackendProblem) {
        _ = try S3Blobs(settings, BackendContext(variable: { variables[$0] }))
        return nil
      } catch {
        return error.description
      }
    }

    private func address(
      _ variables: [String: String] = [:], _ change: (inout S3Settings) -> Void
    ) throws -> String {
      var settings = S3Settings(bucket: "b")
      change(&settings)
      let context = BackendContext(variable: { variables[$0] })
      let region = S3Place.region(settings, context) ?? "none"
      let site = try S3Place(settings, region: region, context).site
      return "\(site.region) \(site.address.url(of: "p/k"))"
    }

    @Test func addresses() throws {
      #expect(
        try address { $0.region = "eu-west-3" }
          == "eu-west-3 https://s3.eu-west-3.amazonaws.com/b/p/k")
      #expect(
        try address(["AWS_DEFAULT_REGION": "cn-north-1"]) { $0.enableVirtualHostStyle = true }
          == "cn-north-1 https://b.s3.cn-north-1.amazonaws.com.cn/p/k")
      #expect(
        try address(["AWS_REGION": "auto"]) { $0.endpoint = "minio:9000" }
          == "auto http://minio:9000/b/p/k")
      #expect(
        try address(["AWS_REGION": "auto"]) {
          $0.endpoint = "http://Minio:443/base/"
          $0.useTLS = true
        } == "auto https://minio/base/b/p/k")
      #expect(
        try address(["AWS_REGION": "auto", "AWS_ENDPOINT_URL": "https://r2.example"]) { _ in }
          == "auto https://r2.example/b/p/k")
    }

    @Test func whatCanNotBeUsed() {
      #expect(problem { _ in }?.hasPrefix("region is missing: set SCCACHE_REGION") == true)
      #expect(problem { $0.noCredentials = true } == nil)
      #expect(problem { $0.region = "a/b" }?.contains("is no region") == true)
      let text = problem {
        $0.region = "auto"
        $0.endpoint = "https://user:password@host/"
      }
      #expect(text?.contains("SCCACHE_ENDPOINT") == true)
      #expect(text?.contains("password") == false)
    }

    @Test func location() throws {
      var settings = S3Settings(bucket: "b")
      settings.region = "auto"
      let context = BackendContext(variable: { _ in nil })
      #expect(try S3Blobs(settings, context).location == "s3, name: b, prefix: /")
      settings.keyPrefix = "/x/y/"
      #expect(try S3Blobs(settings, context).location == "s3, name: b, prefix: /x/y/")
    }

    @Test func profiles() {
      let profiles = AWSProfiles(
        config:
          "; x\n[profile  a b]\nregion=r\ns3=\n  region = no\n[b]\nregion=no\n[default]\nx = 1",
        credentials: "\n[a b]\n aws_access_key_id = no\naws_access_key_id = k=1 \r\n[b]\nX=2\n")
      #expect(
        profiles["a b"] == ["region": "r", "s3": "", "aws_access_key_id": "k=1"])
      #expect(profiles["b"] == ["x": "2"])
      #expect(profiles["default"] == ["x": "1"])
    }

    /// Only where nobody listens may a container's token go without TLS.
    @Test(arguments: [
      ("https://x.example/", true), ("http://localhost/", true), ("http://127.0.0.5:80/x", true),
      ("http://[::1]:80/", true), ("http://169.254.170.23/v1", true),
      ("http://169.254.1.1/", false),
      ("http://127.x.example/", false), ("http://localhost@x.example/", false), ("ftp://x", false),
      ("http://x.example#localhost", false),
    ])
    func tokensStayHere(_ url: String, _ isTold: Bool) {
      #expect(AWSMetadata.mayBeToldToken(url) == isTold)
    }
  }
#endif
