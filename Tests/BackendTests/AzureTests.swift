import Settings
import Storage
import StoreServers
import Synchronization
import TestSupport
import Testing

/// Against a stub that checks signatures with Azure's own library, and gives tokens as Entra ID and the
/// metadata servers do.
@Suite(.blocking) struct AzureTests {
  private static let key = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudC1mb3ItdGVzdHM="

  private func stub(_ arguments: [String] = []) throws -> TestServer {
    try TestServer.stub("azure-stub.py", service: "azure", arguments)
  }

  private func service(
    _ access: AzureSettings.Access, prefix: String = "team/cache", container: String = "box",
    variables: [String: String] = [:], now: (@Sendable () -> Int64)? = nil
  ) throws -> any BlobService {
    var settings = AzureSettings(container: container, access: access)
    settings.keyPrefix = prefix
    let variable: @Sendable (String) -> String? = { variables[$0] }
    let context =
      now.map { BackendContext(variable: variable, now: $0) } ?? BackendContext(variable: variable)
    return try BlobServices.service(for: .azure(settings), context)
  }

  private func connection(_ port: Int, key: String = key, scheme: String = "http")
    -> AzureSettings.Access
  {
    .connectionString(
      Secret("BlobEndpoint=\(scheme)://127.0.0.1:\(port)/acct;AccountName=acct;AccountKey=\(key)"))
  }

  // MARK: access

  @Test func sharedKey() throws {
    let server = try stub()
    let access = connection(server.port)
    try BlobContract(first: try service(access), second: try service(access)).check()
    #expect(
      try service(access).location == "azblob, name: box, prefix: /team/cache/")
    // Another prefix is another place; so is none.
    try service(access).store(.probe, .bytes([1]), .patient)
    #expect(try service(access, prefix: "other").outcomeOfFetch() == .absent)
    #expect(try service(access, prefix: "").outcomeOfFetch() == .absent)
    #expect(try service(access, prefix: "/team//cache/").outcomeOfFetch() == .found([1]))
    #expect(try service(access, prefix: "a b/ü+&").outcomeOfStore() == .stored)
    #expect(try service(access, prefix: "a b/ü+&").outcomeOfFetch() == .found([1, 2, 3]))
  }

  @Test func sharedAccessSignature() throws {
    let server = try stub()
    let signature = try String(contentsOf: server.directory("sas"))
    let endpoint = "BlobEndpoint=http://127.0.0.1:\(server.port)/acct"
    let access = AzureSettings.Access.connectionString(
      Secret("\(endpoint)/;SharedAccessSignature=?\(signature)"))
    try BlobContract(first: try service(access), second: try service(access)).check()
    let wrong = AzureSettings.Access.connectionString(
      Secret("\(endpoint);SharedAccessSignature=\(signature)wrong"))
    let outcome = try service(wrong).outcomeOfFetch()
    #expect(outcome == .failed(.denied, "it refuses: 403 (AuthenticationFailed)"))
  }

  @Test func wrongKey() throws {
    let server = try stub()
    let service = try service(connection(server.port, key: "d3Jvbmc="))
    #expect(service.outcomeOfFetch().kind == .denied)
    #expect(service.outcomeOfStore().kind == .denied)
  }

  @Test func missingContainer() throws {
    let server = try stub()
    let service = try service(connection(server.port), container: "none")
    #expect(service.outcomeOfFetch() == .absent)
    #expect(service.outcomeOfStore() == .failed(.failed, "it failed: 404 (ContainerNotFound)"))
  }

  // MARK: tokens

  private func entra(_ server: TestServer, _ way: Way) throws -> [String: String] {
    let address = "http://127.0.0.1:\(server.port)"
    let client = [
      "AZURE_AUTHORITY_HOST": address, "AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client",
    ]
    switch way {
    case .secret: return client.merging(["AZURE_CLIENT_SECRET": "s3cret&+=/"]) { $1 }
    case .workload:
      let file = try server.directory.write("federated", "federated.jwt\n")
      return client.merging(["AZURE_FEDERATED_TOKEN_FILE": file]) { $1 }
    case .application:
      return ["IDENTITY_ENDPOINT": address + "/msi/identity", "IDENTITY_HEADER": "app-header"]
    case .machine: return ["AZURE_POD_IDENTITY_AUTHORITY_HOST": address + "/"]
    }
  }

  enum Way: CaseIterable { case secret, workload, application, machine }

  private func endpoint(_ server: TestServer) -> AzureSettings.Access {
    .endpoint("http://127.0.0.1:\(server.port)/acct")
  }

  @Test(arguments: Way.allCases) func entraID(_ way: Way) throws {
    let server = try stub()
    let variables = try entra(server, way)
    try BlobContract(
      first: try service(endpoint(server), variables: variables),
      second: try service(endpoint(server), variables: variables)
    ).check()
    // Two clients, one token each.
    #expect(server.log.split(separator: "\n").count { $0.contains("fields:") } == 2)
  }

  @Test func wrongSecret() throws {
    let server = try stub()
    var variables = try entra(server, .secret)
    variables["AZURE_CLIENT_SECRET"] = "wrong-secret"
    let outcome = try service(endpoint(server), variables: variables).outcomeOfFetch()
    #expect(
      outcome == .failed(.denied, "it refuses: Entra ID gives no token: 401 (invalid_client)"))
  }

  @Test func tokensAreRenewed() throws {
    let server = try stub()
    let clock = Atomic(Int64(0))
    let start = realSeconds()
    let service = try service(
      endpoint(server), variables: try entra(server, .secret),
      now: { start + clock.load(ordering: .relaxed) })
    func tokens() -> Int { server.log.split(separator: "\n").count { $0.contains("fields:") } }
    #expect(service.outcomeOfStore() == .stored)
    clock.store(3200, ordering: .relaxed)
    #expect(service.outcomeOfStore() == .stored)
    #expect(tokens() == 1)
    // Minutes before its end.
    clock.store(3400, ordering: .relaxed)
    #expect(service.outcomeOfStore() == .stored)
    #expect(tokens() == 2)
    // One that was withdrawn is replaced once.
    try server.directory.write("revoked", "2")
    #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
    #expect(tokens() == 3)
    // And when that does not help, it is said.
    try server.directory.write("revoked", "99")
    #expect(service.outcomeOfFetch().kind == .denied)
    #expect(tokens() == 4)
  }

  /// The old one is used as long as it lasts when there is no new one.
  @Test func oldTokensLast() throws {
    let server = try stub()
    let clock = Atomic(Int64(0))
    let start = realSeconds()
    let service = try service(
      endpoint(server), variables: try entra(server, .machine),
      now: { start + clock.load(ordering: .relaxed) })
    #expect(service.outcomeOfStore() == .stored)
    try server.directory.write("broken", "1")
    clock.store(3500, ordering: .relaxed)
    #expect(service.outcomeOfStore() == .stored)
    clock.store(3601, ordering: .relaxed)
    #expect(service.outcomeOfStore().kind == .failed)
  }

  // MARK: faults

  @Test func faults() throws {
    try HTTPFaults(
      service: { try service(connection($0)) }, secrets: [Self.key]
    ).check()
  }

  @Test func signaturesStaySecret() throws {
    let text = "sv=2022&sig=topsecret"
    let connection = "AccountName=a;DefaultEndpointsProtocol=http;EndpointSuffix=invalid;"
    let access = AzureSettings.Access.connectionString(
      Secret(connection + "SharedAccessSignature=\(text)"))
    let outcome = try service(access).outcomeOfFetch()
    #expect(outcome.kind == .unreachable)
    #expect(outcome.description.contains("a.blob.invalid"))
    #expect(!outcome.description.contains("topsecret"))
  }

  @Test func encrypted() throws {
    let certificate = try TestCertificate()
    let server = try stub([certificate.certificate, certificate.key])
    let access = connection(server.port, scheme: "https")
    let trusting = try service(access, variables: ["SSL_CERT_FILE": certificate.certificate])
    #expect(trusting.outcomeOfStore() == .stored)
    #expect(trusting.outcomeOfFetch() == .found([1, 2, 3]))
    #expect(try service(access).outcomeOfFetch().kind == .unreachable)
  }

  @Test func anotherNameIsRefused() throws {
    let certificate = try TestCertificate("DNS:other.example")
    let server = try stub([certificate.certificate, certificate.key])
    let service = try service(
      connection(server.port, scheme: "https"),
      variables: ["SSL_CERT_FILE": certificate.certificate])
    #expect(service.outcomeOfFetch().kind == .unreachable)
  }

  // MARK: settings

  @Test(arguments: [
    ("AccountName=a", "neither AccountName and AccountKey nor SharedAccessSignature"),
    ("AccountKey=a2V5", "neither BlobEndpoint nor AccountName"),
    ("AccountName=a;AccountKey=topsecret", "not Base64"), ("nonsense", "not NAME=VALUE"),
    ("BlobEndpoint=ftp://x;AccountName=a;AccountKey=a2V5", "http://"),
    ("BlobEndpoint=https://x/?sig=topsecret;AccountName=a;AccountKey=a2V5", "an address alone"),
    ("DefaultEndpointsProtocol=ftp;AccountName=a;AccountKey=a2V5", "neither http nor https"),
  ])
  func connectionStringsThatCantBeUsed(_ text: String, _ reason: String) {
    let problem = #expect(throws: BackendProblem.self) {
      _ = try service(.connectionString(Secret(text)))
    }
    #expect(problem?.description.contains(reason) == true)
    #expect(problem?.description.contains("topsecret") == false)
  }

  @Test func secretsGoToHTTPSOnly() {
    #expect(throws: BackendProblem.self) {
      _ = try service(
        .endpoint("https://a"), variables: ["AZURE_AUTHORITY_HOST": "http://login.example"])
    }
  }
}
