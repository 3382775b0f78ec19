/// Amazon S3 and what speaks like it (`[cache.s3]`; switched on by `SCCACHE_BUCKET`).
/// Keys of access come from AWS's own variables and files, which the store reads.
package struct S3Settings: RemoteSection {
  package var bucket: String
  /// `SCCACHE_REGION`, `region`. Nil: `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile; there is no
  /// default beyond these. `auto` for R2 and MinIO.
  package var region: String?
  /// `SCCACHE_ENDPOINT`, `endpoint`. Nil: Amazon's.
  package var endpoint: String?
  /// `SCCACHE_S3_USE_SSL`, `use_ssl`. When set, it decides over a scheme in `endpoint`; when nil, an
  /// endpoint without a scheme gets http.
  package var useTLS: Bool?
  /// Without slashes at its end (`SCCACHE_S3_KEY_PREFIX`, `key_prefix`).
  package var keyPrefix = ""
  /// Unsigned requests (`SCCACHE_S3_NO_CREDENTIALS`, `no_credentials`; off).
  package var noCredentials = false
  /// `SCCACHE_S3_SERVER_SIDE_ENCRYPTION`, `server_side_encryption`: AES256 by the server (off).
  package var serverSideEncryption = false
  /// `SCCACHE_S3_SERVER_SIDE_ENCRYPTION_AWS_KMS`, `server_side_encryption_aws_kms` (off).
  package var serverSideEncryptionAWSKMS = false
  /// `SCCACHE_S3_SERVER_SIDE_ENCRYPTION_KMS_KEY_ID`, `server_side_encryption_kms_key_id`; decides
  /// over the other two.
  package var serverSideEncryptionKMSKeyID: String?
  /// `SCCACHE_S3_ENABLE_VIRTUAL_HOST_STYLE`, `enable_virtual_host_style` (off: `/bucket/key`).
  package var enableVirtualHostStyle = false
  /// `SCCACHE_S3_RW_MODE`, `rw_mode`.
  package var mode: AccessMode = .readWrite

  package init(bucket: String) { self.bucket = bucket }

  init?(_ environment: inout EnvironmentReader) throws(SettingsError) {
    guard let bucket = environment.string("SCCACHE_BUCKET") else { return nil }
    self.bucket = bucket
    region = environment.string("SCCACHE_REGION")
    endpoint = environment.string("SCCACHE_ENDPOINT")
    useTLS = try environment.boolean("SCCACHE_S3_USE_SSL")
    keyPrefix = environment.keyPrefix("SCCACHE_S3_KEY_PREFIX")
    noCredentials = try environment.boolean("SCCACHE_S3_NO_CREDENTIALS") ?? false
    let encryption = "SCCACHE_S3_SERVER_SIDE_ENCRYPTION"
    serverSideEncryption = try environment.boolean(encryption) ?? false
    serverSideEncryptionAWSKMS = try environment.boolean(encryption + "_AWS_KMS") ?? false
    serverSideEncryptionKMSKeyID = environment.string(encryption + "_KMS_KEY_ID")
    enableVirtualHostStyle =
      try environment.boolean("SCCACHE_S3_ENABLE_VIRTUAL_HOST_STYLE") ?? false
    mode = environment.mode("SCCACHE_S3_RW_MODE", otherwise: mode) ?? mode
    if noCredentials,
      ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].contains(where: { environment.raw($0) != nil })
    {
      throw SettingsError(
        "If setting S3 credentials, SCCACHE_S3_NO_CREDENTIALS must not be set.",
        causes: ["unset AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or SCCACHE_S3_NO_CREDENTIALS"])
    }
  }

  init(_ reader: inout TableReader) throws(SettingsError) {
    bucket = try reader.required("bucket")
    region = try reader.string("region")
    endpoint = try reader.string("endpoint")
    useTLS = try reader.boolean("use_ssl")
    keyPrefix = try reader.keyPrefix("key_prefix")
    noCredentials = try reader.boolean("no_credentials") ?? false
    serverSideEncryption = try reader.boolean("server_side_encryption") ?? false
    serverSideEncryptionAWSKMS = try reader.boolean("server_side_encryption_aws_kms") ?? false
    serverSideEncryptionKMSKeyID = try reader.string("server_side_encryption_kms_key_id")
    enableVirtualHostStyle = try reader.boolean("enable_virtual_host_style") ?? false
    mode = try reader.choice("rw_mode", of: AccessMode.self) ?? mode
  }
}
