#if COS
  import Platform
  import Settings
  import Transport

  /// Tencent Cloud's object storage.
  enum COSBlobs {
    static func service(
      _ settings: COSSettings, _ context: BackendContext
    ) throws(BackendProblem) -> any BlobService {
      guard let endpoint = settings.endpoint,
        var address = BucketAddress(endpoint: endpoint, scheme: "https")?.withoutDefaultPort()
      else {
        throw BackendProblem(
          "SCCACHE_COS_ENDPOINT must be an address such as https://cos.ap-singapore.myqcloud.com")
      }
      let bucket = settings.bucket
      // Tencent's console shows addresses with the bucket in them.
      if !address.host.hasPrefix("\(bucket).") { address = address.withBucketInHost(bucket) }
      let prefix = BlobPrefix.folder(settings.keyPrefix)
      let keys = CloudKeys.read(
        context, id: "TENCENTCLOUD_SECRET_ID", secret: "TENCENTCLOUD_SECRET_KEY",
        tokens: ["TENCENTCLOUD_TOKEN", "TENCENTCLOUD_SECURITY_TOKEN"])
      let now = context.now
      let signed = address
      return BucketBlobs(
        location: "cos, name: \(bucket), prefix: /\(prefix)", http: context.http,
        address: address, prefix: prefix
      ) { method, key throws(BlobFailure) in
        guard let keys else {
          throw .denied(
            "no credentials: set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY")
        }
        return COSSignature(keys: keys, host: signed.host, time: now())
          .headers(method.rawValue, "/" + key)
      }
    }
  }

  /// Tencent's signature of a request. A pure function of what it is given.
  struct COSSignature {
    var keys: CloudKeys
    /// As it stands in the header Host.
    var host: String
    /// Seconds since 1970.
    var time: Int64

    /// Seconds before and behind `time` in which the signature is good: clocks differ.
    private static let before: Int64 = 300
    private static let behind: Int64 = 900

    /// The headers to send. Those that Tencent takes for important are signed.
    ///
    /// - Parameter path: as it is, not percent-encoded.
    func headers(_ method: String, _ path: String) -> [(name: String, value: String)] {
      var own: [(name: String, value: String)] = []
      if let token = keys.token { own = [("x-cos-security-token", token.value)] }
      let signed = [(name: "host", value: host)] + own
      let fields = PercentEncoding.form(signed)
      let request = "\(method.lowercased())\n\(path)\n\n\(fields)\n"
      let span = "\(time - Self.before);\(time + Self.behind)"
      let text = "sha1\n\(span)\n\(SHA1.hex(request.utf8))\n"
      let key = Self.code(keys.secret.value, span)
      let names = signed.map(\.name).joined(separator: ";")
      let authorization =
        "q-sign-algorithm=sha1&q-ak=\(keys.id)&q-sign-time=\(span)&q-key-time=\(span)"
        + "&q-header-list=\(names)&q-url-param-list=&q-signature=\(Self.code(key, text))"
      return own + [("authorization", authorization)]
    }

    private static func code(_ key: String, _ message: String) -> String {
      Hexadecimal.encode(SHA1.code(key: Array(key.utf8), message: message.utf8))
    }
  }
#endif
