#if S3
  import Glibc
  import Platform
  import Transport

  /// The keys that a machine or a container has by what it is.
  struct AWSMetadata {
    let context: BackendContext

    /// From the address that `AWS_IAM_CREDENTIALS_URL` names; nil when it names none.
    func fromURL(_ requests: CredentialRequests) throws(BlobFailure) -> AWSKeys.Granted? {
      let variable = "AWS_IAM_CREDENTIALS_URL"
      guard let url = context.setting(variable) else { return nil }
      let text = try requests.ask(question(.get, url), subject: variable)
      return try AWSKeys.granted(json: text, subject: variable)
    }

    // MARK: containers

    /// Of a container on ECS or a pod on EKS; nil when this is neither.
    func ofContainer(_ requests: CredentialRequests) throws(BlobFailure) -> AWSKeys.Granted? {
      guard let url = try containerURL() else { return nil }
      var question = question(.get, url)
      if let token = try containerToken() { question.headers = [("authorization", token)] }
      let subject = "the container's credentials"
      return try AWSKeys.granted(
        json: try requests.ask(question, subject: subject), subject: subject)
    }

    private func containerURL() throws(BlobFailure) -> String? {
      if let path = context.setting("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
        return "http://169.254.170.2" + (path.hasPrefix("/") ? path : "/" + path)
      }
      let variable = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
      guard let url = context.setting(variable) else { return nil }
      guard Self.mayBeToldToken(url) else {
        throw .denied(
          "\(variable): the address must begin with https://, or with http:// and an address of this "
            + "machine, because a token is sent there")
      }
      return url
    }

    /// Whether the way to an address can't be listened to: Amazon's own rule.
    static func mayBeToldToken(_ url: String) -> Bool {
      if url.hasPrefix("https://") { return true }
      guard url.hasPrefix("http://") else { return false }
      let authority = url.dropFirst("http://".count).prefix { !"/?#".contains($0) }
      if authority.contains("@") { return false }
      if authority.hasPrefix("[") {
        let host = authority.dropFirst().prefix { $0 != "]" }
        return host == "::1" || host == "fd00:ec2::23"
      }
      let host = String(authority.prefix { $0 != ":" })
      if ["localhost", "169.254.170.2", "169.254.170.23"].contains(host) { return true }
      // Digits and dots: `127.evil.example` is a name.
      var address = in_addr()
      return inet_pton(AF_INET, host, &address) == 1 && host.hasPrefix("127.")
    }

    private func containerToken() throws(BlobFailure) -> String? {
      let variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
      guard let path = context.setting(variable) else {
        return context.setting("AWS_CONTAINER_AUTHORIZATION_TOKEN")
      }
      return try TokenFile.read(path, variable)
    }

    // MARK: instances

    /// Of a virtual machine on EC2, by the second version of its metadata service.
    func ofInstance(_ requests: CredentialRequests) throws(BlobFailure) -> AWSKeys.Granted {
      let subject = "the instance's metadata"
      let named = context.setting("AWS_EC2_METADATA_SERVICE_ENDPOINT")
      var base = named ?? "http://169.254.169.254"
      while base.hasSuffix("/") { base.removeLast() }
      var session = question(.put, base + "/latest/api/token")
      session.headers = [("x-aws-ec2-metadata-token-ttl-seconds", "300")]
      let token = try requests.ask(session, subject: subject)
      let directory = base + "/latest/meta-data/iam/security-credentials/"
      func get(_ url: String) throws(BlobFailure) -> String {
        var question = question(.get, url)
        question.headers = [("x-aws-ec2-metadata-token", token)]
        return try requests.ask(question, subject: subject)
      }
      let roles = try get(directory)
      guard let role = roles.split(whereSeparator: \.isNewline).first else {
        throw .denied("\(subject): the instance has no role")
      }
      let text = try get(directory + PercentEncoding.encode(String(role)))
      return try AWSKeys.granted(json: text, subject: subject)
    }

    private func question(_ method: HTTPQuestion.Method, _ url: String) -> HTTPQuestion {
      var question = HTTPQuestion(method, url)
      // Metadata is of this machine: a proxy would give its own.
      question.avoidsProxy = url.hasPrefix("http://")
      return question
    }
  }

  /// A token that somebody keeps fresh in a file.
  enum TokenFile {
    /// - Parameter variable: that names the file, for messages.
    static func read(_ path: String, _ variable: String) throws(BlobFailure) -> String {
      let bytes: [UInt8]
      do throws(SystemError) {
        bytes = try Files.read(path, limit: 64 << 10)
      } catch {
        throw .denied("\(variable): \(error)")
      }
      let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
      let text = lines.first.map(String.init) ?? ""
      guard !text.isEmpty else { throw .denied("\(variable): \(path) is empty") }
      return text
    }
  }
#endif
