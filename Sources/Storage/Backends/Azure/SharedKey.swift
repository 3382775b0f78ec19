#if Azure
  import Platform

  /// Azure's "Shared Key" authorization of one request to the blob service, for versions since 2015-02-21.
  enum SharedKey {
    /// - Parameters:
    ///   - path: of the URL, as it is sent.
    ///   - headers: all that are sent beginning with `x-ms-`, and `content-type` where there is one; names
    ///     in lower case.
    ///   - length: of the body.
    /// - Returns: the header `Authorization`.
    static func authorization(
      account: String, key: [UInt8], method: String, path: String, length: Int,
      headers: [(name: String, value: String)]
    ) -> String {
      let text = stringToSign(
        account: account, method: method, path: path, length: length, headers: headers)
      let code = MessageAuthentication.code(key: key, message: text.utf8)
      return "SharedKey \(account):\(Base64.encode(code))"
    }

    static func stringToSign(
      account: String, method: String, path: String, length: Int,
      headers: [(name: String, value: String)]
    ) -> String {
      func value(_ name: String) -> String { headers.first { $0.name == name }?.value ?? "" }
      let canonical = headers.filter { $0.name.hasPrefix("x-ms-") }
        .sorted { $0.name < $1.name }
        .map { "\($0.name):\($0.value)\n" }
        .joined()
      // The date stands in x-ms-date, so the line for Date is empty; a length of 0 counts as none.
      let lines = [
        method, value("content-encoding"), value("content-language"),
        length == 0 ? "" : "\(length)", value("content-md5"), value("content-type"), "",
        value("if-modified-since"), value("if-match"), value("if-none-match"),
        value("if-unmodified-since"), value("range"),
      ]
      return lines.joined(separator: "\n") + "\n" + canonical + "/\(account)\(path)"
    }
  }
#endif
