#if S3
  import Glibc
  import Platform
  import Settings
  import Transport

  /// The token that `aws sso login` left in a file, renewed with what lies beside it there as Amazon's tools
  /// do.
  struct AWSSignOnToken {
    let context: BackendContext
    /// For messages.
    let profile: String
    /// Of the service that renews it.
    let region: String
    /// What its file is called after.
    let name: String

    /// What the file says.
    private struct Kept {
      var path: String
      var fields: [String: ConfigurationValue]
      var token: String
      /// Seconds since 1970.
      var end: Int64
    }

    /// Seconds before its end from which a new one is asked for.
    private static let margin: Int64 = 300

    /// - Parameter subject: the sign-on, for messages.
    func current(
      _ subject: String, _ requests: CredentialRequests
    ) throws(BlobFailure) -> String {
      let kept = try read(subject)
      let now = context.now()
      if kept.end > now + Self.margin { return kept.token }
      do throws(BlobFailure) {
        if let renewed = try renewed(kept, subject, requests) { return renewed }
      } catch {
        // Somebody else may have done it in this moment.
        if let other = try? read(subject), other.end > now + Self.margin { return other.token }
        // Asked again when the next keys are needed.
        guard kept.end > now else { throw error }
      }
      guard kept.end > now else {
        throw .denied("\(subject): the token in \(kept.path) has ended: \(advice)")
      }
      return kept.token
    }

    private var advice: String { "sign in with `aws sso login --profile \(profile)`" }

    private func read(_ subject: String) throws(BlobFailure) -> Kept {
      guard let home = context.setting("HOME") else {
        throw .denied("\(subject): HOME is not set, so there is no ~/.aws/sso/cache")
      }
      let path = "\(home)/.aws/sso/cache/\(SHA1.hex(name.utf8)).json"
      let bytes: [UInt8]
      do throws(SystemError) {
        bytes = try Files.read(path, limit: 256 << 10)
      } catch {
        throw .denied("\(subject): \(error): \(advice)")
      }
      guard let fields = try? JSONDocument.parse(String(decoding: bytes, as: UTF8.self)),
        let token = fields.text("accessToken"), let end = Self.time("expiresAt", fields)
      else { throw .denied("\(subject): \(path) holds no token: \(advice)") }
      return Kept(path: path, fields: fields, token: token, end: end)
    }

    /// Older tools wrote `UTC` for the Z.
    private static func time(_ name: String, _ fields: [String: ConfigurationValue]) -> Int64? {
      fields.text(name).flatMap {
        UTCTime.seconds(of: $0.hasSuffix("UTC") ? $0.dropLast(3) + "Z" : $0)
      }
    }

    /// Nil when the file has nothing to renew it with, or the client that it names has ended.
    private func renewed(
      _ kept: Kept, _ subject: String, _ requests: CredentialRequests
    ) throws(BlobFailure) -> String? {
      guard let client = kept.fields.text("clientId"),
        let secret = kept.fields.text("clientSecret"),
        let refreshToken = kept.fields.text("refreshToken"),
        Self.time("registrationExpiresAt", kept.fields).map({ $0 > context.now() }) ?? true
      else { return nil }
      var body = JSONWriter()
      body.object { body in
        for (key, value) in [
          ("clientId", client), ("clientSecret", secret), ("grantType", "refresh_token"),
          ("refreshToken", refreshToken),
        ] {
          body.key(key)
          body.string(value)
        }
      }
      let answer = try ask(Array(body.text.utf8), subject, requests)
      guard let token = answer.text("accessToken"), !token.isEmpty else {
        throw .failed("\(subject): the answer has no accessToken")
      }
      var fields = kept.fields
      fields["accessToken"] = .string(token)
      let seconds = Int64(min(max(answer.integer("expiresIn") ?? 3600, 0), 1 << 32))
      fields["expiresAt"] = .string(UTCTime.text(context.now() + seconds))
      if let next = answer.text("refreshToken") { fields["refreshToken"] = .string(next) }
      write(fields, to: kept.path)
      return token
    }

    private func ask(
      _ body: [UInt8], _ subject: String, _ requests: CredentialRequests
    ) throws(BlobFailure) -> [String: ConfigurationValue] {
      let variable = "AWS_ENDPOINT_URL_SSO_OIDC"
      let base =
        context.setting(variable) ?? "https://oidc.\(region).\(AWSDomain.of(region))"
      guard let address = BucketAddress(endpoint: base, scheme: "https") else {
        throw .denied("\(variable): '\(base)' is no http or https address")
      }
      var question = HTTPQuestion(
        .post, "\(address.scheme)://\(address.host)\(address.path)/token")
      question.headers = [("content-type", "application/json")]
      question.body = .bytes(body)
      let server = TokenServer(http: requests.http, now: context.now, name: subject)
      do throws(BlobFailure) {
        return try server.answer(question, try requests.deadlinesLeft(subject))
      } catch {
        guard case .denied(let text) = error else { throw error }
        throw .denied("\(text): \(advice)")
      }
    }

    /// For Amazon's own tools and for the next time: some servers take a token for renewals once only. Who
    /// can't write there renews it again then.
    private func write(_ fields: [String: ConfigurationValue], to path: String) {
      var writer = JSONWriter()
      writer.value(.table(fields))
      try? Files.write(
        Array(writer.text.utf8), to: path, temporary: "\(path).\(getpid())", mode: 0o600)
    }
  }

  extension JSONWriter {
    /// What was read from JSON, as it was.
    fileprivate mutating func value(_ value: ConfigurationValue) {
      switch value {
      case .table(let table):
        object { writer in
          for (key, value) in table.sorted(by: { $0.key < $1.key }) {
            writer.key(key)
            writer.value(value)
          }
        }
      case .array(let values): array { writer in for value in values { writer.value(value) } }
      case .string(let text): string(text)
      case .integer(let number): self.number(number)
      case .number(let number): self.number(number)
      case .boolean(let truth): bool(truth)
      case .other: null()
      }
    }
  }
#endif
