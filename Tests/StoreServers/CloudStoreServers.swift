import TestSupport

// The clouds whose servers are stubs, and Google's.
extension StoreServer {
  static func gcs() throws -> StoreServer {
    let server = try GCSServers.fake()
    return StoreServer(
      server: server,
      place: [
        "SCCACHE_GCS_BUCKET": "box", "STORAGE_EMULATOR_HOST": "http://127.0.0.1:\(server.port)",
      ],
      variables: "SCCACHE_GCS")
  }

  /// A person's file of credentials leads to tokens; in the wrong one is another's refresh token.
  static func gcsWithTokens() throws -> StoreServer {
    let server = try TestServer.stub("gcs-stub.py", service: "gcs")
    func file(_ name: String, token: String) throws -> String {
      try server.directory.write(
        name,
        """
        {"type": "authorized_user", "client_id": "id", "client_secret": "s&=+",
        "token_uri": "http://127.0.0.1:\(server.port)/refreshed", "refresh_token": "\(token)"}
        """)
    }
    let variable = "GOOGLE_APPLICATION_CREDENTIALS"
    return StoreServer(
      server: server,
      place: [
        "SCCACHE_GCS_BUCKET": "box", "STORAGE_EMULATOR_HOST": "http://127.0.0.1:\(server.port)",
        variable: try file("right.json", token: "1//r"),
      ],
      wrong: [variable: try file("wrong.json", token: "1//wr0ng")],
      secrets: ["1//r", "1//wr0ng", "s&=+", "token-1"], variables: "SCCACHE_GCS")
  }

  static func azure() throws -> StoreServer {
    let server = try TestServer.stub("azure-stub.py", service: "azure")
    func connection(_ key: String) -> String {
      "BlobEndpoint=http://127.0.0.1:\(server.port)/acct;AccountName=acct;AccountKey=\(key)"
    }
    let right = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudC1mb3ItdGVzdHM="
    let wrong = "d3Jvbmcta2V5LW9mLXRoZS1hY2NvdW50LWZvci10ZXN0cyE="
    let variable = "SCCACHE_AZURE_CONNECTION_STRING"
    return StoreServer(
      server: server,
      place: ["SCCACHE_AZURE_BLOB_CONTAINER": "box", variable: connection(right)],
      wrong: [variable: connection(wrong)], secrets: [right, wrong], variables: "SCCACHE_AZURE")
  }

  static func oss() throws -> StoreServer {
    try bucket("oss", id: "ALIBABA_CLOUD_ACCESS_KEY_ID", secret: "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
  }

  static func cos() throws -> StoreServer {
    try bucket("cos", id: "TENCENTCLOUD_SECRET_ID", secret: "TENCENTCLOUD_SECRET_KEY")
  }

  private static func bucket(_ name: String, id: String, secret: String) throws -> StoreServer {
    let server = try TestServer.stub("bucket-stub.py", service: name, [name])
    let variables = "SCCACHE_\(name.uppercased())"
    return StoreServer(
      server: server,
      place: [
        // Names below localhost need no name server.
        variables + "_BUCKET": "cache", variables + "_ENDPOINT": "http://localhost:\(server.port)",
        id: "AK", secret: "static/secret",
      ],
      wrong: [secret: "not-for-eyes"], secrets: ["static/secret", "not-for-eyes"],
      variables: variables)
  }
}
