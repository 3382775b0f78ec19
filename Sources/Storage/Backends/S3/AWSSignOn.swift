#if S3
  import Platform
  import Settings
  import Transport

  /// Keys for somebody who signed in with `aws sso login`: the portal gives them for a token.
  struct AWSSignOn {
    private let context: BackendContext
    private let profile: String
    private let region: String
    private let account: String
    private let role: String
    /// What the file of the token is called after.
    private let tokenName: String

    /// Nil when a profile has nothing of it.
    ///
    /// - Parameter profiles: with the session that the profile may name.
    init?(
      _ name: String, _ profiles: AWSProfiles, _ context: BackendContext
    ) throws(BlobFailure) {
      guard let profile = profiles[name],
        profile["sso_account_id"] != nil || profile["sso_role_name"] != nil
      else { return nil }
      var settings = profile
      if let session = profile["sso_session"] {
        guard let named = profiles.session(session) else {
          throw .denied(
            "the profile '\(name)' names the sso_session '\(session)', which AWS_CONFIG_FILE "
              + "(~/.aws/config) does not have")
        }
        settings.merge(named) { $1 }
      }
      func needed(_ setting: String) throws(BlobFailure) -> String {
        guard let value = settings[setting], !value.isEmpty else {
          throw .denied("the profile '\(name)' has no \(setting)")
        }
        return value
      }
      account = try needed("sso_account_id")
      role = try needed("sso_role_name")
      region = try needed("sso_region")
      let address = try needed("sso_start_url")
      tokenName = profile["sso_session"] ?? address
      self.context = context
      self.profile = name
    }

    func grant(_ requests: CredentialRequests) throws(BlobFailure) -> AWSKeys.Granted {
      let subject = "the single sign-on of the profile '\(profile)'"
      let token = try AWSSignOnToken(
        context: context, profile: profile, region: region, name: tokenName
      ).current(subject, requests)
      let base =
        context.setting("AWS_ENDPOINT_URL_SSO")
        ?? "https://portal.sso.\(region).\(AWSDomain.of(region))"
      guard let address = BucketAddress(endpoint: base, scheme: "https") else {
        throw .denied("AWS_ENDPOINT_URL_SSO: '\(base)' is no http or https address")
      }
      var question = HTTPQuestion(
        .get,
        "\(address.scheme)://\(address.host)\(address.path)/federation/credentials"
          + "?role_name=\(PercentEncoding.encode(role))&account_id=\(PercentEncoding.encode(account))"
      )
      question.headers = [("x-amz-sso_bearer_token", token)]
      return try Self.granted(try requests.ask(question, subject: subject), subject)
    }

    /// `{"roleCredentials": {"accessKeyId": …, "secretAccessKey": …, "sessionToken": …, "expiration": …}}`, the
    /// end in milliseconds since 1970.
    private static func granted(
      _ text: String, _ subject: String
    ) throws(BlobFailure) -> AWSKeys.Granted {
      guard let answer = try? JSONDocument.parse(text),
        case .table(let table) = answer["roleCredentials"]
      else { throw .failed("\(subject): the answer has no roleCredentials") }
      var granted = try AWSKeys.granted(subject) { name in
        guard case .string(let value) = table[name.prefix(1).lowercased() + name.dropFirst()] else {
          return nil
        }
        return value
      }
      guard case .integer(let end) = table["expiration"] else {
        throw .failed("\(subject): expiration is no time in the answer")
      }
      granted.end = Int64(end / 1000)
      return granted
    }
  }
#endif
