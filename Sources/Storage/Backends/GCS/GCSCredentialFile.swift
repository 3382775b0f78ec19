#if GCS
  import Settings

  /// A file with credentials, or the part of one.
  struct GCSCredentialFile: Sendable {
    let path: String
    let fields: [String: ConfigurationValue]

    func required(_ name: String) throws(BlobFailure) -> String {
      guard let text = fields.text(name), !text.isEmpty else {
        throw .denied("\(path): it has no \(name)")
      }
      return text
    }
  }
#endif
