#if S3
  import Platform
  import Settings

  /// Where the keys come from: the first that has some, of the variables, a profile, a token for a role, an
  /// address, the container, the instance. One that is set up and fails ends the search, because the ones
  /// behind it are somebody else's.
  struct AWSKeyChain: Sendable {
    let context: BackendContext
    /// Of the token service that is asked.
    let region: String?

    func grant(_ deadlines: BlobDeadlines) throws(BlobFailure) -> AWSKeys.Granted {
      if let keys = ofVariables { return AWSKeys.Granted(value: keys, end: nil) }
      let requests = CredentialRequests(context.http, deadlines)
      let metadata = AWSMetadata(context: context)
      if let granted = try ofChosenProfile(requests) { return granted }
      if let granted = try ofWebIdentity(requests) { return granted }
      if let granted = try metadata.fromURL(requests) { return granted }
      if let granted = try metadata.ofContainer(requests) { return granted }
      return try ofInstance(requests)
    }

    private var ofVariables: AWSKeys? {
      guard let id = context.setting("AWS_ACCESS_KEY_ID"),
        let secret = context.setting("AWS_SECRET_ACCESS_KEY")
      else { return nil }
      let token = context.setting("AWS_SESSION_TOKEN").map { Secret($0) }
      return AWSKeys(id: id, secret: Secret(secret), token: token)
    }

    private func ofInstance(_ requests: CredentialRequests) throws(BlobFailure) -> AWSKeys.Granted {
      let advice =
        "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or for a "
        + "public bucket SCCACHE_S3_NO_CREDENTIALS=true"
      guard context.setting("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true" else {
        throw .denied(advice)
      }
      do throws(BlobFailure) {
        return try AWSMetadata(context: context).ofInstance(requests)
      } catch {
        // Most machines are no instance of EC2: what is missing is not its metadata.
        throw .denied("\(advice) (\(error))")
      }
    }

    // MARK: roles

    private func ofWebIdentity(
      _ requests: CredentialRequests
    ) throws(BlobFailure) -> AWSKeys.Granted? {
      let variable = "AWS_WEB_IDENTITY_TOKEN_FILE"
      guard let file = context.setting(variable), let arn = context.setting("AWS_ROLE_ARN") else {
        return nil
      }
      var role = AWSTokenService.Role(arn: arn)
      role.sessionName = context.setting("AWS_ROLE_SESSION_NAME")
      let token = try TokenFile.read(file, variable)
      return try AWSTokenService(context, region: region).assume(role, withToken: token, requests)
    }

    private func ofChosenProfile(
      _ requests: CredentialRequests
    ) throws(BlobFailure) -> AWSKeys.Granted? {
      let profiles = try AWSProfiles.read(context)
      let (name, isExplicit) = AWSProfiles.chosen(context)
      guard profiles[name] != nil else {
        if !isExplicit { return nil }
        throw .denied(
          "the profile '\(name)' is neither in AWS_CONFIG_FILE (~/.aws/config) nor in "
            + "AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials)")
      }
      let granted = try ofProfile(name, profiles, depth: 0, requests)
      // The profile "default" often has nothing but a region.
      guard granted != nil || !isExplicit else {
        throw .denied(
          "the profile '\(name)' has neither keys nor a role, sso_account_id or credential_process")
      }
      return granted
    }

    private func ofProfile(
      _ name: String, _ profiles: AWSProfiles, depth: Int, _ requests: CredentialRequests
    ) throws(BlobFailure) -> AWSKeys.Granted? {
      guard depth < 5, let profile = profiles[name] else {
        throw .denied(
          "the profile '\(name)' is "
            + (depth < 5 ? "named as source_profile but missing" : "its own source in the end"))
      }
      let keys = Self.keys(in: profile)
      guard let arn = profile["role_arn"] else {
        if let signOn = try AWSSignOn(name, profiles, context) { return try signOn.grant(requests) }
        if let keys { return AWSKeys.Granted(value: keys, end: nil) }
        guard let command = profile["credential_process"] else { return nil }
        return try AWSProcess(context: context, profile: name).grant(command, requests)
      }
      let service = try AWSTokenService(context, region: profile["region"] ?? region)
      var role = AWSTokenService.Role(arn: arn)
      role.sessionName = profile["role_session_name"]
      role.externalID = profile["external_id"]
      role.durationSeconds = profile["duration_seconds"]
      if let file = profile["web_identity_token_file"] {
        let token = try TokenFile.read(file, "web_identity_token_file of the profile '\(name)'")
        return try service.assume(role, withToken: token, requests)
      }
      let source: AWSKeys
      if let other = profile["source_profile"] {
        source = try sourceKeys(other, of: name, keys, profiles, depth, requests)
      } else {
        source = try sourceKeys(named: profile["credential_source"], name, requests)
      }
      return try service.assume(role, with: source, requests)
    }

    /// A profile may be its own source: then its keys are meant.
    private func sourceKeys(
      _ other: String, of name: String, _ own: AWSKeys?, _ profiles: AWSProfiles, _ depth: Int,
      _ requests: CredentialRequests
    ) throws(BlobFailure) -> AWSKeys {
      if other == name, let own { return own }
      guard let granted = try ofProfile(other, profiles, depth: depth + 1, requests) else {
        throw .denied("the profile '\(other)', source_profile of '\(name)', has no keys")
      }
      return granted.value
    }

    private func sourceKeys(
      named source: String?, _ name: String, _ requests: CredentialRequests
    ) throws(BlobFailure) -> AWSKeys {
      let metadata = AWSMetadata(context: context)
      switch source {
      case "Environment":
        if let keys = ofVariables { return keys }
      case "EcsContainer":
        if let granted = try metadata.ofContainer(requests) { return granted.value }
      case "Ec2InstanceMetadata":
        return try metadata.ofInstance(requests).value
      default:
        throw .denied("the profile '\(name)' has a role_arn but no source_profile for it")
      }
      throw .denied("the profile '\(name)': its credential_source has no keys here")
    }

    private static func keys(in profile: [String: String]) -> AWSKeys? {
      guard let id = profile["aws_access_key_id"], let secret = profile["aws_secret_access_key"]
      else { return nil }
      let token = profile["aws_session_token"].map { Secret($0) }
      return AWSKeys(id: id, secret: Secret(secret), token: token)
    }
  }
#endif
