/// Tencent's object storage (`[cache.cos]`; switched on by `SCCACHE_COS_BUCKET`). Keys of access come
/// from `TENCENTCLOUD_SECRET_ID` and `_KEY`, which the store reads.
package struct COSSettings: RemoteSection {
  package var bucket: String
  /// The bucket's name becomes a part of the host's.
  package var endpoint: String?
  package var keyPrefix = ""
  package var mode: AccessMode = .readWrite

  package init(bucket: String) { self.bucket = bucket }

  init?(_ environment: inout EnvironmentReader) throws(SettingsError) {
    guard let bucket = environment.string("SCCACHE_COS_BUCKET") else { return nil }
    self.bucket = bucket
    endpoint = environment.string("SCCACHE_COS_ENDPOINT")
    keyPrefix = environment.keyPrefix("SCCACHE_COS_KEY_PREFIX")
    mode = environment.mode("SCCACHE_COS_RW_MODE", otherwise: mode) ?? mode
  }

  init(_ reader: inout TableReader) throws(SettingsError) {
    bucket = try reader.required("bucket")
    endpoint = try reader.string("endpoint")
    keyPrefix = try reader.keyPrefix("key_prefix")
    mode = try reader.choice("rw_mode", of: AccessMode.self) ?? mode
  }
}
