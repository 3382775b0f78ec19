#if S3
  import Platform
  import Settings
  import Transport

  /// Amazon S3 and what speaks like it: R2, MinIO, Ceph.
  struct S3Blobs: BlobService {
    private let http: HTTPBlobs
    private let place: S3Place
    private let bucket: String
    private let prefix: String
    private let now: @Sendable () -> Int64
    /// Nil: requests are not signed.
    private let keys: CredentialCache<AWSKeys>?
    /// Sent with what is stored.
    private let encryption: [(name: String, value: String)]

    init(_ settings: S3Settings, _ context: BackendContext) throws(BackendProblem) {
      let region = S3Place.region(settings, context)
      guard let region = region ?? (settings.noCredentials ? "us-east-1" : nil) else {
        throw BackendProblem(
          "region is missing: set SCCACHE_REGION, AWS_REGION, or `region` in the profile; `auto` for R2 "
            + "and MinIO")
      }
      place = try S3Place(settings, region: region, context)
      http = context.http
      now = context.now
      bucket = settings.bucket
      prefix = BlobPrefix.folder(settings.keyPrefix)
      encryption = Self.encryption(settings)
      if settings.noCredentials {
        keys = nil
      } else {
        let chain = AWSKeyChain(context: context, region: region)
        keys = CredentialCache(now: context.now) { deadlines throws(BlobFailure) in
          try chain.grant(deadlines)
        }
      }
    }

    var location: String { "s3, name: \(bucket), prefix: /\(prefix)" }

    private static func encryption(_ settings: S3Settings) -> [(name: String, value: String)] {
      let name = "x-amz-server-side-encryption"
      if let key = settings.serverSideEncryptionKMSKeyID {
        return [(name, "aws:kms"), ("\(name)-aws-kms-key-id", key)]
      }
      if settings.serverSideEncryptionAWSKMS { return [(name, "aws:kms")] }
      return settings.serverSideEncryption ? [(name, "AES256")] : []
    }

    func fetch(
      _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Bool {
      let answer = try perform(.get, name, deadlines) { $0.sink = { sink.take($0) } }
      if 200..<300 ~= answer.status { return true }
      if HTTPBlobs.isAbsence(answer) { return false }
      throw HTTPBlobs.failure(answer)
    }

    func store(
      _ name: BlobName, _ blob: MemberContent, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) {
      let answer = try perform(.put, name, deadlines, headers: encryption) {
        $0.body = HTTPBlobs.body(blob)
      }
      guard 200..<300 ~= answer.status else { throw HTTPBlobs.failure(answer) }
    }

    func remove(_ name: BlobName, _ deadlines: BlobDeadlines) throws(BlobFailure) {
      let answer = try perform(.delete, name, deadlines) { _ in }
      guard 200..<300 ~= answer.status || HTTPBlobs.isAbsence(answer) else {
        throw HTTPBlobs.failure(answer)
      }
    }

    /// Largest object of a single PUT.
    var largestBlob: Int? { 5 << 30 }

    // MARK: asking

    /// Asks; once more when the bucket turns out to be elsewhere, and once more with new keys when the old
    /// ones are refused and there are others.
    private func perform(
      _ method: HTTPQuestion.Method, _ name: BlobName, _ deadlines: BlobDeadlines,
      headers: [(name: String, value: String)] = [], _ complete: (inout HTTPQuestion) -> Void
    ) throws(BlobFailure) -> HTTPAnswer {
      let started = Clock.monotonic
      var site = place.site
      var lent = try keys?.current(deadlines)
      func ask() throws(BlobFailure) -> HTTPAnswer {
        var question = question(method, prefix + name.path, site, lent?.value, headers)
        complete(&question)
        return try http.ask(question, deadlines.left(since: started), isLarge: true)
      }
      var answer = try ask()
      if let region = Self.region(in: answer), place.move(to: region, from: site) {
        site = place.site
        answer = try ask()
      }
      if method == .get, let failure = HTTPBlobs.hiddenAbsence(answer) { throw failure }
      if Self.isRefused(answer), let refused = lent, let keys,
        let other = try keys.replacement(for: refused, deadlines.left(since: started))
      {
        lent = other
        answer = try ask()
      }
      if Self.isRefused(answer) { throw Self.denial(answer) }
      return answer
    }

    private func question(
      _ method: HTTPQuestion.Method, _ key: String, _ site: S3Place.Site, _ keys: AWSKeys?,
      _ more: [(name: String, value: String)]
    ) -> HTTPQuestion {
      var question = HTTPQuestion(method, site.address.url(of: key))
      question.headers = more
      guard let keys else { return question }
      let signature = SignatureV4(keys: keys, region: site.region, service: "s3", time: now())
      question.headers += [
        ("x-amz-content-sha256", SignatureV4.unsignedPayload), ("x-amz-date", signature.date),
      ]
      if let token = keys.token {
        question.headers.append(("x-amz-security-token", token.value))
      }
      let authorization = signature.authorization(
        SignatureV4.Request(
          method: method.rawValue, path: site.address.path(of: key),
          headers: question.headers + [("host", site.address.host)],
          payloadHash: SignatureV4.unsignedPayload))
      question.headers.append(("authorization", authorization))
      return question
    }

    /// Where the bucket is, in an answer of a server that is not the one to ask.
    private static func region(in answer: HTTPAnswer) -> String? {
      switch answer.status {
      case 301, 307: return answer.header("x-amz-bucket-region")
      case 400 where HTTPBlobs.errorCode(answer) == "AuthorizationHeaderMalformed":
        return answer.header("x-amz-bucket-region") ?? HTTPBlobs.element("Region", in: answer)
      default: return nil
      }
    }

    /// Keys that have ended are refused with 400.
    private static func isRefused(_ answer: HTTPAnswer) -> Bool {
      switch answer.status {
      case 401, 403: true
      case 400:
        ["ExpiredToken", "InvalidToken", "TokenRefreshRequired"].contains(
          HTTPBlobs.errorCode(answer) ?? "")
      default: false
      }
    }

    private static func denial(_ answer: HTTPAnswer) -> BlobFailure {
      guard let code = HTTPBlobs.errorCode(answer) else { return .denied("\(answer.status)") }
      let advice =
        code == "RequestTimeTooSkewed"
        ? ": the clock of this machine or of the server is wrong" : ""
      return .denied("\(answer.status) (\(code))\(advice)")
    }
  }
#endif
