#if Azure
  import Platform
  import Settings

  /// Where a container is and how one is let in there, as a connection string of Azure's says it.
  struct AzureConnection {
    enum Key {
      case shared(account: String, key: [UInt8])
      /// The query of a shared access signature, without its question mark.
      case signature(String)
    }

    /// Without a slash at its end.
    var endpoint: String
    var key: Key

    /// The account of Azure's emulator, which everybody knows.
    private static let emulatorAccount = "devstoreaccount1"
    private static let emulatorKey =
      "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

    init(_ text: String) throws(BackendProblem) {
      let fields = try Self.fields(text)
      let isEmulator = fields["usedevelopmentstorage"]?.lowercased() == "true"
      let account = fields["accountname"] ?? (isEmulator ? Self.emulatorAccount : nil)
      let key = fields["accountkey"] ?? (isEmulator ? Self.emulatorKey : nil)
      endpoint = try Self.endpoint(fields, account, isEmulator)
      if let account, let key {
        guard let bytes = Base64.decode(key), !bytes.isEmpty else {
          throw Self.problem(
            "its AccountKey is not Base64: copy the whole key, with the '=' at its end")
        }
        self.key = .shared(account: account, key: bytes)
      } else if let signature = fields["sharedaccesssignature"], !signature.isEmpty {
        self.key = .signature(signature.hasPrefix("?") ? String(signature.dropFirst()) : signature)
      } else {
        throw Self.problem(
          "it has neither AccountName and AccountKey nor SharedAccessSignature; for Entra ID set "
            + "SCCACHE_AZURE_ENDPOINT or SCCACHE_AZURE_STORAGE_ACCOUNT instead")
      }
    }

    private static func endpoint(
      _ fields: [String: String], _ account: String?, _ isEmulator: Bool
    ) throws(BackendProblem) -> String {
      if var endpoint = fields["blobendpoint"], !endpoint.isEmpty {
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        guard endpoint.hasPrefix("http://") || endpoint.hasPrefix("https://") else {
          throw problem("its BlobEndpoint does not begin with http:// or https://")
        }
        guard !endpoint.contains("?"), !endpoint.contains("@") else {
          throw problem(
            "its BlobEndpoint must be an address alone: a signature goes into "
              + "SharedAccessSignature")
        }
        return endpoint
      }
      if isEmulator { return "http://127.0.0.1:10000/\(emulatorAccount)" }
      guard let account else { throw problem("it has neither BlobEndpoint nor AccountName") }
      let scheme = fields["defaultendpointsprotocol"]?.lowercased() ?? "https"
      guard scheme == "http" || scheme == "https" else {
        throw problem("its DefaultEndpointsProtocol is neither http nor https")
      }
      return "\(scheme)://\(account).blob.\(fields["endpointsuffix"] ?? "core.windows.net")"
    }

    /// `Name=Value;…`; a value may hold further signs of equality. Names in lower case.
    private static func fields(_ text: String) throws(BackendProblem) -> [String: String] {
      var fields: [String: String] = [:]
      for part in text.split(separator: ";") {
        let part = part.drop { $0.isWhitespace }
        if part.isEmpty { continue }
        guard let sign = part.firstIndex(of: "="), sign != part.startIndex else {
          throw problem("a part of it is not NAME=VALUE")
        }
        fields[part[..<sign].lowercased()] = String(part[part.index(after: sign)...])
      }
      return fields
    }

    private static func problem(_ text: String) -> BackendProblem {
      BackendProblem("SCCACHE_AZURE_CONNECTION_STRING (connection_string): \(text)")
    }
  }
#endif
