#if Azure
  import Platform
  import Transport

  /// Tokens of Entra ID for Azure's storage, by the variables that Azure's own tools know: a client's
  /// secret, the identity of a workload (Kubernetes, federated tokens), the managed identity of a machine.
  struct EntraID: Sendable {
    private enum Way: Sendable {
      case secret(tenant: String, client: String, secret: String)
      case workload(tenant: String, client: String, file: String)
      /// App Service, Functions, Container Apps.
      case application(endpoint: String, header: String, client: String?)
      /// Virtual machines and what else has Azure's metadata server.
      case machine(host: String, client: String?)
    }

    private let way: Way
    private let authority: String
    private let server: TokenServer
    private static let resource = "https://storage.azure.com"

    init(_ context: BackendContext) throws(BackendProblem) {
      func set(_ name: String) -> String? {
        context.variable(name).flatMap { $0.isEmpty ? nil : $0 }
      }
      server = TokenServer(http: context.http, now: context.now, name: "Entra ID")
      authority = try Self.authority(set("AZURE_AUTHORITY_HOST"))
      let client = set("AZURE_CLIENT_ID")
      if let tenant = set("AZURE_TENANT_ID"), let client, let secret = set("AZURE_CLIENT_SECRET") {
        way = .secret(tenant: tenant, client: client, secret: secret)
      } else if let tenant = set("AZURE_TENANT_ID"), let client,
        let file = set("AZURE_FEDERATED_TOKEN_FILE")
      {
        way = .workload(tenant: tenant, client: client, file: file)
      } else if let endpoint = set("IDENTITY_ENDPOINT"), let header = set("IDENTITY_HEADER") {
        way = .application(endpoint: endpoint, header: header, client: client)
      } else {
        let host = set("AZURE_POD_IDENTITY_AUTHORITY_HOST") ?? "http://169.254.169.254"
        way = .machine(host: host.hasSuffix("/") ? String(host.dropLast()) : host, client: client)
      }
    }

    /// Secrets go there: it is https, but for tests on the same machine.
    private static func authority(_ text: String?) throws(BackendProblem) -> String {
      guard var text else { return "https://login.microsoftonline.com" }
      if !text.contains("://") { text = "https://" + text }
      while text.hasSuffix("/") { text.removeLast() }
      let isLoopback = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"]
        .contains { text.hasPrefix($0) }
      guard text.hasPrefix("https://") || isLoopback else {
        throw BackendProblem("AZURE_AUTHORITY_HOST: '\(text)' is no https address")
      }
      return text
    }

    func token(_ deadlines: BlobDeadlines) throws(BlobFailure) -> CredentialCache<String>.Granted {
      switch way {
      case .secret(let tenant, let client, let secret):
        return try server.token(
          address(tenant), form: form(client) + [("client_secret", secret)], deadlines)
      case .workload(let tenant, let client, let file):
        let assertion = [
          ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
          ("client_assertion", try Self.assertion(file)),
        ]
        return try server.token(address(tenant), form: form(client) + assertion, deadlines)
      case .application(let endpoint, let header, let client):
        let sign = endpoint.contains("?") ? "&" : "?"
        var question = HTTPQuestion(.get, endpoint + sign + Self.query("2019-08-01", client))
        question.headers = [("x-identity-header", header)]
        return try server.token(question, deadlines)
      case .machine(let host, let client):
        return try machineToken(host, client, deadlines)
      }
    }

    private func machineToken(
      _ host: String, _ client: String?, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> CredentialCache<String>.Granted {
      var question = HTTPQuestion(
        .get, host + "/metadata/identity/oauth2/token?" + Self.query("2018-02-01", client))
      question.headers = [("metadata", "true")]
      do throws(BlobFailure) {
        return try server.token(question, deadlines)
      } catch {
        let advice =
          "no credentials: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or "
          + "AZURE_FEDERATED_TOKEN_FILE; this machine has no managed identity"
        switch error {
        case .unreachable: throw .denied(advice)
        case .timedOut: throw .timedOut(advice + ", or its metadata server does not answer")
        default: throw error
        }
      }
    }

    private func address(_ tenant: String) -> String {
      "\(authority)/\(PercentEncoding.encode(tenant))/oauth2/v2.0/token"
    }

    private func form(_ client: String) -> [(name: String, value: String)] {
      [
        ("grant_type", "client_credentials"), ("client_id", client),
        ("scope", Self.resource + "/.default"),
      ]
    }

    private static func query(_ version: String, _ client: String?) -> String {
      PercentEncoding.form(
        [("api-version", version), ("resource", resource)]
          + (client.map { [("client_id", $0)] } ?? []))
    }

    /// Read each time: it is replaced while a daemon runs.
    private static func assertion(_ file: String) throws(BlobFailure) -> String {
      do throws(SystemError) {
        let text = String(decoding: try Files.read(file, limit: 1 << 16), as: UTF8.self)
        return String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
      } catch {
        throw .denied("AZURE_FEDERATED_TOKEN_FILE: \(error)")
      }
    }
  }
#endif
