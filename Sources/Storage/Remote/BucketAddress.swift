import Platform

/// Where the objects of a bucket are: in the host's name, or in the path.
struct BucketAddress: Sendable, Equatable {
  /// `http` or `https`.
  var scheme: String
  /// As it stands in the header Host: without the scheme's own port.
  var host: String
  /// Percent-encoded, with a slash before it and none behind; "" for none.
  var path: String

  init(scheme: String, host: String, path: String = "") {
    self.scheme = scheme
    self.host = host
    self.path = path
  }

  /// Reads an endpoint: with a scheme or without, maybe with a port and a path. Nil for anything else, such
  /// as one with a user in it.
  ///
  /// - Parameter scheme: for one that names none.
  init?(endpoint: String, scheme: String) {
    var rest = Substring(endpoint)
    self.scheme = scheme
    if let mark = rest.firstRange(of: "://") {
      self.scheme = rest[..<mark.lowerBound].lowercased()
      rest = rest[mark.upperBound...]
    }
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    host = rest[..<slash].lowercased()
    path = rest[slash...].split(separator: "/")
      .map { "/" + PercentEncoding.encode(String($0)) }.joined()
    let isHost = host.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x61...0x7a: true
      default: "-._:[]".utf8.contains(byte)
      }
    }
    guard isHost, !host.isEmpty, ["http", "https"].contains(self.scheme),
      !rest.contains(where: { $0 == "?" || $0 == "#" })
    else { return nil }
  }

  /// Leaves out the port that the scheme has anyway, as libcurl does in the header Host.
  func withoutDefaultPort() -> BucketAddress {
    var address = self
    let port = scheme == "https" ? ":443" : ":80"
    if host.hasSuffix(port) { address.host = String(host.dropLast(port.count)) }
    return address
  }

  func withBucketInHost(_ bucket: String) -> BucketAddress {
    var address = self
    address.host = "\(bucket).\(host)"
    return address
  }

  func withBucketInPath(_ bucket: String) -> BucketAddress {
    var address = self
    address.path += "/" + PercentEncoding.encode(bucket)
    return address
  }

  /// The path of an object, percent-encoded, with a slash before it.
  func path(of key: String) -> String {
    path + "/" + PercentEncoding.encode(key, keeping: "/")
  }

  func url(of key: String) -> String { "\(scheme)://\(host)\(path(of: key))" }
}
