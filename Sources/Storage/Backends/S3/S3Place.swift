#if S3
  import Settings
  import Synchronization

  /// Where a bucket is, and in which region: which may turn out while it is asked.
  final class S3Place: Sendable {
    struct Site: Sendable, Equatable {
      var region: String
      var address: BucketAddress
    }

    private let current: Mutex<Site>
    private let bucket: String
    private let isVirtualHost: Bool
    /// Amazon's addresses name the region; others stay the same.
    private let isAmazon: Bool

    /// The region of the settings, of Amazon's variables, or of the profile.
    static func region(_ settings: S3Settings, _ context: BackendContext) -> String? {
      if let region = settings.region, !region.isEmpty { return region }
      if let region = context.setting("AWS_REGION") ?? context.setting("AWS_DEFAULT_REGION") {
        return region
      }
      if settings.noCredentials { return nil }
      // One that can't be read is reported when keys are looked for in it.
      let profiles = try? AWSProfiles.read(context)
      return profiles?[AWSProfiles.chosen(context).name]?["region"]
    }

    init(_ settings: S3Settings, region: String, _ context: BackendContext) throws(BackendProblem) {
      bucket = settings.bucket
      isVirtualHost = settings.enableVirtualHostStyle
      let endpoint =
        settings.endpoint ?? context.setting("AWS_ENDPOINT_URL_S3")
        ?? context.setting("AWS_ENDPOINT_URL")
      isAmazon = endpoint == nil
      guard Self.isRegion(region) else {
        throw BackendProblem("SCCACHE_REGION: '\(region)' is no region")
      }
      guard let endpoint else {
        // Any region of Amazon's tells where a bucket is.
        let first = region == "auto" ? "us-east-1" : region
        let address = Self.amazon(first, bucket, isVirtualHost)
        current = Mutex(Site(region: first, address: address))
        return
      }
      guard var address = BucketAddress(endpoint: endpoint, scheme: "http") else {
        throw BackendProblem(
          "SCCACHE_ENDPOINT: '\(Self.harmless(endpoint))' is no address such as "
            + "https://s3.example.com:9000")
      }
      if let useTLS = settings.useTLS { address.scheme = useTLS ? "https" : "http" }
      address = Self.with(bucket, in: address.withoutDefaultPort(), isVirtualHost)
      current = Mutex(Site(region: region, address: address))
    }

    var site: Site { current.withLock { $0 } }

    /// Takes what a server says about where the bucket is.
    ///
    /// - Returns: whether it is another region than it was asked for.
    func move(to region: String, from asked: Site) -> Bool {
      guard Self.isRegion(region), region != asked.region else { return false }
      let site = Site(
        region: region,
        address: isAmazon ? Self.amazon(region, bucket, isVirtualHost) : asked.address)
      current.withLock { $0 = site }
      return true
    }

    private static func amazon(
      _ region: String, _ bucket: String, _ isVirtualHost: Bool
    ) -> BucketAddress {
      let host = "s3.\(region).\(AWSDomain.of(region))"
      return with(bucket, in: BucketAddress(scheme: "https", host: host), isVirtualHost)
    }

    private static func with(
      _ bucket: String, in address: BucketAddress, _ isVirtualHost: Bool
    ) -> BucketAddress {
      isVirtualHost ? address.withBucketInHost(bucket) : address.withBucketInPath(bucket)
    }

    /// It becomes a part of a host's name, and comes from a server.
    private static func isRegion(_ text: String) -> Bool {
      !text.isEmpty && text.utf8.count < 64
        && text.utf8.allSatisfy {
          (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20)
            || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
    }

    /// Without a user and password before an `@`.
    private static func harmless(_ endpoint: String) -> String {
      guard let at = endpoint.lastIndex(of: "@") else { return endpoint }
      return "…" + endpoint[at...]
    }
  }
#endif
