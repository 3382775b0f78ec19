#if OSS
  import Platform
  import Settings
  import Transport

  /// Alibaba Cloud's object storage.
  enum OSSBlobs {
    static func service(
      _ settings: OSSSettings, _ context: BackendContext
    ) throws(BackendProblem) -> any BlobService {
      guard let endpoint = settings.endpoint,
        let address = BucketAddress(endpoint: endpoint, scheme: "https")
      else {
        throw BackendProblem(
          "SCCACHE_OSS_ENDPOINT must be an address such as https://oss-eu-central-1.aliyuncs.com")
      }
      let bucket = settings.bucket
      let prefix = BlobPrefix.folder(settings.keyPrefix)
      let isSigned = !settings.noCredentials
      let keys = CloudKeys.read(
        context, id: "ALIBABA_CLOUD_ACCESS_KEY_ID", secret: "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        tokens: ["ALIBABA_CLOUD_SECURITY_TOKEN"])
      let now = context.now
      return BucketBlobs(
        location: "oss, name: \(bucket), prefix: /\(prefix)", http: context.http,
        address: address.withoutDefaultPort().withBucketInHost(bucket), prefix: prefix
      ) { method, key throws(BlobFailure) in
        guard isSigned else { return [] }
        guard let keys else {
          throw .denied(
            "no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or "
              + "for a public bucket SCCACHE_OSS_NO_CREDENTIALS=true")
        }
        return OSSSignature(keys: keys, bucket: bucket, time: now()).headers(method.rawValue, key)
      }
    }
  }

  /// Alibaba's signature of a request, version 1. A pure function of what it is given.
  struct OSSSignature {
    var keys: CloudKeys
    var bucket: String
    /// Seconds since 1970.
    var time: Int64

    /// The headers to send; no other is signed.
    ///
    /// - Parameter key: as it is, not percent-encoded.
    func headers(_ method: String, _ key: String) -> [(name: String, value: String)] {
      let date = UTCTime.httpText(time)
      var own = ""
      var headers = [(name: "date", value: date)]
      if let token = keys.token {
        headers.append(("x-oss-security-token", token.value))
        own = "x-oss-security-token:\(token.value)\n"
      }
      // The two empty lines are of a digest and a type of the body, which are not sent.
      let text = "\(method)\n\n\n\(date)\n\(own)/\(bucket)/\(key)"
      let code = SHA1.code(key: Array(keys.secret.value.utf8), message: text.utf8)
      return headers + [("authorization", "OSS \(keys.id):\(Base64.encode(code))")]
    }
  }
#endif
