import Testing

@testable import Settings

/// Every variable and every key of every remote store.
@Suite struct RemoteTests {
  @Test func s3() throws {
    var expected = S3Settings(bucket: "b")
    #expect(try load(["SCCACHE_BUCKET": "b"]).remotes.s3 == expected)
    #expect(try load(file: "[cache.s3]\nbucket = \"b\"").remotes.s3 == expected)
    expected.region = "auto"
    expected.endpoint = "minio:9000"
    expected.useTLS = false
    expected.keyPrefix = "/p/q"
    expected.noCredentials = true
    expected.serverSideEncryption = true
    expected.serverSideEncryptionAWSKMS = true
    expected.serverSideEncryptionKMSKeyID = "k"
    expected.enableVirtualHostStyle = true
    expected.mode = .readOnly
    let environment = [
      "SCCACHE_BUCKET": "b", "SCCACHE_REGION": "auto", "SCCACHE_ENDPOINT": "minio:9000",
      "SCCACHE_S3_USE_SSL": "off", "SCCACHE_S3_KEY_PREFIX": "/p/q//",
      "SCCACHE_S3_NO_CREDENTIALS": "1", "SCCACHE_S3_SERVER_SIDE_ENCRYPTION": "1",
      "SCCACHE_S3_SERVER_SIDE_ENCRYPTION_AWS_KMS": "1",
      "SCCACHE_S3_SERVER_SIDE_ENCRYPTION_KMS_KEY_ID": "k",
      "SCCACHE_S3_ENABLE_VIRTUAL_HOST_STYLE": "1", "SCCACHE_S3_RW_MODE": "READ_ONLY",
    ]
    #expect(try load(environment).selectedRemote == .s3(expected))
    let file = """
      [cache.s3]
      bucket = "b"
      region = "auto"
      endpoint = "minio:9000"
      use_ssl = false
      key_prefix = "/p/q//"
      no_credentials = true
      server_side_encryption = true
      server_side_encryption_aws_kms = true
      server_side_encryption_kms_key_id = "k"
      enable_virtual_host_style = true
      rw_mode = "READ_ONLY"
      """
    #expect(try load(file: file).selectedRemote == .s3(expected))
  }

  @Test(arguments: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
  func s3Credentials(name: String) throws {
    let environment = ["SCCACHE_BUCKET": "b", name: "x"]
    _ = try load(environment)
    let error = failure(environment.merging(["SCCACHE_S3_NO_CREDENTIALS": "1"]) { $1 })
    #expect(
      error.message == "If setting S3 credentials, SCCACHE_S3_NO_CREDENTIALS must not be set.")
  }

  @Test func redis() throws {
    var expected = RedisSettings(endpoint: "redis://h")
    #expect(try load(["SCCACHE_REDIS_ENDPOINT": "redis://h"]).remotes.redis == expected)
    #expect(try load(file: "[cache.redis]\nendpoint = \"redis://h\"").remotes.redis == expected)
    expected.username = "u"
    expected.password = Secret("p")
    expected.database = 3
    expected.expirationSeconds = 60
    expected.keyPrefix = "k"
    expected.mode = .readOnly
    let environment = [
      "SCCACHE_REDIS_ENDPOINT": "redis://h", "SCCACHE_REDIS_USERNAME": "u",
      "SCCACHE_REDIS_PASSWORD": "p", "SCCACHE_REDIS_DB": "3", "SCCACHE_REDIS_EXPIRATION": "60",
      "SCCACHE_REDIS_KEY_PREFIX": "k/", "SCCACHE_REDIS_RW_MODE": "READ_ONLY",
    ]
    #expect(try load(environment).selectedRemote == .redis(expected))
    for name in ["ttl", "expiration"] {
      let file = """
        [cache.redis]
        endpoint = "redis://h"
        username = "u"
        password = "p"
        db = 3
        \(name) = 60
        key_prefix = "k/"
        rw_mode = "READ_ONLY"
        """
      #expect(try load(file: file).selectedRemote == .redis(expected))
    }
    let old = ["SCCACHE_REDIS": "redis://h/2", "SCCACHE_REDIS_TTL": "9"]
    #expect(try load(old).remotes.redis?.address == .url("redis://h/2"))
    #expect(try load(old).remotes.redis?.expirationSeconds == 9)
  }

  @Test func redisCluster() throws {
    let cluster = RedisSettings.Address.cluster(["a:1", "b:2"])
    #expect(
      try load(["SCCACHE_REDIS_CLUSTER_ENDPOINTS": "a:1, b:2,"]).remotes.redis?.address == cluster)
    for value in ["\"a:1,b:2\"", "[\"a:1\", \"b:2\"]"] {
      let file = "[cache.redis]\ncluster_endpoints = \(value)"
      #expect(try load(file: file).remotes.redis?.address == cluster)
    }
  }

  @Test func redisProblems() throws {
    let both = ["SCCACHE_REDIS": "a", "SCCACHE_REDIS_ENDPOINT": "b"]
    #expect(
      failure(both).causes == ["Only one of `endpoint`, `cluster_endpoints`, `url` must be set"])
    #expect(failure(file: "[cache.redis]").message == "create redis cache failed")
    let userAndURL = ["SCCACHE_REDIS": "a", "SCCACHE_REDIS_USERNAME": "u"]
    #expect(failure(userAndURL).causes.first?.contains("no effect") == true)
    // It doesn't matter while another store is used.
    #expect(
      try load(both.merging(["SCCACHE_BUCKET": "b"]) { $1 }).selectedRemote
        == .s3(S3Settings(bucket: "b")))
    let twice = ["SCCACHE_REDIS_TTL": "1", "SCCACHE_REDIS_EXPIRATION": "1"]
    #expect(
      failure(twice).message
        == "You mustn't set both SCCACHE_REDIS_EXPIRATION and SCCACHE_REDIS_TTL. Use only one.")
    let number = failure(["SCCACHE_REDIS": "a", "SCCACHE_REDIS_DB": "x"])
    #expect(number.message.hasPrefix("SCCACHE_REDIS_DB value is invalid"))
  }

  @Test func memcached() throws {
    var expected = MemcachedSettings(endpoint: "tcp://h")
    #expect(try load(["SCCACHE_MEMCACHED": "tcp://h"]).remotes.memcached == expected)
    expected.username = "u"
    expected.password = Secret("p")
    expected.expirationSeconds = 60
    expected.keyPrefix = "k"
    expected.mode = .readOnly
    expected.protocol = .text
    let environment = [
      "SCCACHE_MEMCACHED_ENDPOINT": "tcp://h", "SCCACHE_MEMCACHED_USERNAME": "u",
      "SCCACHE_MEMCACHED_PASSWORD": "p", "SCCACHE_MEMCACHED_EXPIRATION": "60",
      "SCCACHE_MEMCACHED_KEY_PREFIX": "k/", "SCCACHE_MEMCACHED_RW_MODE": "READ_ONLY",
      "SCCACHE_MEMCACHED_PROTOCOL": "Text",
    ]
    #expect(try load(environment).selectedRemote == .memcached(expected))
    for name in ["url", "endpoint"] {
      let file = """
        [cache.memcached]
        \(name) = "tcp://h"
        username = "u"
        password = "p"
        expiration = 60
        key_prefix = "k"
        rw_mode = "READ_ONLY"
        protocol = "text"
        """
      #expect(try load(file: file).selectedRemote == .memcached(expected))
    }
    let both = failure(["SCCACHE_MEMCACHED": "a", "SCCACHE_MEMCACHED_ENDPOINT": "b"])
    #expect(
      both.message == "You mustn't set both SCCACHE_MEMCACHED and SCCACHE_MEMCACHED_ENDPOINT. "
        + "Please, use only SCCACHE_MEMCACHED_ENDPOINT.")
    let number = failure(["SCCACHE_MEMCACHED": "a", "SCCACHE_MEMCACHED_EXPIRATION": "-1"])
    #expect(number.message.hasPrefix("SCCACHE_MEMCACHED_EXPIRATION value is invalid"))
  }

  @Test func gcs() throws {
    var expected = GCSSettings(bucket: "b")
    #expect(expected.mode == .readOnly)
    #expect(try load(file: "[cache.gcs]\nbucket = \"b\"").remotes.gcs == expected)
    #expect(try load(["SCCACHE_GCS_BUCKET": "b"]).warnings.count == 1)
    #expect(
      try load(["SCCACHE_GCS_BUCKET": "b", "SCCACHE_GCS_RW_MODE": "x"]).remotes.gcs == expected)
    expected.keyPrefix = "k"
    expected.credentialPath = "/c"
    expected.serviceAccount = "s"
    expected.credentialURL = "http://u"
    expected.mode = .readWrite
    let environment = [
      "SCCACHE_GCS_BUCKET": "b", "SCCACHE_GCS_KEY_PREFIX": "k/", "SCCACHE_GCS_KEY_PATH": "/c",
      "SCCACHE_GCS_SERVICE_ACCOUNT": "s", "SCCACHE_GCS_CREDENTIALS_URL": "http://u",
      "SCCACHE_GCS_RW_MODE": "READ_WRITE",
    ]
    #expect(try load(environment).selectedRemote == .gcs(expected))
    #expect(try load(environment).warnings == [])
    let deprecated = environment.merging(["SCCACHE_GCS_OAUTH_URL": "x"]) { $1 }
    #expect(try load(deprecated).warnings.count == 1)
    let file = """
      [cache.gcs]
      bucket = "b"
      key_prefix = "k"
      cred_path = "/c"
      service_account = "s"
      credential_url = "http://u"
      rw_mode = "READ_WRITE"
      """
    #expect(try load(file: file).selectedRemote == .gcs(expected))
  }

  @Test(arguments: [
    "SCCACHE_GCS_KEY_PATH", "SCCACHE_GCS_SERVICE_ACCOUNT", "SCCACHE_GCS_CREDENTIALS_URL",
  ])
  func gcsWithoutBucket(name: String) {
    #expect(
      failure([name: "x"]).message
        == "If setting GCS credentials, SCCACHE_GCS_BUCKET and an auth mechanism need to be set.")
  }

  @Test func gha() throws {
    var expected = GHASettings()
    #expect(try load(["SCCACHE_GHA_ENABLED": "on"]).selectedRemote == .gha(expected))
    #expect(try load(file: "[cache.gha]\nenabled = true").selectedRemote == .gha(expected))
    #expect(try load(["SCCACHE_GHA_ENABLED": "off"]).selectedRemote == nil)
    #expect(try load(["SCCACHE_GHA_VERSION": ""]).selectedRemote == nil)
    #expect(try load(file: "[cache.gha]\nenabled = false").selectedRemote == nil)
    #expect(try load(file: "[cache.gha]\nversion = \"1\"").selectedRemote == nil)
    expected.version = "1"
    expected.mode = .readOnly
    let environment = [
      "SCCACHE_GHA_ENABLED": "off", "SCCACHE_GHA_VERSION": "1", "SCCACHE_GHA_RW_MODE": "READ_ONLY",
    ]
    #expect(try load(environment).selectedRemote == .gha(expected))
    let file = "[cache.gha]\nenabled = true\nversion = \"1\"\nrw_mode = \"READ_ONLY\""
    #expect(try load(file: file).selectedRemote == .gha(expected))
  }

  @Test func azure() throws {
    var expected = AzureSettings(container: "c", access: .connectionString(Secret("s")))
    let environment = [
      "SCCACHE_AZURE_BLOB_CONTAINER": "c", "SCCACHE_AZURE_CONNECTION_STRING": "s",
    ]
    #expect(try load(environment).selectedRemote == .azure(expected))
    let file = "[cache.azure]\ncontainer = \"c\"\nconnection_string = \"s\""
    #expect(try load(file: file).selectedRemote == .azure(expected))
    expected.keyPrefix = "k"
    expected.mode = .readOnly
    #expect(
      try load(
        environment.merging([
          "SCCACHE_AZURE_KEY_PREFIX": "k/", "SCCACHE_AZURE_RW_MODE": "READ_ONLY",
        ]) { $1 }
      ).selectedRemote == .azure(expected))
    #expect(
      try load(file: file + "\nkey_prefix = \"k\"\nrw_mode = \"READ_ONLY\"").selectedRemote
        == .azure(expected))
  }

  @Test(arguments: [
    (
      "storage_account", "SCCACHE_AZURE_STORAGE_ACCOUNT", "acc1",
      "https://acc1.blob.core.windows.net"
    ),
    ("endpoint", "SCCACHE_AZURE_ENDPOINT", "https://e", "https://e"),
    (
      "endpoint", "SCCACHE_AZURE_ENDPOINT", "http://127.0.0.1:10000/acc",
      "http://127.0.0.1:10000/acc"
    ),
    ("endpoint", "SCCACHE_AZURE_ENDPOINT", "http://[::1]:1", "http://[::1]:1"),
  ])
  func azureEndpoints(key: String, name: String, value: String, endpoint: String) throws {
    let access = AzureSettings.Access.endpoint(endpoint)
    #expect(
      try load(["SCCACHE_AZURE_BLOB_CONTAINER": "c", name: value]).remotes.azure?.access == access)
    let file = "[cache.azure]\ncontainer = \"c\"\n\(key) = \"\(value)\""
    #expect(try load(file: file).remotes.azure?.access == access)
    #expect(
      failure(file: file + "\nconnection_string = \"s\"").causes.last?.contains("beside") == true)
    let both = [
      "SCCACHE_AZURE_BLOB_CONTAINER": "c", name: value, "SCCACHE_AZURE_CONNECTION_STRING": "s",
    ]
    #expect(failure(both).message.contains("can't stand beside"))
  }

  @Test(arguments: [
    ("endpoint", "http://example"), ("endpoint", "https://u:p@example"), ("endpoint", "example"),
    ("endpoint", "ftp://example"), ("storage_account", "a-b"), ("storage_account", ""),
  ])
  func azureProblems(key: String, value: String) {
    let file = "[cache.azure]\ncontainer = \"c\"\n\(key) = \"\(value)\""
    #expect(failure(file: file).message == "create azure cache failed")
  }

  @Test func azureIncomplete() throws {
    for name in ["SCCACHE_AZURE_BLOB_CONTAINER", "SCCACHE_AZURE_CONNECTION_STRING"] {
      let settings = try load([name: "x"])
      #expect(settings.selectedRemote == nil)
      #expect(settings.warnings.count == 1)
    }
    #expect(
      failure(file: "[cache.azure]\ncontainer = \"c\"").message == "create azure cache failed")
  }

  @Test func webdav() throws {
    var expected = WebDAVSettings(endpoint: "http://d")
    #expect(try load(["SCCACHE_WEBDAV_ENDPOINT": "http://d"]).remotes.webdav == expected)
    expected.keyPrefix = "k"
    expected.username = "u"
    expected.password = Secret("p")
    expected.token = Secret("t")
    expected.mode = .readOnly
    expected.layout = .bazel
    let environment = [
      "SCCACHE_WEBDAV_ENDPOINT": "http://d", "SCCACHE_WEBDAV_KEY_PREFIX": "k/",
      "SCCACHE_WEBDAV_USERNAME": "u", "SCCACHE_WEBDAV_PASSWORD": "p", "SCCACHE_WEBDAV_TOKEN": "t",
      "SCCACHE_WEBDAV_RW_MODE": "READ_ONLY", "SCCACHE_WEBDAV_LAYOUT": "bazel",
    ]
    #expect(try load(environment).selectedRemote == .webdav(expected))
    let file = """
      [cache.webdav]
      endpoint = "http://d"
      key_prefix = "k"
      username = "u"
      password = "p"
      token = "t"
      rw_mode = "READ_ONLY"
      layout = "bazel"
      """
    #expect(try load(file: file).selectedRemote == .webdav(expected))
    // A word that is none is a warning: builds go on.
    let unknown = ["SCCACHE_WEBDAV_ENDPOINT": "http://d", "SCCACHE_WEBDAV_LAYOUT": "tree"]
    #expect(try load(unknown).remotes.webdav?.layout == .sccache)
  }

  @Test func oss() throws {
    var expected = OSSSettings(bucket: "b")
    #expect(try load(["SCCACHE_OSS_BUCKET": "b"]).remotes.oss == expected)
    expected.endpoint = "e"
    expected.keyPrefix = "k"
    expected.noCredentials = true
    expected.mode = .readOnly
    let environment = [
      "SCCACHE_OSS_BUCKET": "b", "SCCACHE_OSS_ENDPOINT": "e", "SCCACHE_OSS_KEY_PREFIX": "k/",
      "SCCACHE_OSS_NO_CREDENTIALS": "1", "SCCACHE_OSS_RW_MODE": "READ_ONLY",
    ]
    #expect(try load(environment).selectedRemote == .oss(expected))
    let file = """
      [cache.oss]
      bucket = "b"
      endpoint = "e"
      key_prefix = "k"
      no_credentials = true
      rw_mode = "READ_ONLY"
      """
    #expect(try load(file: file).selectedRemote == .oss(expected))
    for name in ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"] {
      #expect(
        failure(environment.merging([name: "x"]) { $1 }).message
          == "If setting OSS credentials, SCCACHE_OSS_NO_CREDENTIALS must not be set.")
    }
  }

  @Test func cos() throws {
    var expected = COSSettings(bucket: "b")
    #expect(try load(["SCCACHE_COS_BUCKET": "b"]).remotes.cos == expected)
    expected.endpoint = "e"
    expected.keyPrefix = "k"
    expected.mode = .readOnly
    let environment = [
      "SCCACHE_COS_BUCKET": "b", "SCCACHE_COS_ENDPOINT": "e", "SCCACHE_COS_KEY_PREFIX": "k/",
      "SCCACHE_COS_RW_MODE": "READ_ONLY",
    ]
    #expect(try load(environment).selectedRemote == .cos(expected))
    let file = """
      [cache.cos]
      bucket = "b"
      endpoint = "e"
      key_prefix = "k"
      rw_mode = "READ_ONLY"
      """
    #expect(try load(file: file).selectedRemote == .cos(expected))
  }

  /// A section comes whole from one side.
  @Test func sectionsDoNotMerge() throws {
    let file = "[cache.s3]\nbucket = \"f\"\nregion = \"r\""
    #expect(
      try load(["SCCACHE_BUCKET": "e"], file: file).remotes.s3 == S3Settings(bucket: "e"))
    #expect(try load(["SCCACHE_REGION": "e"], file: file).remotes.s3?.region == "r")
  }

  /// Taken away one by one, the next is selected.
  @Test func order() throws {
    var environment = [
      "SCCACHE_BUCKET": "b", "SCCACHE_REDIS": "r", "SCCACHE_MEMCACHED": "m",
      "SCCACHE_GCS_BUCKET": "b", "SCCACHE_GHA_ENABLED": "1", "SCCACHE_AZURE_BLOB_CONTAINER": "c",
      "SCCACHE_WEBDAV_ENDPOINT": "w", "SCCACHE_OSS_BUCKET": "b", "SCCACHE_COS_BUCKET": "b",
      "SCCACHE_AZURE_CONNECTION_STRING": "s",
    ]
    let switches = [
      "SCCACHE_BUCKET", "SCCACHE_REDIS", "SCCACHE_MEMCACHED", "SCCACHE_GCS_BUCKET",
      "SCCACHE_GHA_ENABLED", "SCCACHE_AZURE_BLOB_CONTAINER", "SCCACHE_WEBDAV_ENDPOINT",
      "SCCACHE_OSS_BUCKET", "SCCACHE_COS_BUCKET",
    ]
    for (kind, name) in zip(RemoteKind.allCases, switches) {
      #expect(try load(environment).selectedRemote?.kind == kind)
      environment[name] = nil
    }
    #expect(try load(environment).selectedRemote == nil)
  }
}
