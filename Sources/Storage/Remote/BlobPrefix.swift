/// Parts of names and addresses that several backends put together in the same way.
enum BlobPrefix {
  /// A key prefix as the folder that it means: `/a//b/` is `a/b/`, and none is "".
  static func folder(_ text: String) -> String {
    let middle = text.split(separator: "/").joined(separator: "/")
    return middle.isEmpty ? "" : middle + "/"
  }

  /// What stands in a URL behind the host: `/…`, without a query.
  static func path(ofURL url: String) -> String {
    let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
    guard let slash = url[start...].firstIndex(of: "/") else { return "/" }
    return String(url[slash...].prefix { $0 != "?" && $0 != "#" })
  }
}
