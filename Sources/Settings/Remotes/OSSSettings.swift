/// Alibaba's object storage (`[cache.oss]`; switched on by `SCCACHE_OSS_BUCKET`). Keys of access come
/// from `ALIBABA_CLOUD_ACCESS_KEY_ID` and `_SECRET`, which the store reads.
package struct OSSSettings: RemoteSection {
  package var bucket: String
  /// The bucket's name becomes a part of the host's.
  package var endpoint: String?
  package var keyPrefix = ""
  /// Unsigned requests (off).
  package var noCredentials = false
  package var mode: AccessMode = .readWrite

  package init(bucket: String) { self.bucket = bucket }

  init?(_ environment: inout EnvironmentReader) throws(SettingsError) {
    guard let bucket = environment.string("SCCACHE_OSS_BUCKET") else { return nil }
    self.bucket = bucket
    endpoint = environment.string("SCCACHE_OSS_ENDPOINT")
    keyPrefix = environment.keyPrefix("SCCACHE_OSS_KEY_PREFIX")
    noCredentials = try environment.boolean("SCCACHE_OSS_NO_CREDENTIALS") ?? false
    mode = environment.mode("SCCACHE_OSS_RW_MODE", otherwise: mode) ?? mode
    let keys = ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
    if noCredentials, keys.contains(where: { environment.raw($0) != nil }) {
      throw SettingsError(
        "If setting OSS credentials, SCCACHE_OSS_NO_CREDENTIALS must not be set.",
        causes: ["unset \(keys.joined(separator: " and ")), or SCCACHE_OSS_NO_CREDENTIALS"])
    }
  }

  init(_ reader: inout TableReader) throws(SettingsError) {
    bucket = try reader.required("bucket")
    endpoint = try reader.string("endpoint")
    keyPrefix = try reader.keyPrefix("key_prefix")
    noCredentials = try reader.boolean("no_credentials") ?? false
    mode = try reader.choice("rw_mode", of: AccessMode.self) ?? mode
  }
}
