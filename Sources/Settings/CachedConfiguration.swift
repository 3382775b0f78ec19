/// The file in which `--dist-auth` keeps tokens (`Settings.cachedConfigurationPath`): TOML, a table
/// `[dist.auth_tokens]` from the URL of the authority to the token.
package struct CachedConfiguration: Sendable, Equatable {
  package var authTokens: [String: Secret] = [:]

  package init() {}

  /// - Parameter path: for messages. The file is TOML whatever its name: it is written by `text`.
  package init(path: String, text: String) throws(SettingsError) {
    var root = TableReader(try ConfigurationFile(path: path, text: text, format: .toml))
    if var dist = try root.table("dist") {
      if var tokens = try dist.table("auth_tokens") {
        for key in tokens.keys {
          authTokens[key] = try tokens.secret(key)
        }
      }
      try dist.finish()
    }
    try root.finish()
  }

  /// The file's text as TOML.
  package var text: String {
    var lines = ["[dist.auth_tokens]"]
    for (url, token) in authTokens.sorted(by: { $0.key < $1.key }) {
      lines.append("\(Self.quoted(url)) = \(Self.quoted(token.value))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..."\u{1f}", "\u{7f}":
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
