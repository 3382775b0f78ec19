#if GCS
  import Glibc
  import Platform
  import Settings

  /// Where tokens for Google's storage come from. The first that is configured, in this order: the
  /// settings, `GOOGLE_APPLICATION_CREDENTIALS`, what `gcloud auth application-default login` left, the
  /// metadata server of Google's machines.
  enum GCSCredentialSource: Sendable {
    /// Tokens are given away there for the asking (`credential_url`).
    case url(String)
    /// Read when a token is needed.
    case file(String)
    case metadata(account: String, host: String, isGuess: Bool)
    case none

    init(
      _ settings: GCSSettings, _ context: BackendContext, hasEmulator: Bool
    ) throws(BackendProblem) {
      func set(_ name: String) -> String? {
        context.variable(name).flatMap { $0.isEmpty ? nil : $0 }
      }
      let host = set("GCE_METADATA_HOST") ?? "metadata.google.internal"
      if let url = settings.credentialURL {
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
          throw BackendProblem(
            "SCCACHE_GCS_CREDENTIALS_URL (credential_url) does not begin with http:// or https://")
        }
        self = .url(url)
      } else if let path = settings.credentialPath {
        self = .file(path)
      } else if let account = settings.serviceAccount {
        self = .metadata(account: account, host: host, isGuess: false)
      } else if let path = set("GOOGLE_APPLICATION_CREDENTIALS") {
        self = .file(path)
      } else if let path = Self.wellKnownFile(set("CLOUDSDK_CONFIG"), home: set("HOME")) {
        self = .file(path)
      } else if hasEmulator {
        self = .none
      } else {
        self = .metadata(
          account: "default", host: host, isGuess: set("GCE_METADATA_HOST") == nil)
      }
    }

    private static func wellKnownFile(_ configuration: String?, home: String?) -> String? {
      guard let directory = configuration ?? home.map({ $0 + "/.config/gcloud" }) else {
        return nil
      }
      let path = directory + "/application_default_credentials.json"
      return access(path, R_OK) == 0 ? path : nil
    }
  }
#endif
