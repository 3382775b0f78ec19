import Glibc
import Platform
import Settings
import Storage
import StoreServers
import Synchronization
import TestSupport
import Testing

/// Against fake-gcs-server, which takes any token, and against a stub that gives tokens as Google's servers
/// do, checks what service accounts sign with Google's own library, and wants its tokens back.
@Suite(.blocking) struct GCSTests {
  private func service(
    _ port: Int, prefix: String = "team/cache", mode: AccessMode = .readWrite,
    variables: [String: String] = [:], now: (@Sendable () -> Int64)? = nil,
    changing change: (inout GCSSettings) -> Void = { _ in }
  ) throws -> any BlobService {
    var settings = GCSSettings(bucket: "box")
    settings.keyPrefix = prefix
    settings.mode = mode
    change(&settings)
    var variables = variables
    variables["STORAGE_EMULATOR_HOST"] = variables["STORAGE_EMULATOR_HOST"] ?? "127.0.0.1:\(port)"
    let variable: @Sendable (String) -> String? = { [variables] in variables[$0] }
    let context =
      now.map { BackendContext(variable: variable, now: $0) } ?? BackendContext(variable: variable)
    return try BlobServices.service(for: .gcs(settings), context)
  }

  @Test func fakeGCSServer() throws {
    let server = try GCSServers.fake()
    let port = server.port
    try BlobContract(first: try service(port), second: try service(port)).check()
    let one = try service(port)
    #expect(one.location == "gcs, name: box, prefix: /team/cache/")
    #expect(one.outcomeOfStore() == .stored)
    #expect(try service(port, prefix: "other").outcomeOfFetch() == .absent)
    #expect(try service(port, prefix: "").outcomeOfFetch() == .absent)
    #expect(try service(port, prefix: "a b/ü+&").outcomeOfStore() == .stored)
    #expect(try service(port, prefix: "a b/ü+&").outcomeOfFetch() == .found([1, 2, 3]))
    #expect(try service(port, changing: { $0.bucket = "none" }).outcomeOfFetch() == .absent)
    #expect(try service(port, changing: { $0.bucket = "none" }).outcomeOfStore().kind == .failed)
  }

  @Test func encrypted() throws {
    for (name, isRight) in [("DNS:localhost,IP:127.0.0.1", true), ("DNS:other.example", false)] {
      let certificate = try TestCertificate(name)
      let server = try GCSServers.fake(tls: certificate)
      var variables = ["STORAGE_EMULATOR_HOST": "https://127.0.0.1:\(server.port)"]
      #expect(try service(0, variables: variables).outcomeOfFetch().kind == .unreachable)
      variables["SSL_CERT_FILE"] = certificate.certificate
      let outcome = try service(0, variables: variables).outcomeOfStore()
      #expect(outcome == .stored || !isRight)
      #expect(outcome.kind == .unreachable || isRight)
    }
  }

  /// So Google answers for an object that is not there to those who may not list.
  @Test(arguments: [
    (403, "x@y.iam does not have storage.objects.list access to the Google Cloud Storage bucket."),
    (
      401,
      "Anonymous caller does not have storage.objects.get access to the Google Cloud Storage object."
    ),
  ])
  func rightsThatAreMissingMayBeAnAbsence(_ status: Int, _ message: String) throws {
    let text = #"{"error": {"code": \#(status), "message": "\#(message)"}}"#
    let server = try FaultServer([
      .hear("\r\n\r\n"),
      .say(
        "HTTP/1.1 \(status) x\r\ncontent-length: \(text.utf8.count)\r\nconnection: close\r\n\r\n"
          + text),
    ])
    #expect(try service(server.port).outcomeOfFetch().kind == .deniedOrAbsent)
    #expect(try service(server.port).outcomeOfStore().kind == .denied)
  }

  @Test func faults() throws {
    try HTTPFaults(service: { try service($0) }, secrets: []).check()
  }

  // MARK: tokens

  enum Way: CaseIterable {
    case key, applicationCredentials, wellKnownFile, external, externalURL, impersonated, metadata
    case metadataAccount, url
  }

  /// The stub, with a service account's key.
  private struct Google {
    let server: TestServer
    let address: String
    let account: [String: String]

    init() throws {
      server = try TestServer.stub("gcs-stub.py", service: "gcs")
      address = "http://127.0.0.1:\(server.port)"
      try Self.openssl("genrsa", "-out", server.directory("private.pem"), "2048")
      try Self.openssl(
        "rsa", "-in", server.directory("private.pem"), "-pubout", "-out",
        server.directory("public.pem"))
      account = [
        "type": "service_account", "client_email": "build@project.example",
        "private_key_id": "key-1", "token_uri": address + "/signed",
        "private_key": try String(contentsOf: server.directory("private.pem")),
      ]
    }

    private static func openssl(_ arguments: String...) throws {
      let result = try Spawn.run("/usr/bin/openssl", arguments, environment: [], directory: "/tmp")
      guard result.isSuccess else {
        throw SystemError("make a key with", "openssl", code: result.exitCode)
      }
    }

    func write(_ name: String, _ fields: [String: String], _ more: String = "") throws -> String {
      let members = fields.map { name, value in
        "\"\(name)\": \"\(value.split(separator: "\n").joined(separator: "\\n"))\""
      }
      return try server.directory.write(
        name, "{" + (members + (more.isEmpty ? [] : [more])).joined(separator: ",\n") + "}")
    }

    var user: [String: String] {
      [
        "type": "authorized_user", "client_id": "id", "client_secret": "s&=+",
        "refresh_token": "1//r", "token_uri": address + "/refreshed",
      ]
    }

    var external: [String: String] {
      [
        "type": "external_account", "audience": "//iam/pool", "token_url": address + "/exchanged",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
      ]
    }

    var tokens: Int { server.log.split(separator: "\n").count { $0.contains("issued") } }
  }

  private func service(
    _ google: Google, _ way: Way, mode: AccessMode = .readWrite,
    now: (@Sendable () -> Int64)? = nil
  ) throws -> any BlobService {
    var variables = ["HOME": google.server.directory("home")]
    var change: (inout GCSSettings) -> Void = { _ in }
    let sa = google.address + "/v1/sa:generateAccessToken"
    switch way {
    case .key:
      let path = try google.write("key.json", google.account)
      change = { $0.credentialPath = path }
    case .applicationCredentials:
      variables["GOOGLE_APPLICATION_CREDENTIALS"] = try google.write("app.json", google.account)
    case .wellKnownFile:
      _ = try google.write(
        "home/.config/gcloud/application_default_credentials.json", google.user)
    case .external:
      let token = try google.server.directory.write("federated", "federated.jwt\n")
      variables["GOOGLE_APPLICATION_CREDENTIALS"] = try google.write(
        "ext.json", google.external.merging(["service_account_impersonation_url": sa]) { $1 },
        "\"credential_source\": {\"file\": \"\(token)\"}")
    case .externalURL:
      variables["GOOGLE_APPLICATION_CREDENTIALS"] = try google.write(
        "url.json", google.external,
        """
        "credential_source": {"url": "\(google.address)/subject", "headers": {"X-Sub": "yes"},
        "format": {"type": "json", "subject_token_field_name": "inner"}}
        """)
    case .impersonated:
      let source = try String(contentsOf: try google.write("user.json", google.user))
      variables["GOOGLE_APPLICATION_CREDENTIALS"] = try google.write(
        "imp.json",
        ["type": "impersonated_service_account", "service_account_impersonation_url": sa],
        "\"source_credentials\": \(source)")
    case .metadata, .metadataAccount:
      variables["GCE_METADATA_HOST"] = "127.0.0.1:\(google.server.port)"
      change = { $0.serviceAccount = way == .metadata ? "default" : "ci@x.example" }
    case .url: change = { $0.credentialURL = google.address + "/given" }
    }
    return try service(
      google.server.port, mode: mode, variables: variables, now: now, changing: change)
  }

  @Test(arguments: Way.allCases) func tokens(_ way: Way) throws {
    let google = try Google()
    try BlobContract(first: try service(google, way), second: try service(google, way)).check()
    #expect(google.tokens == (way == .external || way == .impersonated ? 4 : 2))
  }

  /// Reading asks for no more than reading.
  @Test func scopes() throws {
    let google = try Google()
    #expect(try service(google, .key, mode: .readOnly).outcomeOfFetch() == .absent)
    #expect(google.server.log.contains("devstorage.read_only"))
    #expect(!google.server.log.contains("devstorage.read_write"))
  }

  @Test(arguments: [Way.key, .url, .metadata]) func tokensAreRenewed(_ way: Way) throws {
    let google = try Google()
    let clock = Atomic(Int64(0))
    let start = realSeconds()
    let service = try service(google, way, now: { start + clock.load(ordering: .relaxed) })
    #expect(service.outcomeOfStore() == .stored)
    clock.store(3200, ordering: .relaxed)
    #expect(service.outcomeOfStore() == .stored)
    #expect(google.tokens == 1)
    if way != .key {
      // A clock that far off gets no service account in.
      clock.store(3400, ordering: .relaxed)
      #expect(service.outcomeOfStore() == .stored)
      #expect(google.tokens == 2)
    }
    // Signed tokens of another time are refused.
    clock.store(0, ordering: .relaxed)
    let before = google.tokens
    try google.server.directory.write("revoked", "\(before)")
    #expect(service.outcomeOfFetch() == .found([1, 2, 3]))
    #expect(google.tokens == before + 1)
    try google.server.directory.write("revoked", "99")
    #expect(service.outcomeOfFetch().kind == .denied)
  }

  @Test func wrongCredentials() throws {
    let google = try Google()
    // Another account's key.
    let other = try Google()
    try google.server.directory.write(
      "public.pem", try String(contentsOf: other.server.directory("public.pem")))
    let outcome = try service(google, .key).outcomeOfFetch()
    #expect(outcome == .failed(.denied, "it refuses: Google gives no token: 400 (invalid_grant)"))
  }

  @Test(arguments: [
    ("{", "no JSON object"), ("{\"type\": \"aws\"}", "can't be used here"),
    (
      "{\"type\": \"service_account\", \"client_email\": \"a\", \"private_key\": \"topsecret\"}",
      "no RSA key"
    ),
    ("{\"type\": \"service_account\", \"private_key\": \"topsecret\"}", "client_email"),
    ("{\"type\": \"external_account\", \"credential_source\": {\"executable\": {}}}", "neither"),
  ])
  func filesThatCantBeUsed(_ text: String, _ reason: String) throws {
    let directory = TemporaryDirectory()
    let path = try directory.write("key.json", text)
    let outcome = try service(9, changing: { $0.credentialPath = path }).outcomeOfFetch()
    #expect(outcome.kind == .denied)
    #expect(outcome.description.contains(reason))
    #expect(outcome.description.contains(path))
    #expect(!outcome.description.contains("topsecret"))
  }

  @Test func missingFile() throws {
    let outcome = try service(9, changing: { $0.credentialPath = "/nonexistent/key" })
      .outcomeOfFetch()
    #expect(outcome.kind == .denied)
    #expect(outcome.description.contains("/nonexistent/key"))
  }
}
