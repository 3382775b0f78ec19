import Settings
import Storage
import StoreServers
import TestSupport
import Testing

/// Alibaba's and Tencent's stores, with stubs that sign again with the clouds' own libraries.
@Suite(.blocking) struct BucketTests {
  enum Cloud: String, CaseIterable { case oss, cos }

  private let clock = TestClock()

  private func variables(_ cloud: Cloud, id: String, secret: String, token: String?)
    -> [String: String]
  {
    switch cloud {
    case .oss:
      return [
        "ALIBABA_CLOUD_ACCESS_KEY_ID": id, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": token ?? "",
      ]
    case .cos:
      return [
        "TENCENTCLOUD_SECRET_ID": id, "TENCENTCLOUD_SECRET_KEY": secret,
        "TENCENTCLOUD_TOKEN": token ?? "",
      ]
    }
  }

  private func service(
    _ cloud: Cloud, port: Int, id: String = "AK", secret: String = "static/secret",
    token: String? = nil, prefix: String = "", isAnonymous: Bool = false
  ) throws -> any BlobService {
    // Names below localhost need no name server.
    let endpoint = "http://localhost:\(port)"
    let store: RemoteStore
    switch cloud {
    case .oss:
      var settings = OSSSettings(bucket: "cache")
      settings.endpoint = endpoint
      settings.keyPrefix = prefix
      settings.noCredentials = isAnonymous
      store = .oss(settings)
    case .cos:
      var settings = COSSettings(bucket: "cache")
      settings.endpoint = endpoint
      settings.keyPrefix = prefix
      store = .cos(settings)
    }
    let variables = variables(cloud, id: id, secret: secret, token: token)
    return try BlobServices.service(
      for: store, BackendContext(variable: { variables[$0] }, now: { [clock] in clock.now }))
  }

  private func stub(_ cloud: Cloud) throws -> TestServer {
    try TestServer.stub("bucket-stub.py", service: cloud.rawValue, [cloud.rawValue])
  }

  @Test(arguments: Cloud.allCases) func keepsBlobs(_ cloud: Cloud) throws {
    let server = try stub(cloud)
    func client() throws -> any BlobService {
      try service(cloud, port: server.port, prefix: "/team a/ü+~/")
    }
    try BlobContract(first: try client(), second: try client()).check()
    #expect(server.lines(with: "refused").isEmpty)
    #expect(try client().location == "\(cloud), name: cache, prefix: /team a/ü+~/")
  }

  @Test(arguments: Cloud.allCases) func temporaryKeys(_ cloud: Cloud) throws {
    let server = try stub(cloud)
    let client = try service(
      cloud, port: server.port, id: "TEMP", secret: "temporary", token: "to+ken=")
    #expect(client.outcomeOfStore() == .stored)
    #expect(client.outcomeOfFetch() == .found([1, 2, 3]))
    let other = try service(
      cloud, port: server.port, id: "TEMP", secret: "temporary", token: "other-token")
    #expect(other.outcomeOfFetch().kind == .denied)
    #expect(!other.outcomeOfFetch().description.contains("other-token"))
  }

  @Test(arguments: Cloud.allCases) func wrongKeysAreRefused(_ cloud: Cloud) throws {
    let server = try stub(cloud)
    let client = try service(cloud, port: server.port, secret: "not-for-eyes")
    for outcome in [client.outcomeOfFetch(), client.outcomeOfStore(), client.outcomeOfRemove()] {
      #expect(outcome.kind == .denied)
      #expect(outcome.description.contains("403 (Refused)"))
      #expect(!outcome.description.contains("not-for-eyes"))
      #expect(!outcome.description.contains("AK"))
    }
  }

  @Test(arguments: Cloud.allCases) func accessThatIsDeniedMayBeAnAbsence(_ cloud: Cloud) throws {
    let text = "<Error><Code>AccessDenied</Code></Error>"
    let server = try FaultServer([
      .hear("\r\n\r\n"),
      .say(
        "HTTP/1.1 403 x\r\ncontent-length: \(text.utf8.count)\r\nconnection: close\r\n\r\n\(text)"),
    ])
    let client = try service(cloud, port: server.port)
    #expect(client.outcomeOfFetch().kind == .deniedOrAbsent)
    #expect(client.outcomeOfStore().kind == .denied)
  }

  /// The time of a signature is that of the request, not of the start.
  @Test(arguments: Cloud.allCases) func signaturesAreOfNow(_ cloud: Cloud) throws {
    let server = try stub(cloud)
    let client = try service(cloud, port: server.port)
    clock.advance(seconds: 7200)
    #expect(client.outcomeOfFetch().kind == .denied)
    clock.advance(seconds: -7200)
    #expect(client.outcomeOfFetch() == .absent)
  }

  @Test(arguments: Cloud.allCases) func withoutKeys(_ cloud: Cloud) throws {
    let client = try service(cloud, port: 1, id: "", secret: "")
    #expect(client.outcomeOfFetch().kind == .denied)
    #expect(client.outcomeOfFetch().description.contains("no credentials: set "))
  }

  @Test func withoutSignatures() throws {
    let server = try stub(.oss)
    let client = try service(.oss, port: server.port, isAnonymous: true)
    #expect(client.outcomeOfFetch().kind == .denied)
    #expect(server.lines(with: "not signed").count == 1)
  }

  @Test(arguments: Cloud.allCases) func statusesMean(_ cloud: Cloud) throws {
    for (status, kind) in [
      (413, Outcome.Kind.tooLarge), (429, .limited(7)), (503, .limited(7)), (500, .failed),
    ] {
      let server = try FaultServer([
        .hear("\r\n\r\n"),
        .say("HTTP/1.1 \(status) x\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n"),
      ])
      let client = try service(cloud, port: server.port)
      #expect(client.outcomeOfFetch().kind == kind)
      #expect(client.outcomeOfStore().kind == kind)
      #expect(client.outcomeOfRemove().kind == kind)
    }
    let server = try FaultServer([
      .hear("\r\n\r\n"),
      .say("HTTP/1.1 404 x\r\ncontent-length: 25\r\n\r\n<Code>NoSuchBucket</Code>"),
    ])
    #expect(try service(cloud, port: server.port).outcomeOfFetch().kind == .failed)
  }

  @Test(arguments: Cloud.allCases) func cutAndSilentServers(_ cloud: Cloud) throws {
    let cut = try FaultServer([
      .hear("\r\n\r\n"), .say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc"),
    ])
    #expect(try service(cloud, port: cut.port).outcomeOfFetch().kind == .failed)
    let silent = try FaultServer([.hear("\r\n\r\n"), .hang])
    #expect(try service(cloud, port: silent.port).outcomeOfFetch(.probe, .short).kind == .timedOut)
  }

  @Test(arguments: Cloud.allCases) func anEndpointIsNeeded(_ cloud: Cloud) {
    let context = BackendContext(variable: { _ in nil })
    for endpoint in [nil, "", "https://user:password@host"] as [String?] {
      var oss = OSSSettings(bucket: "cache")
      oss.endpoint = endpoint
      var cos = COSSettings(bucket: "cache")
      cos.endpoint = endpoint
      let store = cloud == .oss ? RemoteStore.oss(oss) : .cos(cos)
      #expect {
        _ = try BlobServices.service(for: store, context)
      } throws: { error in
        let text = (error as? BackendProblem)?.description ?? ""
        return text.contains("_ENDPOINT must be an address") && !text.contains("password")
      }
    }
  }
}
