#if GCS
  import Platform
  import Settings
  import Transport

  /// Gets tokens for Google's storage.
  struct GCSTokens: Sendable {
    typealias Fields = [String: ConfigurationValue]
    typealias Token = CredentialCache<String>.Granted

    private let server: TokenServer
    private let now: @Sendable () -> Int64
    private let scope: String
    private static let publicServer = "https://oauth2.googleapis.com/token"

    init(_ context: BackendContext, mode: AccessMode) {
      server = TokenServer(http: context.http, now: context.now, name: "Google")
      now = context.now
      scope =
        "https://www.googleapis.com/auth/devstorage."
        + (mode == .readOnly ? "read_only" : "read_write")
    }

    func token(
      _ source: GCSCredentialSource, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Token {
      switch source {
      case .url(let url): return try server.token(HTTPQuestion(.get, url), deadlines)
      case .file(let path): return try token(file: path, deadlines)
      case .metadata(let account, let host, let isGuess):
        do throws(BlobFailure) {
          return try metadataToken(account, host, deadlines)
        } catch {
          guard isGuess, case .unreachable = error else { throw error }
          throw .denied(
            "no credentials: set SCCACHE_GCS_KEY_PATH or GOOGLE_APPLICATION_CREDENTIALS, or run "
              + "'gcloud auth application-default login'; this machine has no metadata server of "
              + "Google's")
        }
      case .none: throw .denied("no credentials are configured")
      }
    }

    private func metadataToken(
      _ account: String, _ host: String, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Token {
      var question = HTTPQuestion(
        .get,
        "http://\(host)/computeMetadata/v1/instance/service-accounts/"
          + PercentEncoding.encode(account, keeping: "@") + "/token?"
          + PercentEncoding.form([("scopes", scope)]))
      question.headers = [("metadata-flavor", "Google")]
      return try server.token(question, deadlines)
    }

    private func token(file path: String, _ deadlines: BlobDeadlines) throws(BlobFailure) -> Token {
      let bytes: [UInt8]
      do throws(SystemError) {
        bytes = try Files.read(path, limit: 1 << 20)
      } catch {
        throw .denied("the credentials of Google: \(error)")
      }
      guard let fields = try? JSONDocument.parse(String(decoding: bytes, as: UTF8.self)) else {
        throw .denied("\(path): it is no JSON object with credentials of Google")
      }
      return try token(fields, GCSCredentialFile(path: path, fields: fields), deadlines)
    }

    private func token(
      _ fields: Fields, _ file: GCSCredentialFile, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Token {
      switch fields.text("type") {
      case "service_account": return try serviceAccount(file, scope, deadlines)
      case "authorized_user": return try user(file, deadlines)
      case "external_account": return try external(file, deadlines)
      case "impersonated_service_account": return try impersonated(file, deadlines)
      case let kind:
        throw .denied(
          "\(file.path): credentials of the type '\(kind ?? "")' can't be used here; service_account, "
            + "authorized_user, external_account and impersonated_service_account can")
      }
    }

    /// RFC 7523: a token that we sign ourselves is exchanged for one of Google's.
    private func serviceAccount(
      _ file: GCSCredentialFile, _ scope: String, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Token {
      let address = file.fields.text("token_uri") ?? Self.publicServer
      let time = now()
      let assertion = ServiceAccountAssertion(
        account: try file.required("client_email"), keyName: file.fields.text("private_key_id"),
        scope: scope, audience: address, issued: time)
      guard let text = assertion.signed(with: try file.required("private_key")) else {
        throw .denied("\(file.path): its private_key is no RSA key in PEM")
      }
      let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", text),
      ]
      return try server.token(address, form: form, deadlines)
    }

    /// What `gcloud auth application-default login` leaves.
    private func user(
      _ file: GCSCredentialFile, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Token {
      let form = [
        ("grant_type", "refresh_token"), ("client_id", try file.required("client_id")),
        ("client_secret", try file.required("client_secret")),
        ("refresh_token", try file.required("refresh_token")),
      ]
      return try server.token(
        file.fields.text("token_uri") ?? Self.publicServer, form: form, deadlines)
    }

    /// Workload identity federation (RFC 8693): somebody else's token is exchanged for one of Google's.
    private func external(
      _ file: GCSCredentialFile, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Token {
      let subject = try SubjectToken(file).text(server, deadlines)
      let impersonates = file.fields.text("service_account_impersonation_url")
      let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("audience", try file.required("audience")),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("scope", impersonates == nil ? scope : Self.wholeScope),
        ("subject_token", subject),
        ("subject_token_type", try file.required("subject_token_type")),
      ]
      let token = try server.token(try file.required("token_url"), form: form, deadlines)
      guard let impersonates else { return token }
      return try impersonate(impersonates, token.value, deadlines)
    }

    /// Enough for asking for another account's token.
    private static let wholeScope = "https://www.googleapis.com/auth/cloud-platform"

    private func impersonated(
      _ file: GCSCredentialFile, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Token {
      guard let fields = file.fields.table("source_credentials") else {
        throw .denied("\(file.path): it has no source_credentials")
      }
      let source = GCSCredentialFile(path: file.path, fields: fields)
      let token: Token
      switch fields.text("type") {
      case "authorized_user": token = try user(source, deadlines)
      case "service_account": token = try serviceAccount(source, Self.wholeScope, deadlines)
      default:
        throw .denied(
          "\(file.path): its source_credentials are neither authorized_user nor service_account")
      }
      let address = try file.required("service_account_impersonation_url")
      return try impersonate(address, token.value, deadlines)
    }

    private func impersonate(
      _ address: String, _ token: String, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Token {
      var question = HTTPQuestion(.post, address)
      question.headers = [
        ("content-type", "application/json"), ("authorization", "Bearer \(token)"),
      ]
      question.body = .bytes(Array("{\"scope\":[\"\(scope)\"],\"lifetime\":\"3600s\"}".utf8))
      return try server.token(question, deadlines)
    }
  }
#endif
