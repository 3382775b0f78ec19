#if S3
  import Platform
  import Settings

  /// Amazon's signature of a request, version 4. A pure function of what it is given.
  struct SignatureV4 {
    var keys: AWSKeys
    var region: String
    /// `s3` or `sts`.
    var service: String
    /// Seconds since 1970.
    var time: Int64

    /// What is signed of a request: all of these headers must be sent with it, and nothing else is sure to
    /// arrive as it was sent.
    struct Request {
      var method: String
      /// Percent-encoded once, as it is sent.
      var path: String
      /// Percent-encoded and sorted.
      var query = ""
      /// Names in lower case; `host` and `x-amz-date` must be among them.
      var headers: [(name: String, value: String)]
      /// 64 hexadecimal digits, or `unsignedPayload`.
      var payloadHash: String
    }

    /// In place of the payload's digest: the blob would have to be read twice. What was stored is checked
    /// when it is read again.
    static let unsignedPayload = "UNSIGNED-PAYLOAD"

    /// The value of `x-amz-date`.
    var date: String { UTCTime.basicText(time) }

    /// The value of the header Authorization.
    func authorization(_ request: Request) -> String {
      let headers = request.headers.sorted { $0.name < $1.name }
      let names = headers.map(\.name).joined(separator: ";")
      let canonical =
        ([request.method, request.path, request.query]
        + headers.map { "\($0.name):\(Self.trimmed($0.value))" } + ["", names, request.payloadHash])
        .joined(separator: "\n")
      let scope = "\(day)/\(region)/\(service)/aws4_request"
      let toSign = ["AWS4-HMAC-SHA256", date, scope, Digest.of(Array(canonical.utf8)).description]
        .joined(separator: "\n")
      let signature = MessageAuthentication.code(key: signingKey, message: toSign.utf8)
      return "AWS4-HMAC-SHA256 Credential=\(keys.id)/\(scope), SignedHeaders=\(names), "
        + "Signature=\(Hexadecimal.encode(signature))"
    }

    private var day: String { String(date.prefix(8)) }

    private var signingKey: [UInt8] {
      [day, region, service, "aws4_request"].reduce(Array("AWS4\(keys.secret.value)".utf8)) {
        MessageAuthentication.code(key: $0, message: $1.utf8)
      }
    }

    /// Without blanks around it, and with one for each run of them inside.
    private static func trimmed(_ value: String) -> String {
      value.split(separator: " ").joined(separator: " ")
    }
  }
#endif
