/// Azure Blob Storage (`[cache.azure]`; switched on by `SCCACHE_AZURE_BLOB_CONTAINER` together with
/// one of `SCCACHE_AZURE_CONNECTION_STRING`, `SCCACHE_AZURE_ENDPOINT`, `SCCACHE_AZURE_STORAGE_ACCOUNT`).
package struct AzureSettings: RemoteSection {
  package enum Access: Sendable, Equatable {
    /// With a shared key or a signature in it.
    case connectionString(Secret)
    /// An https URL; who we are, Entra ID's variables `AZURE_…` say, which the store reads.
    case endpoint(String)
  }

  package var container: String
  /// Nil: `problem` says so.
  package var access: Access?
  package var keyPrefix = ""
  package var mode: AccessMode = .readWrite
  private(set) var problem: String?

  package init(container: String, access: Access) {
    self.container = container
    self.access = access
  }

  init?(_ environment: inout EnvironmentReader) throws(SettingsError) {
    let connection = environment.secret("SCCACHE_AZURE_CONNECTION_STRING")
    let endpoint = environment.string("SCCACHE_AZURE_ENDPOINT")
    let account = environment.string("SCCACHE_AZURE_STORAGE_ACCOUNT")
    guard let container = environment.string("SCCACHE_AZURE_BLOB_CONTAINER") else {
      if connection != nil || endpoint != nil || account != nil {
        environment.warn("SCCACHE_AZURE_BLOB_CONTAINER is not set: Azure is not used")
      }
      return nil
    }
    guard connection == nil || (endpoint == nil && account == nil) else {
      throw SettingsError(
        "SCCACHE_AZURE_CONNECTION_STRING can't stand beside SCCACHE_AZURE_ENDPOINT or "
          + "SCCACHE_AZURE_STORAGE_ACCOUNT.")
    }
    guard connection != nil || endpoint != nil || account != nil else {
      environment.warn(
        "SCCACHE_AZURE_BLOB_CONTAINER needs SCCACHE_AZURE_CONNECTION_STRING, SCCACHE_AZURE_ENDPOINT "
          + "or SCCACHE_AZURE_STORAGE_ACCOUNT: Azure is not used")
      return nil
    }
    self.container = container
    keyPrefix = environment.keyPrefix("SCCACHE_AZURE_KEY_PREFIX")
    mode = environment.mode("SCCACHE_AZURE_RW_MODE", otherwise: mode) ?? mode
    decideAccess(connection, endpoint, account)
  }

  init(_ reader: inout TableReader) throws(SettingsError) {
    container = try reader.required("container")
    let connection = try reader.secret("connection_string")
    let endpoint = try reader.string("endpoint")
    let account = try reader.string("storage_account")
    keyPrefix = try reader.keyPrefix("key_prefix")
    mode = try reader.choice("rw_mode", of: AccessMode.self) ?? mode
    guard connection == nil || (endpoint == nil && account == nil) else {
      throw reader.error(
        "connection_string", "can't stand beside endpoint or storage_account: keep one of them")
    }
    decideAccess(connection, endpoint, account)
  }

  private mutating func decideAccess(_ connection: Secret?, _ endpoint: String?, _ account: String?)
  {
    if let connection {
      access = .connectionString(connection)
    } else if let endpoint {
      access = .endpoint(endpoint)
      problem = Self.problem(ofEndpoint: endpoint)
    } else if let account {
      access = .endpoint("https://\(account).blob.core.windows.net")
      let isAlphanumeric = account.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20)
      }
      if !isAlphanumeric || account.isEmpty {
        problem = "the storage account \"\(account)\" may have letters and digits only"
      }
    } else {
      problem = "Azure needs one of `connection_string`, `endpoint` and `storage_account`"
    }
  }

  private static func problem(ofEndpoint text: String) -> String? {
    guard let address = WebAddress(text) else {
      return "the endpoint \"\(text)\" is no http or https URL"
    }
    if address.hasUser { return "the endpoint must not hold a user name or password" }
    if !address.isEncrypted, !address.isLoopback {
      return "the endpoint \"\(text)\" must be https"
    }
    return nil
  }
}
