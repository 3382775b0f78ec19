#if GCS
  import Platform

  /// The token with which a service account asks for another one: a JSON Web Token, RS256.
  struct ServiceAccountAssertion {
    var account: String
    var keyName: String?
    var scope: String
    var audience: String
    /// Seconds since 1970.
    var issued: Int64

    /// Nil when the key is no RSA key.
    func signed(with key: String) -> String? {
      let name = keyName.map { ",\"kid\":\(Self.quoted($0))" } ?? ""
      let header = "{\"alg\":\"RS256\",\"typ\":\"JWT\"\(name)}"
      let claims =
        "{\"iss\":\(Self.quoted(account)),\"scope\":\(Self.quoted(scope)),"
        + "\"aud\":\(Self.quoted(audience)),\"iat\":\(issued),\"exp\":\(issued + 3600)}"
      let text = Base64URL.encode(header.utf8) + "." + Base64URL.encode(claims.utf8)
      return RSASigning.signature(key: key, message: Array(text.utf8))
        .map { text + "." + Base64URL.encode($0) }
    }

    private static func quoted(_ text: String) -> String {
      var result = "\""
      for scalar in text.unicodeScalars {
        switch scalar {
        case "\"", "\\": result += "\\\(scalar)"
        case "\0"..<" ":
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
      }
      return result + "\""
    }
  }
#endif
