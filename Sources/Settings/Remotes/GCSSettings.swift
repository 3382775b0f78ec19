/// Google Cloud Storage (`[cache.gcs]`; switched on by `SCCACHE_GCS_BUCKET`).
package struct GCSSettings: RemoteSection {
  package var bucket: String
  package var keyPrefix = ""
  /// A JSON file of a service account or an external account (`SCCACHE_GCS_KEY_PATH`, `cred_path`).
  package var credentialPath: String?
  /// For tokens of the metadata server (`SCCACHE_GCS_SERVICE_ACCOUNT`, `service_account`).
  package var serviceAccount: String?
  /// GET gives `{"accessToken": …, "expireTime": …}` (`SCCACHE_GCS_CREDENTIALS_URL`,
  /// `credential_url`).
  package var credentialURL: String?
  /// `SCCACHE_GCS_RW_MODE`, `rw_mode`. Read-only unless asked otherwise, unlike every other store.
  package var mode: AccessMode = .readOnly

  package init(bucket: String) { self.bucket = bucket }

  init?(_ environment: inout EnvironmentReader) throws(SettingsError) {
    credentialPath = environment.string("SCCACHE_GCS_KEY_PATH")
    serviceAccount = environment.string("SCCACHE_GCS_SERVICE_ACCOUNT")
    credentialURL = environment.string("SCCACHE_GCS_CREDENTIALS_URL")
    guard let bucket = environment.string("SCCACHE_GCS_BUCKET") else {
      guard credentialPath == nil, serviceAccount == nil, credentialURL == nil else {
        throw SettingsError(
          "If setting GCS credentials, SCCACHE_GCS_BUCKET and an auth mechanism need to be set.",
          causes: ["set SCCACHE_GCS_BUCKET, or unset the variables beginning with SCCACHE_GCS_"])
      }
      return nil
    }
    self.bucket = bucket
    keyPrefix = environment.keyPrefix("SCCACHE_GCS_KEY_PREFIX")
    if environment.string("SCCACHE_GCS_OAUTH_URL") != nil {
      environment.warn(
        "SCCACHE_GCS_OAUTH_URL is deprecated and does nothing; "
          + "for a virtual machine's account set SCCACHE_GCS_SERVICE_ACCOUNT")
    }
    if let value = environment.mode("SCCACHE_GCS_RW_MODE", otherwise: mode) {
      mode = value
    } else if environment.string("SCCACHE_GCS_RW_MODE") == nil {
      environment.warn("SCCACHE_GCS_RW_MODE is not set: the store is READ_ONLY")
    }
  }

  init(_ reader: inout TableReader) throws(SettingsError) {
    bucket = try reader.required("bucket")
    keyPrefix = try reader.keyPrefix("key_prefix")
    credentialPath = try reader.string("cred_path")
    serviceAccount = try reader.string("service_account")
    credentialURL = try reader.string("credential_url")
    mode = try reader.choice("rw_mode", of: AccessMode.self) ?? mode
  }
}
