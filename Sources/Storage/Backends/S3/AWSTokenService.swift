#if S3
  import Platform
  import Settings
  import Transport

  /// Amazon's security token service (STS), which gives keys for a role.
  struct AWSTokenService {
    /// Who a role is asked for, and how.
    struct Role: Sendable, Equatable {
      var arn: String
      var sessionName: String?
      var externalID: String?
      /// As a setting of a profile has it.
      var durationSeconds: String?
    }

    private let address: BucketAddress
    private let region: String
    private let now: Int64

    /// - Parameter region: of the service that is asked; nil for the one of the whole world.
    init(_ context: BackendContext, region: String?) throws(BlobFailure) {
      let isGlobal = region == nil || region == "auto"
      self.region = isGlobal ? "us-east-1" : region ?? ""
      now = context.now()
      let endpoint =
        context.setting("AWS_ENDPOINT_URL_STS")
        ?? (isGlobal
          ? "https://sts.amazonaws.com" : "https://sts.\(self.region).\(AWSDomain.of(self.region))")
      guard let address = BucketAddress(endpoint: endpoint, scheme: "https") else {
        throw .denied("AWS_ENDPOINT_URL_STS: '\(endpoint)' is no http or https address")
      }
      self.address = address.withoutDefaultPort()
    }

    /// With keys that may take the role.
    func assume(
      _ role: Role, with keys: AWSKeys, _ requests: CredentialRequests
    ) throws(BlobFailure) -> AWSKeys.Granted {
      let body = Array(PercentEncoding.form(fields("AssumeRole", role)).utf8)
      let signature = SignatureV4(keys: keys, region: region, service: "sts", time: now)
      var headers = [("content-type", Self.formType), ("x-amz-date", signature.date)]
      if let token = keys.token { headers.append(("x-amz-security-token", token.value)) }
      let authorization = signature.authorization(
        SignatureV4.Request(
          method: "POST", path: address.path + "/", headers: headers + [("host", address.host)],
          payloadHash: Digest.of(body).description))
      return try ask(body, headers + [("authorization", authorization)], requests)
    }

    /// With a token of somebody whom the role trusts, as Kubernetes puts one into a file.
    func assume(
      _ role: Role, withToken token: String, _ requests: CredentialRequests
    ) throws(BlobFailure) -> AWSKeys.Granted {
      let fields = fields("AssumeRoleWithWebIdentity", role) + [("WebIdentityToken", token)]
      return try ask(
        Array(PercentEncoding.form(fields).utf8), [("content-type", Self.formType)], requests)
    }

    private static let subject = "the security token service"
    private static let formType = "application/x-www-form-urlencoded"

    private func fields(_ action: String, _ role: Role) -> [(name: String, value: String)] {
      var fields = [
        ("Action", action), ("Version", "2011-06-15"), ("RoleArn", role.arn),
        ("RoleSessionName", role.sessionName ?? "sccache-\(now)"),
      ]
      if let id = role.externalID { fields.append(("ExternalId", id)) }
      if let seconds = role.durationSeconds { fields.append(("DurationSeconds", seconds)) }
      return fields
    }

    private func ask(
      _ body: [UInt8], _ headers: [(String, String)], _ requests: CredentialRequests
    ) throws(BlobFailure) -> AWSKeys.Granted {
      // In the body: what stands in an address is written into logs on the way.
      var question = HTTPQuestion(.post, "\(address.scheme)://\(address.host)\(address.path)/")
      question.headers = headers.map { (name: $0.0, value: $0.1) }
      question.body = .bytes(body)
      let text = try requests.ask(question, subject: Self.subject)
      return try AWSKeys.granted(xml: text, subject: Self.subject)
    }
  }

  /// Amazon's domains: China has its own.
  enum AWSDomain {
    static func of(_ region: String) -> String {
      region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    }
  }
#endif
