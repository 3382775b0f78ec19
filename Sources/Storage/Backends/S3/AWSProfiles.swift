#if S3
  import Glibc
  import Platform

  /// The profiles of Amazon's tools: `~/.aws/config` and `~/.aws/credentials`, which decides where both say
  /// something.
  struct AWSProfiles {
    private var profiles: [String: [String: String]] = [:]
    private var sessions: [String: [String: String]] = [:]

    /// - Parameters:
    ///   - config: sections `[default]`, `[profile NAME]` and `[sso-session NAME]`.
    ///   - credentials: sections `[NAME]`.
    init(config: String, credentials: String) {
      for (section, settings) in Self.sections(config) {
        if section == "default" {
          profiles["default"] = settings
        } else if let name = Self.name("profile", section) {
          profiles[name, default: [:]].merge(settings) { $1 }
        } else if let name = Self.name("sso-session", section) {
          sessions[name, default: [:]].merge(settings) { $1 }
        }
      }
      for (name, settings) in Self.sections(credentials) {
        profiles[name, default: [:]].merge(settings) { $1 }
      }
    }

    /// Reads both files of the daemon's environment; one that is not there is empty.
    static func read(_ context: BackendContext) throws(BlobFailure) -> AWSProfiles {
      AWSProfiles(
        config: try text("AWS_CONFIG_FILE", "config", context),
        credentials: try text("AWS_SHARED_CREDENTIALS_FILE", "credentials", context))
    }

    /// The name of the profile to use, and whether somebody chose it.
    static func chosen(_ context: BackendContext) -> (name: String, isExplicit: Bool) {
      for variable in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] {
        if let name = context.setting(variable) { return (name, true) }
      }
      return ("default", false)
    }

    subscript(name: String) -> [String: String]? { profiles[name] }

    /// What `sso_session` of a profile names.
    func session(_ name: String) -> [String: String]? { sessions[name] }

    /// Of `[KIND NAME]`; Amazon's tools write a name with spaces in quotes.
    private static func name(_ kind: String, _ section: String) -> String? {
      guard section.hasPrefix(kind), section.dropFirst(kind.count).first?.isWhitespace == true
      else { return nil }
      let name = trimmed(section.dropFirst(kind.count))
      for quote in ["\"", "'"]
      where name.count >= 2 && name.hasPrefix(quote) && name.hasSuffix(quote) {
        return String(name.dropFirst().dropLast())
      }
      return name
    }

    private static func text(
      _ variable: String, _ name: String, _ context: BackendContext
    ) throws(BlobFailure) -> String {
      var path = context.setting(variable)
      let home = context.setting("HOME")
      if path == nil, let home { path = "\(home)/.aws/\(name)" }
      if let given = path, given.hasPrefix("~/"), let home { path = home + given.dropFirst() }
      guard let path else { return "" }
      do throws(SystemError) {
        return String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
      } catch {
        if error.code == ENOENT || error.code == ENOTDIR { return "" }
        throw .denied("\(variable): \(error)")
      }
    }

    private static func sections(_ text: String) -> [(String, [String: String])] {
      var result: [(String, [String: String])] = []
      for line in text.split(whereSeparator: \.isNewline) {
        let content = trimmed(line)
        if content.isEmpty || content.hasPrefix("#") || content.hasPrefix(";") { continue }
        if content.hasPrefix("["), let close = content.firstIndex(of: "]") {
          result.append((trimmed(content.dropFirst().prefix(upTo: close)), [:]))
        } else if !result.isEmpty, line.first?.isWhitespace == false,
          let equals = content.firstIndex(of: "=")
        {
          // An indented line belongs to a setting such as `s3 =` above it: not to us.
          let value = trimmed(content[content.index(after: equals)...])
          result[result.count - 1].1[trimmed(content[..<equals]).lowercased()] = value
        }
      }
      return result
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
      let start = text.drop { $0.isWhitespace }
      let count = start.reversed().prefix { $0.isWhitespace }.count
      return String(start.dropLast(count))
    }
  }

  extension BackendContext {
    /// A variable that is set to something.
    func setting(_ name: String) -> String? {
      variable(name).flatMap { $0.isEmpty ? nil : $0 }
    }
  }
#endif
